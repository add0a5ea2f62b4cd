import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { type EventName, eventNames } from '../../src/identity/events.ts';
import { samplePayloads } from '../../src/identity/samplePayloads.ts';
import { UsageError } from '../command.ts';

/** The body with which GoTrue calls an event function; of a file, whatever else it holds. */
export interface EventBody {
  readonly event: string;
  readonly instance_id: string;
  readonly user: Readonly<{ email?: unknown; app_metadata?: unknown; user_metadata?: unknown }>;
}

/**
 * The body to send: what a real GoTrue sent for that event, of a user made now, or what a file holds.
 * @param options.now milliseconds since the epoch
 * @throws {UsageError} the file cannot be read, or holds no body of this event
 */
export async function readPayload(options: {
  event: EventName;
  email: string | undefined;
  dataFile: string | undefined;
  cwd: string;
  now: number;
}): Promise<EventBody> {
  const { event, email, dataFile, cwd, now } = options;
  const payload = dataFile === undefined ? samplePayload(event, now) : await readFilePayload(cwd, dataFile);
  const expected = eventNames[event].gotrue;
  if (payload.event !== expected) {
    throw new UsageError(`--data: ${dataFile} holds the event ${payload.event}, not ${expected}.`);
  }
  return email === undefined ? payload : { ...payload, user: { ...payload.user, email } };
}

/** A new id each time, and times of the present in the recorded ones' format: what is old or was seen may be refused. */
function samplePayload(event: EventName, now: number): EventBody {
  const { user, ...payload } = samplePayloads[event];
  const micro = new Date(now).toISOString().replace('Z', '000Z');
  const second = `${micro.slice(0, 19)}Z`;
  const times = Object.entries(user)
    .filter(([name]) => name.endsWith('_at'))
    .map(([name, value]) => [name, String(value).includes('.') ? micro : second]);
  return { ...payload, user: { ...user, ...Object.fromEntries(times), id: crypto.randomUUID() } };
}

async function readFilePayload(cwd: string, file: string): Promise<EventBody> {
  const text = await readFile(resolve(cwd, file), 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new UsageError(`--data: ${file} cannot be read: ${error.code}.`);
  });
  const body = parse(file, text) as Partial<EventBody> | null;
  if (typeof body?.user !== 'object' || body.user === null || typeof body.instance_id !== 'string') {
    throw new UsageError(`--data: ${file} must hold { event, instance_id, user }, as GoTrue sends it.`);
  }
  return body as EventBody;
}

function parse(file: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new UsageError(`--data: ${file} is no JSON: ${(error as Error).message}`);
  }
}
