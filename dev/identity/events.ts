import { describeUser } from './describeUser.ts';
import { HttpError } from './errors.ts';
import type { EventName } from './eventNames.ts';
import { mergeMetadata } from './metadata.ts';
import { readParams } from './params.ts';
import type { Parts } from './parts.ts';
import { postEvent } from './postEvent.ts';
import { signEvent } from './signEvent.ts';
import type { User } from './users.ts';

/**
 * Tells the site about an event, as the platform does, and applies what it replies: `app_metadata` and
 * `user_metadata` of a reply replace the user's whole.
 * @returns the user as the reply left it; not stored yet
 * @throws HttpError when the site refused, was too slow or replied nonsense: the transaction is off then
 */
export async function callEvent(parts: Parts, event: EventName, user: User): Promise<User> {
  const { events, instanceId, eventTimeoutSeconds: timeoutSeconds } = parts.settings;
  if (!events?.names.has(event)) return user;
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
 * Tells the site of a change that is committed already: no answer can undo it, and a failure is only logged.
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
