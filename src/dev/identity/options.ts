import { randomBytes } from 'node:crypto';
import { type EventName, eventNames } from './eventNames.ts';

/** Stands in for the site's event function: gets the request that GoTrue would send over the wire. */
export type EventDispatch = (request: Request) => Promise<Response>;

export type EventOptions = {
  /** Where event calls go: an http(s) address, or a function called in their stead. */
  target: string | URL | EventDispatch;
  /** The events that are called; the others are passed over. All five by default. */
  names?: readonly EventName[];
};

/** A token bucket for each caller of `POST /token`. Hosted: 30 in 300 s. */
export type TokenLimit = {
  limit: number;
  windowSeconds: number;
  /** The header that names the caller; requests without it are one caller. */
  callerHeader?: string;
};

export type DevIdentityOptions = {
  /** Key of the access tokens and of the event signatures. Random by default. */
  jwtSecret?: string;
  /** The bearer of admin calls. Random by default. */
  operatorToken?: string;
  /** Whether strangers may sign up. Open by default. */
  registration?: 'open' | 'closed';
  /** Whether a new user may log in at once. On by default; hosted sites start with it off. */
  autoconfirm?: boolean;
  /** Off by default. */
  tokenLimit?: TokenLimit | undefined;
  accessTokenTtlSeconds?: number;
  /** A UUID, sent with every event. */
  instanceId?: string;
  /** No event is called by default. */
  events?: EventOptions | undefined;
  /** How long one try of an event call may take. 5 s, as on the platform. */
  eventTimeoutSeconds?: number;
  /**
   * The database whose ways with `filter` are lived: `mysql`, which hosted sites have, by default. On `mariadb` GoTrue
   * answers every filter with 500.
   */
  filter?: 'mysql' | 'mariadb';
  /** How long a database transaction stays open: the window in which concurrent requests do not see each other. */
  commitDelayMs?: number;
  /** Milliseconds since the epoch. */
  now?: () => number;
};

export type Settings = {
  jwtSecret: string;
  operatorToken: string;
  registration: 'open' | 'closed';
  autoconfirm: boolean;
  tokenLimit: Required<TokenLimit> | undefined;
  accessTokenTtlSeconds: number;
  instanceId: string;
  events: { target: URL | EventDispatch; names: ReadonlySet<EventName> } | undefined;
  eventTimeoutSeconds: number;
  filter: 'mysql' | 'mariadb';
  commitDelayMs: number;
  now: () => number;
};

export const uuidPattern = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

const nilUuid = '00000000-0000-0000-0000-000000000000';
const callerHeader = 'x-nf-client-connection-ip';

/**
 * Fills in the defaults.
 * @throws TypeError when an option makes no sense
 */
export function readOptions(options: DevIdentityOptions): Settings {
  const settings: Settings = {
    jwtSecret: options.jwtSecret ?? randomSecret(),
    operatorToken: options.operatorToken ?? randomSecret(),
    registration: options.registration ?? 'open',
    autoconfirm: options.autoconfirm ?? true,
    tokenLimit: options.tokenLimit && { callerHeader, ...options.tokenLimit },
    accessTokenTtlSeconds: options.accessTokenTtlSeconds ?? 3600,
    instanceId: options.instanceId ?? nilUuid,
    events: options.events && readEvents(options.events),
    eventTimeoutSeconds: options.eventTimeoutSeconds ?? 5,
    filter: options.filter ?? 'mysql',
    commitDelayMs: options.commitDelayMs ?? 2,
    now: options.now ?? Date.now,
  };
  check('jwtSecret', settings.jwtSecret !== '', 'must not be empty');
  check('operatorToken', /^\S+$/.test(settings.operatorToken), 'must be one word');
  check('instanceId', uuidPattern.test(settings.instanceId), 'must be a UUID');
  check('accessTokenTtlSeconds', settings.accessTokenTtlSeconds > 0, 'must be above 0');
  check('eventTimeoutSeconds', settings.eventTimeoutSeconds > 0, 'must be above 0');
  check('filter', ['mysql', 'mariadb'].includes(settings.filter), 'must be mysql or mariadb');
  check('commitDelayMs', settings.commitDelayMs >= 0, 'must not be below 0');
  if (settings.tokenLimit) {
    check('tokenLimit.limit', settings.tokenLimit.limit >= 1, 'must be at least 1');
    check('tokenLimit.windowSeconds', settings.tokenLimit.windowSeconds > 0, 'must be above 0');
  }
  return settings;
}

function readEvents({ target, names = eventNames }: EventOptions): Settings['events'] {
  if (typeof target === 'function') return { target, names: new Set(names) };
  const url = new URL(target);
  check('events.target', /^https?:$/.test(url.protocol), 'must be an http(s) address or a function');
  return { target: url, names: new Set(names) };
}

function check(option: string, holds: boolean, rule: string): void {
  if (!holds) throw new TypeError(`Dev identity: ${option} ${rule}.`);
}

function randomSecret(): string {
  return randomBytes(32).toString('base64url');
}
