import type { DeployContext } from '../protocol/wire.ts';

/** How many calls pass in a window. */
export interface Limit {
  /** Calls that pass in one window: a whole number from 1. */
  limit: number;
  /** Length of the window in seconds: 1 to 2 592 000 (30 days). */
  windowSeconds: number;
  /**
   * `fixed-window` lets exactly `limit` pass in each window of the clock. `sliding-window` (default) smooths the border
   * between two: never more than `limit` in a window of the clock, never more than twice that in any time as long.
   */
  algorithm?: 'sliding-window' | 'fixed-window';
}

/** One window, or several that all apply: `[{ limit: 60, windowSeconds: 60 }, { limit: 500, windowSeconds: 86_400 }]`. */
export type LimitWindows = Limit | readonly Limit[];

/** Limits of calls, each counted by what its name says. */
export interface CallLimits {
  /** Calls of one session. */
  session: LimitWindows;
  /** Calls of one address (IPv6: one /64): a backstop, wide enough for an office. */
  address: LimitWindows;
  /** Calls of one IPv6 /48. */
  network: LimitWindows;
  /** All calls together: a ceiling. */
  total: LimitWindows;
}

/** One backend that accepts tokens. Whoever verifies HS256 can forge, so each audience has a key of its own. */
export interface Audience {
  /** Name of the environment variable that holds the secret shared with this backend. */
  secret: string;
  /** Name of the variable whose secret verifies only: the old or the next one during a rotation. */
  secondarySecret?: string;
  /** Scopes that a token for this audience may carry (RFC 6749 §3.3). Default: none. */
  scopes?: readonly string[];
}

/** Paths that the gate lets through to an upstream. */
export interface Route {
  /**
   * A path, or a prefix ending in `/*`, in the spelling that your backend knows. The first route that matches decides.
   * Other spellings (case, encoding, accents, a slash or a dot at the end), which many backends take for the same path,
   * can only make a call harder: they must satisfy each route that the path could mean, and are refused
   * (`path_refused`) where none of these requires all that the others require.
   */
  path: string;
  /** Audience that the token must be for. Default: the first audience. */
  audience?: string;
  /** Scope that the token must carry. Default: none. */
  scope?: string;
  /** Methods that pass; HEAD does where GET does. Default: all but TRACE, TRACK and CONNECT. */
  methods?: readonly string[];
  /** Name of the variable that holds the upstream's URL. Default: `DAYPASS_UPSTREAM`. */
  upstream?: string;
  /**
   * Whether the gate requires an access token. Default true. False is for paths behind a log-in of the backend's own:
   * `Authorization` goes on as it came, and the limits of the address hold. Such a route takes paths exactly as it spells
   * them.
   */
  verify?: boolean;
  /**
   * Whether paths under this one may hold `%2F`, empty segments (`//`) and doubled encodings (`%252F`), in the part behind
   * what the route spells. Default false: they are refused (`path_refused`), since servers read them in different ways.
   * True is for an upstream that reads a path as URLs are meant to be read (RFC 3986): it splits at slashes first, decodes
   * each segment once, and joins no empty ones. Dot segments, `%2E`, `%5C`, `%00` stay refused, and so does what could mean
   * a route before this one.
   */
  encodedSlashes?: boolean;
  /**
   * Limits of this route's own, counted in addition to those of the site. Default: none. A path that is spelled otherwise and may mean
   * this route is refused (`path_refused`) where another route would take it.
   */
  limits?: Partial<CallLimits>;
  /**
   * What a call takes from each limit that counts it, the site's and the route's: a whole number from 1, default 1.
   * `{ answer: 'daypass-cost' }`: the upstream names the price in that header field of its answer, tokens used for instance.
   * It is charged then, and the field goes no further; until then, and where it names none, a call costs 1.
   */
  cost?: number | { readonly answer: string };
}

/** Every limit of the policy. `docs/limits.md` has the numbers and their reasons. */
export interface Limits extends Omit<CallLimits, 'total'> {
  /** Sessions begun from one address (IPv6: one /64): exchanges that Identity believed and that reserved their user. */
  exchange: LimitWindows;
  /** Exchanges from one IP address that reached Identity and made no session. */
  exchangeRefused: LimitWindows;
  /** Sessions begun at the whole site. */
  site: LimitWindows;
  /** Renewals of one session. */
  renewal: LimitWindows;
  /** Revocations sent by one address. */
  revoke: LimitWindows;
  /** Tokens that the backend of one audience introspects. */
  introspection: LimitWindows;
  /** Wrong introspection secrets sent by one address. */
  introspectionRefused: LimitWindows;
  /** Calls of the site's owner to `/session/stats` and `/session/sweep`. */
  maintenance: LimitWindows;
  /** Wrong maintenance bearers sent by one address. */
  maintenanceRefused: LimitWindows;
  /** Calls of one address to `/session/status`. */
  status: LimitWindows;
  /** Proof challenges given to one address. */
  challenge: LimitWindows;
  /** Sign-ups of one address at Identity, members' too: wide enough that no member meets it. */
  signup: LimitWindows;
  /** Log-ins and refreshes of one address at Identity, members' too. Identity itself allows 30 in 5 minutes. */
  login: LimitWindows;
  /** All calls through the gate. Default: none. */
  total?: LimitWindows;
  /**
   * How long an instance of the gate relies on an answer of Redis, in seconds: 0, or 0.5 to 60. Within it, it spends what it has
   * taken, and sees no new revocation. 0 asks at every call. Default 1.
   */
  leaseSeconds: number;
}

/** What a sign-up of a throwaway user has to bring along. */
export type ProofKind = 'none' | 'proof-of-work' | 'turnstile';

/** How much work a proof takes. A try is one PBKDF2 of 1000 rounds: some 0.2 ms of a laptop. */
export interface ProofOfWork {
  /** Tries that a proof takes on average, up to `baselinePerMinute` admissions a minute: 1 to 1 000 000. Default 1000. */
  difficulty?: number;
  /** Tries that it takes on average at most, however many sign up; one proof may take twice as many: `difficulty` to 1 000 000. Default 16 000. */
  maxDifficulty?: number;
  /** Admissions a minute up to which a proof takes `difficulty` tries; above it, the difficulty grows in proportion. Default 60. */
  baselinePerMinute?: number;
  /** Seconds in which a challenge must be solved and used: 30 to 3600. Default 300. */
  ttlSeconds?: number;
}

/** Which throwaway users may be created. */
export interface Admission {
  /** Default `none`: admitted users are marked, and that is all. */
  proof?: ProofKind;
  /** `deny` refuses every sign-up but those of throwaway users: for sites without members. Default `allow`. */
  members?: 'allow' | 'deny';
  /** Only for `proof: 'proof-of-work'`. */
  proofOfWork?: ProofOfWork;
  /** Only for `proof: 'turnstile'`, with `TURNSTILE_SECRET_KEY` in the environment. */
  turnstile?: {
    /** The widget's public key, from Cloudflare's dashboard. */
    siteKey: string;
  };
}

/** What a site's owner writes in `daypass.config.ts`; every field has a default. */
export interface PolicyInput {
  /** `iss` of every token, in every deploy context: an origin. Default: the site's primary URL. */
  issuer?: string;
  /** The backends by name; the first is the default. Default: `{ api: { secret: 'DAYPASS_SECRET', … } }`. */
  audiences?: Readonly<Record<string, Audience>>;
  accessToken?: {
    /** Life of an access token in seconds: 60 to 3600. Default 300. */
    ttlSeconds?: number;
    /** How long an expired token may still be renewed, in seconds. Default 3600. */
    renewalGraceSeconds?: number;
    /** Life of a session in seconds; after it a new exchange is needed. Default 43 200 (12 hours). */
    sessionSeconds?: number;
  };
  throwaway?: {
    /**
     * Domain of the e-mails of throwaway users. Default `visitor.invalid` (RFC 6761 §6.4: never deliverable).
     * A domain that is not under `.invalid` requires `admission`.
     */
    emailDomain?: string;
  };
  identity?: {
    /**
     * GoTrue's audience of this site: the value of `GOTRUE_JWT_AUD` on a GoTrue of your own that has one. Its tokens
     * carry it as `aud`, and users of any other audience are members. Default: none, as on Netlify.
     */
    audience?: string;
  };
  /**
   * The site's event function (`createIdentityFunction`) decides which throwaway users may be created, and marks them
   * `roles: ["anonymous"]`; the broker then exchanges marked users only. `{}` requires no proof. Default: no admission.
   */
  admission?: Admission;
  /**
   * `monitor` lets refused tokens, revoked sessions, calls over a limit, and calls that `storeFailure: 'deny'` would
   * refuse through the gate, and counts them (`GET /session/stats`): for the first days of a site. Routes, paths and
   * header fields are checked all the same. Default `enforce`.
   */
  mode?: 'enforce' | 'monitor';
  /**
   * What the gate does with calls that Redis does not decide, since it is away or refuses: `local` counts in the memory of
   * each instance, `deny` answers 503, `allow` lets everybody through who has a valid token. Revocations that an instance
   * has not seen before are not seen while Redis is away, but with `deny`. The exchange always answers 503. Default
   * `local`.
   */
  storeFailure?: 'local' | 'deny' | 'allow';
  /**
   * Other origins whose pages may call the broker and the gate, as browsers send them in `Origin`: of web sites, and of apps
   * and browser extensions (`capacitor://localhost`, `tauri://localhost`, `chrome-extension://<id>`, `app://…`). Each is
   * compared as it stands; there are no patterns. Default: none; the site's own always may. `'null'` stands
   * for every page without an origin: frames whose `sandbox` lacks `allow-same-origin`, on any site, and files. Whoever
   * puts one on a page of theirs then begins sessions by way of their visitors, so name it only for such frames of yours.
   */
  origins?: readonly string[];
  /**
   * Fields of answers that pages of these origins may read, besides ours and those that the backend itself names in
   * `Access-Control-Expose-Headers` (Fetch standard). `*` is every field. Default: none. At the gate and at `protect`.
   */
  exposeHeaders?: readonly string[];
  /** Limits that differ from the defaults. */
  limits?: Partial<Limits>;
  /** What the gate lets through. Default: `[{ path: '/api/*' }]`. */
  routes?: readonly Route[];
  upstream?: {
    /** How long the upstream may take to send its headers, in seconds: 0.1 to 25. Default 25. */
    timeoutSeconds?: number;
    /**
     * The only request fields of a page's that go on to the upstream, besides `Authorization`, `Content-Type` and
     * `Content-Encoding`. Default: all but those that `docs/gate.md` lists, which a policy cannot name either.
     */
    requestHeaders?: readonly string[];
    /**
     * Whether the upstream gets the caller's IP address, as the one address of `X-Forwarded-For`: personal data of a
     * visitor, which it then holds. Default false.
     */
    clientAddress?: boolean;
    /**
     * Largest body that the upstream gets, in bytes: 1 to 104 857 600 (100 MiB). Default 10 485 760 (10 MiB). Up to here
     * a body is kept until it is whole and goes on with its Content-Length; a larger one is refused (413
     * `content_too_large`).
     */
    maxBodyBytes?: number;
    /**
     * Whether larger bodies go on all the same, in chunks as they arrive. Not for WSGI servers, most of which read a
     * chunked body as empty. Default false.
     */
    stream?: boolean;
  };
  /** Bodies of requests while they arrive, at gate, sign-up guard and broker. */
  requestBody?: {
    /**
     * Bytes of bodies that one instance may hold at a time: 1 048 576 (1 MiB) to 1 073 741 824 (1 GiB), and room for two
     * of the largest (`upstream.maxBodyBytes`). Beyond, callers get 503 `body_budget_exhausted`, those first that send
     * slowly. Default 67 108 864 (64 MiB): an edge instance has 512 MB, and a body on its way costs up to three times
     * its size.
     */
    bufferBytes?: number;
    /**
     * How long an instance waits for a body in all, in seconds: 1 to 3600. Default 60; guard and broker, whose bodies
     * are small, never wait longer than 10. Whoever sends nothing for 10 seconds (there: 5) is refused before. 408
     * `request_timeout`.
     */
    timeoutSeconds?: number;
  };
  /** Deploy contexts whose tokens broker and gate accept. Default: only the context that they run in. */
  deployContexts?: readonly DeployContext[];
}

/** An audience with its defaults filled in. */
export interface CheckedAudience {
  /** The names of the environment variables that hold them. */
  readonly secretVariable: string;
  readonly secondarySecretVariable: string | undefined;
  readonly scopes: readonly string[];
}

/** The windows of a limit, shortest first. */
export type CheckedWindows = readonly Readonly<Required<Limit>>[];

/** The windows of each limit of calls; a limit that is not set has none. */
export type CheckedCallLimits = Readonly<Record<keyof CallLimits, CheckedWindows>>;

/** Limits with their defaults filled in; `total` has no windows unless it is set. */
export type CheckedLimits = CheckedCallLimits &
  Readonly<Record<Exclude<keyof Limits, keyof CallLimits | 'leaseSeconds'>, CheckedWindows>> & {
    readonly leaseSeconds: number;
  };

/** What a call costs, and what counts it in addition to the site's limits: of a route, a function or a backend. */
export interface CallTerms {
  /** The route's path, or the name that a function or a backend gave its limits: for their keys, counts and the log. */
  readonly path?: string;
  readonly limits?: CheckedCallLimits;
  /** Whose the limits are, where they are not a route's: one name may be a route's path, a function's and a backend's. */
  readonly owner?: 'function' | 'backend';
  /** What the call takes from each limit that counts it. Default 1; a price that the answer names is charged afterwards. */
  readonly cost?: number | { readonly answer: string };
}

/** The terms of a call that needs a token. */
export interface AccessTerms extends CallTerms {
  /** An audience of the policy. */
  readonly audience: string;
  readonly scope: string | undefined;
}

/** A route with its defaults filled in. */
export interface CheckedRoute extends AccessTerms {
  readonly path: string;
  readonly methods: readonly string[] | undefined;
  readonly upstream: string;
  readonly verify: boolean;
  readonly encodedSlashes: boolean;
  readonly limits: CheckedCallLimits;
  readonly cost: number | { readonly answer: string };
  readonly owner?: never;
}

/** An admission with its defaults filled in. */
export interface CheckedAdmission {
  readonly proof: ProofKind;
  readonly members: 'allow' | 'deny';
  readonly proofOfWork: Readonly<Required<ProofOfWork>>;
  readonly turnstile: { readonly siteKey: string } | undefined;
}

/** A checked policy with every default filled in. Made by `definePolicy`. */
export interface Policy {
  readonly issuer: string | undefined;
  readonly audiences: Readonly<Record<string, CheckedAudience>>;
  /** Name of the first audience. */
  readonly defaultAudience: string;
  readonly accessToken: Readonly<Required<NonNullable<PolicyInput['accessToken']>>>;
  readonly throwaway: Readonly<Required<NonNullable<PolicyInput['throwaway']>>>;
  /** GoTrue's audience; empty for its default one. */
  readonly identity: { readonly audience: string };
  /** Undefined where the site has no admission. */
  readonly admission: CheckedAdmission | undefined;
  readonly mode: 'enforce' | 'monitor';
  readonly storeFailure: 'local' | 'deny' | 'allow';
  readonly origins: readonly string[];
  readonly exposeHeaders: readonly string[];
  readonly limits: CheckedLimits;
  readonly routes: readonly CheckedRoute[];
  readonly upstream: Readonly<Required<Omit<NonNullable<PolicyInput['upstream']>, 'requestHeaders'>>> & {
    /** In lower case; undefined for all. */
    readonly requestHeaders: readonly string[] | undefined;
  };
  readonly requestBody: Readonly<Required<NonNullable<PolicyInput['requestBody']>>>;
  readonly deployContexts: readonly DeployContext[] | undefined;
}
