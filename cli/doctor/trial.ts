import type { Policy } from '../../src/policy/types.ts';
import type { StatusResponse } from '../../src/protocol/causes.ts';
import type { Finding } from './findings.ts';

/** What doctor works with: who calls, and what was learnt so far. One check writes what a later one reads. */
export interface Trial {
  /** The origin of the site. */
  readonly site: string;
  /** The path that is called through the gate, by GET. */
  readonly path: string;
  /** The name of the audience that the path is for; undefined for the policy's default. */
  readonly audience: string | undefined;
  /** Where the backend answers by itself; undefined if not given. */
  readonly backendUrl: string | undefined;
  /** Where Identity answers, without a slash at the end. */
  readonly identityUrl: string;
  readonly origins: readonly string[];
  /** The environment at hand: empty for a visitor. */
  readonly variables: Readonly<Record<string, string | undefined>>;
  /** The policy at hand. */
  readonly policy: Policy | undefined;
  readonly fetch: typeof globalThis.fetch;
  /** Milliseconds since the epoch. */
  now(): number;
  wait(milliseconds: number): Promise<void>;

  status?: StatusResponse;
  metadata?: { issuer?: unknown; daypass_admission?: unknown };
  /** How far a clock is ahead of the one here, in seconds. */
  readonly clocks: Partial<Record<'platform' | 'broker' | 'backend', number>>;
  user?: TrialUser;
  /** What the exchange gave, or what the secret at hand has signed. */
  token?: TrialToken;
  /** Whether the backend answers around the gate. */
  isOpen?: boolean;
  /** Whether the gate has let the token pass. */
  isAccepted?: boolean;
}

/** The throwaway user of the trial. */
export interface TrialUser {
  readonly id: string;
  readonly email: string;
  readonly password: string;
  /** Its Identity token, once it has logged in. */
  identityToken?: string;
  /** Whether the broker has deleted it. */
  isGone?: boolean;
}

/** An access token and what it says; nothing of it is printed but key id, issuer, audience and deploy context. */
export interface TrialToken {
  readonly text: string;
  readonly keyId: string;
  readonly claims: Readonly<Record<string, unknown>>;
  /** Whether the broker began its session, so that it can be revoked. */
  readonly isOfBroker: boolean;
  /** Whether it was. */
  isRevoked?: boolean;
}

/** An answer, read to its end. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  /** The body, if it is a JSON object; otherwise empty. */
  readonly json: Readonly<Record<string, unknown>>;
  /** Our stable code, where the answer is a refusal of Daypass. */
  readonly code: string | undefined;
  /** How far `Date` is ahead of the clock here, in seconds; undefined where there is none. */
  readonly clock: number | undefined;
}

const timeoutMilliseconds = 15_000;

/**
 * Sends a request as a visitor does.
 * @param target an absolute URL, or a path of the site
 * @returns undefined where nothing answered in time
 */
export async function send(
  trial: Pick<Trial, 'site' | 'fetch' | 'now'>,
  target: string,
  init: RequestInit = {},
): Promise<Answer | undefined> {
  const url = new URL(target, trial.site);
  const sentAt = trial.now();
  try {
    const response = await trial.fetch(url, {
      redirect: 'manual',
      signal: AbortSignal.timeout(timeoutMilliseconds),
      ...init,
    });
    const { status, headers } = response;
    const json = parseObject(await readJson(response));
    const { code, error_code: goTrueCode } = json;
    return {
      status,
      headers,
      json,
      code: [code, goTrueCode].find(isCode),
      clock: clockOf(headers, (sentAt + trial.now()) / 2),
    };
  } catch {
    return undefined;
  }
}

/** A body that is no JSON may be a stream without an end. */
async function readJson(response: Response): Promise<string> {
  if (/\bjson\b/.test(response.headers.get('content-type') ?? '')) return response.text();
  await response.body?.cancel();
  return '';
}

/** Codes are printed; whatever else a server has under that name is not. */
function isCode(value: unknown): value is string {
  return typeof value === 'string' && /^[a-z_]{1,40}$/.test(value);
}

function parseObject(text: string): Record<string, unknown> {
  try {
    const value = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : {};
  } catch {
    return {};
  }
}

function clockOf(headers: Headers, at: number): number | undefined {
  // What a cache has kept says when it was made.
  if (headers.has('age')) return undefined;
  const date = Date.parse(headers.get('date') ?? '');
  return Number.isNaN(date) ? undefined : (date - at) / 1000;
}

/** What an answer was, without any of its content. */
export function describeAnswer(answer: Answer | undefined): string {
  if (!answer) return 'no answer';
  return answer.code === undefined ? `${answer.status}` : `${answer.status} ${answer.code}`;
}

/** Calls the path through the gate. */
export function callGate(trial: Trial, token?: string): Promise<Answer | undefined> {
  return send(trial, trial.path, {
    headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
  });
}

/** One step of a diagnosis. */
export interface Check {
  /** Names it in `needs` of others. */
  readonly id: string;
  /** What it looks at, for people. */
  readonly title: string;
  /** The checks that must have passed: one cause gives one finding, so what depends on it is not looked at. */
  readonly needs: readonly string[];
  /** Whether there is anything to look at: a backend that was named, say. Default: yes. */
  isDue?(trial: Trial): boolean;
  run(trial: Trial): Promise<readonly Finding[]>;
}
