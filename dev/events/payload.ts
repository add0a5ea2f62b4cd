import { readFile } from 'node:fs/promises';
import { createClock, storedTime } from '../identity/clock.ts';
import { describeUser, newUser } from '../identity/users.ts';

/**
 * The five events: GoTrue's name in the body's `event` and, after `identity_`, in `X-Netlify-Event`; Netlify's name of the
 * handler.
 */
export const eventNames = {
  validate: { gotrue: 'validate', netlify: 'userValidate' },
  signup: { gotrue: 'signup', netlify: 'userSignup' },
  login: { gotrue: 'login', netlify: 'userLogin' },
  modified: { gotrue: 'usermodified', netlify: 'userModified' },
  deleted: { gotrue: 'userdeleted', netlify: 'userDeleted' },
} as const;

export type EventName = keyof typeof eventNames;

/** The body with which GoTrue calls an event function. */
export interface EventPayload {
  readonly event: string;
  readonly instance_id: string;
  readonly user: Readonly<{ email?: unknown; app_metadata?: unknown; user_metadata?: unknown }>;
}

/**
 * The body to send: what the stand-in would send of a new user, or what a file holds.
 * @throws {TypeError} the file cannot be read, or holds no body of this event
 */
export async function readPayload(options: {
  event: EventName;
  email: string | undefined;
  dataFile: string | undefined;
}): Promise<EventPayload> {
  const { event, email, dataFile } = options;
  const payload = dataFile ? await readFilePayload(dataFile) : samplePayload(event);
  const expected = eventNames[event].gotrue;
  if (payload.event !== expected) {
    throw new TypeError(`${dataFile} holds the event ${payload.event}, not ${expected}.`);
  }
  return email === undefined ? payload : { ...payload, user: { ...payload.user, email } };
}

function samplePayload(event: EventName): EventPayload {
  const clock = createClock(Date.now);
  const fresh = newUser(
    {
      email: 'visitor@visitor.invalid',
      password: '',
      aud: '',
      userMetadata: { full_name: 'No One', proof: 'abc' },
    },
    clock,
  );
  // Only who logged in, or was changed, has been stored and confirmed; stored times are cut to the second.
  const isStored = event !== 'validate' && event !== 'signup';
  const createdAt = storedTime(fresh.createdAt);
  const stored = { ...fresh, confirmedAt: createdAt, createdAt, updatedAt: createdAt };
  return {
    event: eventNames[event].gotrue,
    instance_id: '00000000-0000-0000-0000-000000000000',
    user: JSON.parse(JSON.stringify(describeUser(isStored ? stored : fresh))),
  };
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
