import type { EventPayload } from '../../identity/events/samples.ts';
import { toUser, type User } from '../../identity/events/user.ts';
import type { Log } from '../../protocol/log.ts';

/** What Netlify calls of an event function: the properties of its default export. */
export type EventFunctions = Readonly<Record<string, unknown>>;

type EventFunction = (event: { user: User; deny(): undefined }) => Promise<{ user: User } | undefined>;

/** Properties by the name that stands in `X-Netlify-Event` (@netlify/serverless-functions-api). */
const properties: Readonly<Record<string, string>> = {
  identity_validate: 'userValidate',
  identity_signup: 'userSignup',
  identity_login: 'userLogin',
  identity_usermodified: 'userModified',
  identity_userdeleted: 'userDeleted',
};

/**
 * Hands an event of Identity to an event function and answers for it, as Netlify's bootstrap does: 200 with what became
 * of the metadata, 200 with nothing where it changed nothing, 401 for a denial, 500 where it threw.
 */
export async function receiveEvent(functions: EventFunctions, request: Request, log: Log): Promise<Response> {
  const { event, user } = (await request.json()) as EventPayload;
  const property = properties[request.headers.get('x-netlify-event') ?? `identity_${event}`] ?? '';
  const handle = functions[property] as EventFunction | undefined;
  if (!handle) return new Response(null, { status: 404 });
  let denied = false;
  const deny = (): undefined => {
    denied = true;
  };
  try {
    const reply = await handle({ user: toUser(user), deny });
    if (denied) return new Response(null, { status: 401 });
    if (!reply) return new Response(null, { status: 200 });
    const { appMetadata, userMetadata } = reply.user;
    return Response.json({ ...user, app_metadata: appMetadata, user_metadata: userMetadata });
  } catch (error) {
    log('event_failed', { event, cause: error instanceof Error ? error.name : undefined });
    return new Response(null, { status: 500 });
  }
}
