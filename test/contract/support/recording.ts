import { readFileSync } from 'node:fs';

export type Mode = 'open' | 'confirm' | 'closed' | 'limited' | 'admin' | 'audience';

export interface RecordedRequest {
  method: string;
  path: string;
  headers: Record<string, string>;
  body: string | null;
}

export interface RecordedResponse {
  status: number;
  headers: Record<string, string>;
  body: unknown;
}

export interface RecordedEvent {
  path: string;
  headers: Record<string, string>;
  body: Record<string, unknown>;
}

export interface Entry {
  case: string;
  mode: Mode;
  request: RecordedRequest;
  response: RecordedResponse;
  events: RecordedEvent[];
  note?: string;
  took_seconds?: number;
}

/** An entry that tells of several requests at once; its test is written out. */
export interface Summary {
  case: string;
  mode: Mode;
  request?: undefined;
  statuses?: number[];
  last?: Omit<RecordedResponse, 'status'>;
  how_many_of_eight_answered_200?: Record<string, number>;
}

const all = (mode: Mode): (Entry | Summary)[] =>
  JSON.parse(readFileSync(new URL(`../gotrue/${mode}.json`, import.meta.url), 'utf8'));

/** The entries of one configuration that are a request and its answer, in order. */
export function entriesOf(mode: Mode): Entry[] {
  return all(mode).filter((entry) => entry.request !== undefined);
}

export function summaryOf(mode: Mode, name: string): Summary {
  const found = all(mode).find((entry) => entry.case === name);
  if (!found || found.request !== undefined) throw new Error(`No summary is called "${name}".`);
  return found;
}
