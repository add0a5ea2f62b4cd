import { jwtVerify } from 'jose';
import { ConfigurationError } from '../protocol/error.ts';
import type { Log } from '../protocol/log.ts';
import { denialProblem, type EventName, type EventPayload, eventNames, isPastEvent } from './events.ts';
import { readAtMost } from './transport.ts';
import { toUser, type User } from './user.ts';

/** An event function's default export: the properties that Netlify calls. */
export type EventFunctions = Readonly<Record<string, unknown>>;

type EventFunction = (event: { user: User; deny(): undefined }) => Promise<{ user: User } | undefined>;

export interface WebhookOptions {
  /** GoTrue's `GOTRUE_WEBHOOK_SECRET`, read at each call; if undefined, every call is refused. */
  secret(): string | undefined;
  log: Log;
  /** The present, seconds since the epoch. */
  now(): number;
}

/** Maximum age of a signature; GoTrue tries three times, 5 s each. */
const maxAgeSeconds = 300;

/** Twice the largest user that was seen. The body is read only after its signature was verified. */
const maxBytes = 32 * 2 ** 20;

/**
 * Receives the webhook calls of your own GoTrue and passes its events to event functions as Netlify does.
 * @param functions those of `defineIdentityEvents` or `createIdentityFunction`
 * @returns a handler that answers 200 (also for an event without a handler, which GoTrue would otherwise take for a denial),
 * 401 for a denial or a signature that is not GoTrue's, 500 if a handler threw
 */
export function createWebhook(
  functions: EventFunctions,
  options: WebhookOptions,
): (request: Request) => Promise<Response> {
  const { log } = options;
  return async (request) => {
    if (request.method !== 'POST') return new Response(null, { status: 405, headers: { allow: 'POST' } });
    const payload = await readSigned(request, options).catch((error: unknown) => {
      log('webhook_refused', { reason: error instanceof Error ? error.message : undefined });
    });
    if (!payload) return new Response(null, { status: 401 });
    return answerEvent(functions, payload, log);
  };
}

/**
 * Calls the function of an event and builds the answer, as Netlify's bootstrap does: 200 with the new metadata, 200 without a
 * body if nothing changed, 401 for a denial, 500 if the function threw. Denying what GoTrue has committed has no effect, so
 * it is logged.
 */
export async function answerEvent(
  functions: EventFunctions,
  { event, user }: Pick<EventPayload, 'event' | 'user'>,
  log: Log,
): Promise<Response> {
  const name = (Object.keys(eventNames) as EventName[]).find((key) => eventNames[key].gotrue === event);
  const handle = name && (functions[eventNames[name].netlify] as EventFunction | undefined);
  if (!handle) return new Response(null, { status: 200 });
  let denied = false;
  const deny = (): undefined => {
    denied = true;
  };
  try {
    const reply = await handle({ user: toUser(user), deny });
    if (denied && isPastEvent(name))
      log('event_failed', { event, cause: 'denied', problem: denialProblem(name) });
    if (denied) return new Response(null, { status: 401 });
    if (!reply) return new Response(null, { status: 200 });
    const { appMetadata, userMetadata } = reply.user;
    return answerJson({ ...user, app_metadata: appMetadata, user_metadata: userMetadata });
  } catch (error) {
    // Only our own messages are logged: a handler's may hold anything.
    const problem = error instanceof ConfigurationError ? error.message : undefined;
    log('event_failed', { event, cause: error instanceof Error ? error.name : undefined, problem });
    return new Response(null, { status: 500 });
  }
}

/**
 * GoTrue reads a reply only if it has a Content-Length (netlify/gotrue, api/hooks.go); without one, a new user would silently
 * lack the mark. `no-transform`: Go's client drops the length of a compressed answer.
 */
function answerJson(reply: object): Response {
  const bytes = new TextEncoder().encode(JSON.stringify(reply));
  return new Response(bytes, {
    headers: {
      'content-type': 'application/json',
      'content-length': String(bytes.length),
      'cache-control': 'no-store, no-transform',
    },
  });
}

/**
 * Reads an event that GoTrue signed: `x-webhook-signature` is a JWS over the hash of the body (netlify/gotrue,
 * api/hooks.go). The signature is verified first, so that no other caller's body is read.
 * @throws {Error} its message, for the log, says why the call is refused
 */
async function readSigned(request: Request, { secret, now }: WebhookOptions): Promise<EventPayload> {
  const key = secret();
  if (key === undefined) throw new Error('IDENTITY_WEBHOOK_SECRET is missing');
  const signature = request.headers.get('x-webhook-signature');
  if (signature === null) throw new Error('no x-webhook-signature');
  const { payload } = await jwtVerify(signature, new TextEncoder().encode(key), {
    algorithms: ['HS256'],
    issuer: 'gotrue',
    maxTokenAge: maxAgeSeconds,
    clockTolerance: 60,
    currentDate: new Date(now() * 1000),
  }).catch((cause: unknown) => {
    const { code } = (cause ?? {}) as { code?: unknown };
    throw new Error(`the signature does not match IDENTITY_WEBHOOK_SECRET (${code})`);
  });
  const body = await readAtMost(request, maxBytes);
  if (!body) throw new Error(`the body is larger than ${maxBytes} bytes`);
  const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', body));
  const hex = Array.from(hash, (byte) => byte.toString(16).padStart(2, '0')).join('');
  if (payload.sha256 !== hex) throw new Error('the signature is for another body');
  return JSON.parse(new TextDecoder().decode(body)) as EventPayload;
}
