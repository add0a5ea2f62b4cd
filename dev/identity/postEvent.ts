import { HttpError } from './errors.ts';
import type { EventDispatch } from './options.ts';

/** The address that a dispatch function sees: where hosted Netlify has its event functions. */
const functionUrl = 'http://localhost/.netlify/functions/identity';

const tries = 3;
const yes = new Set([200, 202, 204]);

export type EventCall = {
  target: URL | EventDispatch;
  body: string;
  headers: Record<string, string>;
  timeoutSeconds: number;
};

/**
 * Sends one event, up to three times: after a refusal, and after a deadline.
 * @returns the text of the reply, which may be empty
 * @throws HttpError 422 when the site refused each time, 504 when the last try was too slow, 502 when nobody
 * listens, 500 when the call broke off
 */
export async function postEvent(call: EventCall): Promise<string> {
  let late = false;
  for (let attempt = 1; attempt <= tries; attempt += 1) {
    const reply = await tryOnce(call);
    if (reply && yes.has(reply.status)) return reply.text;
    late = reply === undefined;
  }
  if (!late) throw new HttpError(422, 'Failed to handle signup webhook');
  throw new HttpError(504, `Failed to perform webhook in time frame (${call.timeoutSeconds} seconds)`);
}

async function tryOnce(call: EventCall): Promise<{ status: number; text: string } | undefined> {
  const deadline = new AbortController();
  const timer = setTimeout(() => deadline.abort(), call.timeoutSeconds * 1000);
  try {
    return await Promise.race([exchange(call, deadline.signal), abortion(deadline.signal)]);
  } catch (error) {
    if (deadline.signal.aborted) return undefined;
    throw unreachable(call, error);
  } finally {
    clearTimeout(timer);
  }
}

async function exchange({ target, body, headers }: EventCall, signal: AbortSignal) {
  const url = target instanceof URL ? target : functionUrl;
  const request = new Request(url, { method: 'POST', body, headers, signal });
  const response = await (target instanceof URL ? fetch(request) : target(request));
  return { status: response.status, text: await response.text() };
}

function abortion(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
}

function unreachable({ target }: EventCall, error: unknown): HttpError {
  const url = target instanceof URL ? target : functionUrl;
  const cause = error instanceof Error ? error.cause : undefined;
  const neverConnected = cause instanceof Error && 'syscall' in cause && cause.syscall === 'connect';
  if (neverConnected) return new HttpError(502, `Failed to connect to ${url}`);
  return new HttpError(500, `Failed to trigger webhook to ${url}`);
}
