/** The default export of an event function: handlers by Netlify's names. */
export type EventFunctions = Readonly<Record<string, unknown>>;

type Handle = (event: { user: object; deny(): undefined }) => unknown;

/** Netlify's names of the events, by those in GoTrue's bodies. */
export const handlerNames: Readonly<Record<string, string>> = {
  validate: 'userValidate',
  signup: 'userSignup',
  login: 'userLogin',
  usermodified: 'userModified',
  userdeleted: 'userDeleted',
};

/** The events, by GoTrue's names, that a default export has handlers for. */
export function eventsOf(functions: EventFunctions): string[] {
  return Object.entries(handlerNames).flatMap(([event, name]) =>
    typeof functions[name] === 'function' ? [event] : [],
  );
}

/**
 * Hands an event of GoTrue's to its handler, and answers for it as Netlify's bootstrap does (@netlify/serverless-functions-api):
 * 200 with the changed user, 200 with nothing where nothing was changed, 401 for a denial, 500 where the handler threw.
 */
export async function handEvent(functions: EventFunctions, request: Request): Promise<Response> {
  const payload = (await request.json()) as { event?: string; user: Metadata };
  const event = request.headers.get('x-netlify-event')?.replace(/^identity_/, '') ?? payload.event ?? '';
  const handle = functions[handlerNames[event] ?? ''] as Handle | undefined;
  if (typeof handle !== 'function') return new Response(null, { status: 200 });
  let isDenied = false;
  const deny = (): undefined => {
    isDenied = true;
  };
  try {
    const reply = (await handle({ user: toUser(payload.user), deny })) as { user: User } | undefined;
    if (isDenied) return new Response(null, { status: 401 });
    return reply ? answer(toRecord(reply.user)) : new Response(null, { status: 200 });
  } catch (error) {
    console.error(`Event ${event}:`, error);
    return new Response(null, { status: 500 });
  }
}

type Metadata = Record<string, unknown>;
type User = Metadata & { appMetadata?: Metadata; userMetadata?: Metadata };

/** What the bootstrap calls the fields of a record. */
const fields: Readonly<Record<string, string>> = {
  id: 'id',
  email: 'email',
  confirmedAt: 'confirmed_at',
  createdAt: 'created_at',
  updatedAt: 'updated_at',
  role: 'role',
  invitedAt: 'invited_at',
  confirmationSentAt: 'confirmation_sent_at',
  recoverySentAt: 'recovery_sent_at',
  pendingEmail: 'new_email',
  emailChangeSentAt: 'email_change_sent_at',
  lastSignInAt: 'last_sign_in_at',
};

function toUser(record: Metadata): object {
  const appMetadata = (record.app_metadata ?? {}) as Metadata;
  const userMetadata = (record.user_metadata ?? {}) as Metadata;
  const { roles, provider } = appMetadata;
  const areRoles = Array.isArray(roles) && roles.every((role) => typeof role === 'string');
  return {
    ...Object.fromEntries(Object.entries(fields).map(([to, from]) => [to, text(record[from])])),
    email: record.email,
    provider: text(provider),
    name: text(userMetadata.full_name || userMetadata.name),
    pictureUrl: text(userMetadata.avatar_url),
    roles: areRoles ? roles : undefined,
    userMetadata,
    appMetadata,
  };
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** What a handler set outside the metadata ends up in it. */
function toRecord(user: User): object {
  const { provider, roles, name, pictureUrl } = user;
  return {
    ...Object.fromEntries(Object.entries(fields).map(([from, to]) => [to, user[from] ?? null])),
    app_metadata: { ...user.appMetadata, ...set({ provider, roles }) },
    user_metadata: { ...user.userMetadata, ...set({ full_name: name, avatar_url: pictureUrl }) },
  };
}

function set(values: Metadata): Metadata {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));
}

/** GoTrue reads a reply only where it has a Content-Length (netlify/gotrue, api/hooks.go). */
function answer(record: object): Response {
  const bytes = new TextEncoder().encode(JSON.stringify(record));
  return new Response(bytes, {
    headers: { 'content-type': 'application/json', 'content-length': String(bytes.length) },
  });
}
