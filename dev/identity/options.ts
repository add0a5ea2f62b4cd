import { randomBytes } from 'node:crypto';
import { setImmediate, setTimeout } from 'node:timers/promises';
import { assertOptions, OptionsError } from '../assertOptions.ts';
import { type Clock, createClock } from './clock.ts';
import { AccessTokens, RefreshTokens } from './tokens.ts';
import { UserTable } from './users.ts';

/** Stands in for the site's event function: gets the request that GoTrue would send over the wire. */
export type EventDispatch = (request: Request) => Promise<Response>;

export interface EventOptions {
  /** Where event calls go: an http(s) address, or a function called in their stead. */
  target: string | URL | EventDispatch;
  /** The events that are called; the others are passed over. All five by default. A function is called at each event. */
  names?: readonly EventName[] | (() => readonly EventName[]);
}

/** A token bucket for each caller of `POST /token`. Hosted: 30 in 300 s. */
export interface TokenLimit {
  limit: number;
  windowSeconds: number;
  /** The header that names the caller; requests without it are one caller. */
  callerHeader?: string;
}

export interface DevIdentityOptions {
  /** Key of the access tokens. Random by default. */
  jwtSecret?: string;
  /** Key of the event signatures. The one of the access tokens by default. */
  webhookSecret?: string;
  /** The bearer of admin calls. Random by default. */
  operatorToken?: string;
  /** `GOTRUE_JWT_AUD`: the audience of requests that name none, and of their users. Empty by default. */
  audience?: string;
  /** `GOTRUE_JWT_ADMIN_GROUP_NAME`: users with this `role` may make admin calls. `admin` by default. */
  adminGroup?: string;
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
  commitDelayMilliseconds?: number;
  /** Milliseconds since the epoch. */
  now?: () => number;
  /** Called with what GoTrue would only log: an event call that failed after the change was committed. */
  log?: (line: string) => void;
}

export interface Settings {
  jwtSecret: string;
  webhookSecret: string;
  operatorToken: string;
  audience: string;
  adminGroup: string;
  log: (line: string) => void;
  registration: 'open' | 'closed';
  autoconfirm: boolean;
  tokenLimit: Required<TokenLimit> | undefined;
  accessTokenTtlSeconds: number;
  instanceId: string;
  events: { target: URL | EventDispatch; names: () => readonly EventName[] } | undefined;
  eventTimeoutSeconds: number;
  filter: 'mysql' | 'mariadb';
  commitDelayMilliseconds: number;
  now: () => number;
}

const optionNames = Object.keys({
  jwtSecret: true,
  webhookSecret: true,
  audience: true,
  adminGroup: true,
  log: true,
  operatorToken: true,
  registration: true,
  autoconfirm: true,
  tokenLimit: true,
  accessTokenTtlSeconds: true,
  instanceId: true,
  events: true,
  eventTimeoutSeconds: true,
  filter: true,
  commitDelayMilliseconds: true,
  now: true,
} satisfies Record<keyof DevIdentityOptions, true>);
const tokenLimitNames = ['limit', 'windowSeconds', 'callerHeader'];

export const uuidPattern = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

const nilUuid = '00000000-0000-0000-0000-000000000000';
const callerHeader = 'x-nf-client-connection-ip';

/**
 * Fills in the defaults.
 * @throws {OptionsError} a TypeError: an option is invalid or unknown
 */
export function readOptions(options: DevIdentityOptions): Settings {
  assertOptions('Dev identity', options, optionNames);
  const { tokenLimit, events } = options;
  if (tokenLimit !== undefined) assertOptions('Dev identity: tokenLimit', tokenLimit, tokenLimitNames);
  const jwtSecret = options.jwtSecret ?? randomSecret();
  const settings: Settings = {
    jwtSecret,
    webhookSecret: options.webhookSecret ?? jwtSecret,
    operatorToken: options.operatorToken ?? randomSecret(),
    audience: options.audience ?? '',
    adminGroup: options.adminGroup ?? 'admin',
    log: options.log ?? (() => undefined),
    registration: options.registration ?? 'open',
    autoconfirm: options.autoconfirm ?? true,
    tokenLimit: tokenLimit && { callerHeader, ...tokenLimit },
    accessTokenTtlSeconds: options.accessTokenTtlSeconds ?? 3600,
    instanceId: options.instanceId ?? nilUuid,
    events: events === undefined ? undefined : readEvents(events),
    eventTimeoutSeconds: options.eventTimeoutSeconds ?? 5,
    filter: options.filter ?? 'mysql',
    commitDelayMilliseconds: options.commitDelayMilliseconds ?? 2,
    now: options.now ?? Date.now,
  };
  check('jwtSecret', isText(settings.jwtSecret), 'must be a text that is not empty');
  check('webhookSecret', isText(settings.webhookSecret), 'must be a text that is not empty');
  check('audience', typeof settings.audience === 'string', 'must be a text');
  check('adminGroup', isText(settings.adminGroup), 'must be a text that is not empty');
  check('log', typeof settings.log === 'function', 'must be a function');
  check('registration', ['open', 'closed'].includes(settings.registration), 'must be open or closed');
  check('autoconfirm', typeof settings.autoconfirm === 'boolean', 'must be true or false');
  check('now', typeof settings.now === 'function', 'must be a function');
  check(
    'operatorToken',
    isText(settings.operatorToken) && /^\S+$/.test(settings.operatorToken),
    'must be one word',
  );
  const { instanceId } = settings;
  check('instanceId', isText(instanceId) && uuidPattern.test(instanceId), 'must be a UUID');
  check('accessTokenTtlSeconds', isNumber(settings.accessTokenTtlSeconds, 1e-3), 'must be above 0');
  check('eventTimeoutSeconds', isNumber(settings.eventTimeoutSeconds, 1e-3), 'must be above 0');
  check('filter', ['mysql', 'mariadb'].includes(settings.filter), 'must be mysql or mariadb');
  check('commitDelayMilliseconds', isNumber(settings.commitDelayMilliseconds, 0), 'must be a number from 0');
  if (settings.tokenLimit) {
    check('tokenLimit.limit', isNumber(settings.tokenLimit.limit, 1), 'must be at least 1');
    check('tokenLimit.windowSeconds', isNumber(settings.tokenLimit.windowSeconds, 1e-3), 'must be above 0');
  }
  return settings;
}

function readEvents(options: EventOptions): Settings['events'] {
  assertOptions('Dev identity: events', options, ['target', 'names']);
  const { target, names = eventNames } = options;
  const areNames = Array.isArray(names) && names.every((name) => eventNames.includes(name));
  check(
    'events.names',
    areNames || typeof names === 'function',
    `must be a list of some of ${eventNames.join(', ')}, or a function that gives one`,
  );
  const live = typeof names === 'function' ? names : () => names;
  if (typeof target === 'function') return { target, names: live };
  const url = URL.canParse(target) ? new URL(target) : undefined;
  check('events.target', /^https?:$/.test(`${url?.protocol}`), 'must be an http(s) address or a function');
  return { target: url as URL, names: live };
}

function check(option: string, holds: boolean, rule: string): void {
  if (!holds) throw new OptionsError([`Dev identity: ${option} ${rule}.`]);
}

function isText(value: unknown): boolean {
  return typeof value === 'string' && value !== '';
}

function isNumber(value: unknown, least: number): boolean {
  return typeof value === 'number' && value >= least;
}

function randomSecret(): string {
  return randomBytes(32).toString('base64url');
}

/** What every endpoint works with. */
export interface Parts {
  settings: Settings;
  clock: Clock;
  users: UserTable;
  accessTokens: AccessTokens;
  refreshTokens: RefreshTokens;
  /**
   * The time between reading a row and committing what follows from it. Like the real one, nothing locks the
   * row meanwhile: concurrent requests all pass the check that the first of them is about to make untrue.
   */
  untilCommit(): Promise<void>;
}

/** @throws TypeError when an option is invalid */
export function createParts(options: DevIdentityOptions): Parts {
  const settings = readOptions(options);
  const clock = createClock(settings.now);
  return {
    settings,
    clock,
    users: new UserTable(),
    accessTokens: new AccessTokens(settings, clock),
    refreshTokens: new RefreshTokens(),
    untilCommit: () =>
      settings.commitDelayMilliseconds > 0 ? setTimeout(settings.commitDelayMilliseconds) : setImmediate(),
  };
}

/** The events that GoTrue sends, by the name in the event's body. */
export const eventNames = ['validate', 'signup', 'login', 'usermodified', 'userdeleted'] as const;

export type EventName = (typeof eventNames)[number];
