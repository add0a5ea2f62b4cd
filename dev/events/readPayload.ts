import { readFile } from 'node:fs/promises';
import { type EventPayload, eventNames } from '../../src/identity/events.ts';
import { samplePayloads } from '../../src/identity/samplePayloads.ts';
import type { SendOptions } from './readArguments.ts';

/**
 * The body to send: the sample of the event, or the one of a file.
 * @throws {TypeError} the file cannot be read, or holds no body of this event
 */
export async function readPayload(
  options: Pick<SendOptions, 'event' | 'email' | 'dataFile'>,
): Promise<EventPayload> {
  const { event, email, dataFile } = options;
  const payload: EventPayload = dataFile ? await readFilePayload(dataFile) : samplePayloads[event];
  const expected = eventNames[event].gotrue;
  if (payload.event !== expected) {
    throw new TypeError(`${dataFile} holds the event ${payload.event}, not ${expected}.`);
  }
  return email === undefined ? payload : { ...payload, user: { ...payload.user, email } };
}

async function readFilePayload(file: string): Promise<EventPayload> {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new TypeError(`${file} cannot be read: ${error.code}.`);
  });
  const body = parse(file, text) as Partial<EventPayload> | null;
  if (typeof body?.user !== 'object' || body.user === null || typeof body.instance_id !== 'string') {
    throw new TypeError(`${file} must hold { event, instance_id, user }, as GoTrue sends it.`);
  }
  return body as EventPayload;
}

function parse(file: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new TypeError(`${file} is no JSON: ${(error as Error).message}`);
  }
}
