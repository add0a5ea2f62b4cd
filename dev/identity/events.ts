import { createHash } from 'node:crypto';
import { jwtVerify, SignJWT } from 'jose';
import { HttpError } from './answers.ts';
import type { EventDispatch, EventName, Parts } from './options.ts';
import { readParams } from './request.ts';
import { describeUser, mergeMetadata, type User } from './users.ts';

/**
 * Reports an event to the site, as the platform does, and applies what it replies: `app_metadata` and
 * `user_metadata` of a reply replace the user's whole.
 * @returns the user as the reply left it; not stored yet
 * @throws HttpError when the site refused, was too slow or replied nonsense: the transaction is off then
 */
export async function callEvent(parts: Parts, event: EventName, user: User): Promise<User> {
  const { events, instanceId, eventTimeoutSeconds: timeoutSeconds } = parts.settings;
  if (!events?.names().includes(event)) return user;
  const body = JSON.stringify({ event, instance_id: instanceId, user: describeUser(user) });
  const headers = {
    'user-agent': 'Go-http-client/1.1',
    'content-type': 'application/json',
    'x-netlify-event': `identity_${event}`,
    'x-webhook-signature': await signEvent(parts, body),
  };
  const reply = await postEvent({ target: events.target, body, headers, timeoutSeconds });
  return reply === '' ? user : applyReply(parts, user, reply);
}

/**
 * Reports to the site a change that is committed already: no answer can undo it, and a failure is only logged.
 * @returns the user as the reply left it; as it was where the site refused, was too slow or replied nonsense
 */
export async function callEventAfterCommit(parts: Parts, event: EventName, user: User): Promise<User> {
  try {
    return await callEvent(parts, event, user);
  } catch (error) {
    if (!(error instanceof HttpError)) throw error;
    parts.settings.log(`${event} failed, and the change stays: ${error.message}`);
    return user;
  }
}

function applyReply({ clock }: Parts, user: User, reply: string): User {
  const { app_metadata, user_metadata } = readReply(reply);
  if (app_metadata === null && user_metadata === null) return user;
  return {
    ...user,
    appMetadata: app_metadata ? mergeMetadata(null, app_metadata) : user.appMetadata,
    userMetadata: user_metadata ? mergeMetadata(null, user_metadata) : user.userMetadata,
    updatedAt: clock.microTime(),
  };
}

function readReply(reply: string) {
  try {
    return readParams(reply, 'WebhookResponse', { app_metadata: 'map', user_metadata: 'map' });
  } catch (error) {
    throw new HttpError(500, `Webhook returned malformed JSON: ${(error as Error).message}`);
  }
}

/** The address that a dispatch function sees: where hosted Netlify has its event functions. */
const functionUrl = 'http://localhost/.netlify/functions/identity';

const tries = 3;
const yes = new Set([200, 202, 204]);

export interface EventCall {
  target: URL | EventDispatch;
  body: string;
  headers: Record<string, string>;
  timeoutSeconds: number;
}

/**
 * Sends one event, up to three times: after a refusal, and after a deadline.
 * @returns the text of the reply, which may be empty
 * @throws HttpError 422 when the site refused each time, 504 when the last try was too slow, 502 when nothing
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

/** What a signature needs of them. */
export interface Signer {
  settings: Pick<Parts['settings'], 'instanceId' | 'webhookSecret'>;
  clock: Pick<Parts['clock'], 'seconds'>;
}

/** The `x-webhook-signature` of an event call: a JWS over the hash of its body. */
export function signEvent({ settings, clock }: Signer, body: string): Promise<string> {
  const claims = {
    iss: 'gotrue',
    sub: settings.instanceId,
    iat: clock.seconds(),
    sha256: createHash('sha256').update(body).digest('hex'),
  };
  return new SignJWT(claims)
    .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
    .sign(new TextEncoder().encode(settings.webhookSecret));
}

/** How old a signature may be: GoTrue tries three times, 5 s each. */
const signatureSeconds = 300;

/**
 * Checks the signature of an event call.
 * @param secret the key of the webhooks; without one no call is believed
 * @returns the same call, to be read once more; undefined for a signature that is missing, wrong, old, or of another body
 */
export async function verifyEvent(
  request: Request,
  secret: string | undefined,
): Promise<Request | undefined> {
  const signature = request.headers.get('x-webhook-signature');
  if (secret === undefined || signature === null) return undefined;
  const body = Buffer.from(await request.arrayBuffer());
  const options = {
    algorithms: ['HS256'],
    issuer: 'gotrue',
    maxTokenAge: signatureSeconds,
    clockTolerance: 60,
  };
  const verified = await jwtVerify(signature, new TextEncoder().encode(secret), options).catch(
    () => undefined,
  );
  const hash = createHash('sha256').update(body).digest('hex');
  if (verified?.payload.sha256 !== hash) return undefined;
  return new Request(request.url, { method: 'POST', headers: request.headers, body });
}
