import type { EventPayload } from '../../src/identity/events.ts';
import { answerEvent, type EventFunctions } from '../../src/identity/webhook.ts';
import type { Log } from '../../src/protocol/log.ts';

/** Hands an event of the dev identity to an event function, as Netlify's bootstrap does. */
export async function receiveEvent(functions: EventFunctions, request: Request, log: Log): Promise<Response> {
  const { event, user } = (await request.json()) as EventPayload;
  const named = request.headers.get('x-netlify-event')?.replace(/^identity_/, '') as EventPayload['event'];
  return answerEvent(functions, { event: named ?? event, user }, log);
}
