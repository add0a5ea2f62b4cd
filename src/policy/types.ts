import type { DeployContext } from '../protocol/wire.ts';

/** How many calls may pass in a window of time. */
export interface Limit {
  /** Calls that may pass in one window: 1 to 1 000 000 000. A call of a higher cost takes more than one. */
  limit: number;
  /** Length of the window in seconds: 1 to 2 592 000 (30 days). */
  windowSeconds: number;
  /**
   * `fixed-window` counts each window of the clock by itself. `sliding-window` also counts part of the previous window, which
   * smooths the border between the two. With either, never more than `limit` calls pass in a window of the clock, and never
   * more than twice that in any stretch as long. Default `sliding-window`; limits whose default is fixed stay fixed unless
   * you say otherwise.
   */
  algorithm?: 'sliding-window' | 'fixed-window';
}

/** One window, or several that all apply: `[{ limit: 60, windowSeconds: 60 }, { limit: 500, windowSeconds: 86_400 }]`. */
export type LimitWindows = Limit | readonly Limit[];

/** Limits of calls through the gate. The policy sets them for the whole site, and a route may set its own in addition. */
export interface CallLimits {
  /** Calls of one session. Default: 60 in 60 s for the site, none for a route. */
  session: LimitWindows;
  /**
   * Calls from one IP address (for IPv6, one /64). A backstop against callers with many sessions, wide enough for an office
   * behind one address. Default: 6000 in 60 s for the site, none for a route.
   */
  address: LimitWindows;
  /** Calls from one IPv6 /48. IPv4 addresses have no such limit. Default: 60 000 in 60 s for the site, none for a route. */
  network: LimitWindows;
  /** All calls together: a ceiling, for what your backend can bear or you are ready to pay. Default: none. */
  total: LimitWindows;
}

/**
 * A backend that accepts access tokens. Tokens are signed with HS256, so a backend that can verify a token can also forge
 * one: each audience has its own key.
 */
export interface Audience {
  /** Name of the environment variable that holds the secret shared with this backend. */
  secret: string;
  /**
   * Name of the variable that holds a second secret, which verifies tokens but signs none: the previous or the next one
   * during a rotation. The variable may be unset. Default: none.
   */
  secondarySecret?: string;
  /** Scopes that a token for this audience may carry (RFC 6749 §3.3). Default: none. */
  scopes?: readonly string[];
}

/** Paths that the gate passes on to an upstream. */
export interface Route {
  /**
   * A path, or a prefix that ends in `/*`, spelled as your backend spells it. The first route that matches decides.
   *
   * Many backends take other spellings (case, encoding, accents, a trailing slash or dot) for the same path. Such a call must
   * satisfy every route that the path could mean, and is refused with `path_refused` if no single route is as strict as all
   * of them.
   */
  path: string;
  /** The audience that the token must be for. Default: the first of `audiences`. */
  audience?: string;
  /** The scope that the token must carry; one of the audience's. Default: none. */
  scope?: string;
  /** Methods that may pass, in upper case. GET includes HEAD. Default: all except TRACE, TRACK and CONNECT. */
  methods?: readonly string[];
  /** Name of the environment variable that holds the upstream's URL. Default: `DAYPASS_UPSTREAM`. */
  upstream?: string;
  /**
   * Whether the gate requires an access token. Default true. Use false for paths behind your backend's own log-in:
   * `Authorization` is then passed on unchanged, and only the limits by IP address apply. Such a route matches only the exact
   * spelling of its path.
   */
  verify?: boolean;
  /**
   * Whether the part of a path behind this route's prefix may contain `%2F`, empty segments (`//`) and doubled encodings
   * (`%252F`). Default false: they are refused with `path_refused`, since servers read them in different ways. Set true for
   * an upstream that follows RFC 3986: it splits a path at its slashes, decodes each segment once, and keeps empty segments.
   * Dot segments, `%2E`, `%5C` and `%00` are refused either way, and so is a path that could mean an earlier route.
   */
  encodedSlashes?: boolean;
  /**
   * Limits of this route, counted in addition to the site's. Another spelling of its path is refused with `path_refused` if
   * a different route would take it, because it would not be counted here. Default: none.
   */
  limits?: Partial<CallLimits>;
  /**
   * What a call takes from each limit that counts it, the site's and the route's: 1 to 1 000 000. Default 1.
   *
   * With `{ answer: 'daypass-cost' }` the upstream names the price in that header field of its answer, for example the number
   * of tokens that a model used. The call costs 1 until then; the rest of the price is charged when the answer comes, and the
   * field is removed.
   */
  cost?: number | { readonly answer: string };
}

/** Every limit of the policy. `docs/limits.md` gives the reason for each default. */
export interface Limits extends Omit<CallLimits, 'total'> {
  /**
   * Sessions begun from one IP address (for IPv6, one /64; a /48 gets ten times as many). Counts only exchanges that passed
   * every other check. Default: 300 in 60 s.
   */
  exchange: LimitWindows;
  /** Exchanges from one IP address that reached Identity and began no session. Default: 600 in 5 s, fixed. */
  exchangeRefused: LimitWindows;
  /** Sessions begun on the whole site. Default: 9000 in 60 s. */
  site: LimitWindows;
  /** Renewals of one session. Default: 20 in 300 s. */
  renewal: LimitWindows;
  /** Revocations sent from one IP address. Default: 600 in 5 s, fixed. */
  revoke: LimitWindows;
  /** Tokens that one audience's backend introspects. Default: 60 000 in 60 s. */
  introspection: LimitWindows;
  /** Wrong introspection secrets sent from one IP address. Default: 30 in 60 s. */
  introspectionRefused: LimitWindows;
  /** Calls to `/session/stats` and `/session/sweep` with the right bearer. Default: 120 in 60 s. */
  maintenance: LimitWindows;
  /** Wrong maintenance bearers sent from one IP address. Default: 30 in 60 s. */
  maintenanceRefused: LimitWindows;
  /** Calls to `/session/status` from one IP address. Default: 30 in 60 s. */
  status: LimitWindows;
  /** Proof challenges issued to one IP address. Default: 600 in 5 s, fixed. */
  challenge: LimitWindows;
  /**
   * Sign-ups at Identity from one IP address, members' included: wide enough that members never meet it. Default: 300 in
   * 60 s.
   */
  signup: LimitWindows;
  /**
   * Log-ins and token refreshes at Identity from one IP address, members' included. Identity itself allows 30 in 5 minutes.
   * Default: 600 in 60 s.
   */
  login: LimitWindows;
  /** All calls through the gate. Default: none. */
  total?: LimitWindows;
  /**
   * How long an instance of the gate relies on Redis's last answer, in seconds: 0, or 0.5 to 60. Until then it spends the
   * units that it has taken in advance and does not see new revocations. 0 asks Redis on every call. Default 1.
   */
  leaseSeconds: number;
}

/** What the sign-up of a throwaway user must bring. */
export type ProofKind = 'none' | 'proof-of-work' | 'turnstile';

/** How much work a proof takes. One try is a PBKDF2 of 1000 rounds, about 0.2 ms on a laptop. */
export interface ProofOfWork {
  /** Tries that a proof takes on average while no more than `baselinePerMinute` users are admitted: 1 to 1 000 000. Default 1000. */
  difficulty?: number;
  /**
   * Tries that a proof takes on average at most, however many users sign up: `difficulty` to 1 000 000. A single proof may
   * take up to twice as many. Default 16 000.
   */
  maxDifficulty?: number;
  /**
   * Admissions per minute up to which a proof takes `difficulty` tries: 1 to 1 000 000. Above it the difficulty grows in
   * proportion. Default 60.
   */
  baselinePerMinute?: number;
  /** Seconds in which a challenge must be solved and used: 30 to 3600. Default 300. */
  ttlSeconds?: number;
}

/** Which users may be created. Needs `netlify/functions/identity.ts`: without it the broker refuses every exchange. */
export interface Admission {
  /** The proof that the sign-up of a throwaway user must bring. Default `none`: throwaway users are only marked. */
  proof?: ProofKind;
  /**
   * `deny` refuses every sign-up except those of throwaway users: for sites without members, together with
   * `netlify/functions/identity.ts`. Default `allow`.
   */
  members?: 'allow' | 'deny';
  /** Settings for `proof: 'proof-of-work'`. */
  proofOfWork?: ProofOfWork;
  /** Settings for `proof: 'turnstile'`. Its secret key belongs in the environment variable `TURNSTILE_SECRET_KEY`. */
  turnstile?: {
    /** The widget's public site key, from Cloudflare's dashboard. */
    siteKey: string;
  };
}

/** What you write in `daypass.config.ts`. Every field has a default. */
export interface PolicyInput {
  /** The `iss` claim of every token, in every deploy context: an origin, without a path. Default: the site's primary URL. */
  issuer?: string;
  /** Your backends by name. The first is the default. Default: `{ api: { secret: 'DAYPASS_SECRET', … } }`. */
  audiences?: Readonly<Record<string, Audience>>;
  accessToken?: {
    /** Lifetime of an access token in seconds: 60 to 3600. Default 300. */
    ttlSeconds?: number;
    /** How long after its expiry a token can still be renewed, in seconds: 0 to 86 400. Default 3600. */
    renewalGraceSeconds?: number;
    /** Lifetime of a session in seconds: `ttlSeconds` to 2 592 000 (30 days). Then the client begins a new one. Default 43 200 (12 hours). */
    sessionSeconds?: number;
  };
  throwaway?: {
    /**
     * E-mail domain of throwaway users. A domain that is not under `.invalid` requires `admission`. Default
     * `visitor.invalid` (RFC 6761 §6.4: never deliverable).
     */
    emailDomain?: string;
  };
  identity?: {
    /**
     * The value of `GOTRUE_JWT_AUD`, for a GoTrue of your own that sets it. Its tokens carry it as `aud`; users of any other
     * audience are members. Default: none, as on Netlify.
     */
    audience?: string;
  };
  /**
   * Lets the site's event function (`createIdentityFunction`) decide which throwaway users may be created. It marks them
   * with `roles: ["anonymous"]`, and the broker exchanges only marked users. `{}` requires no proof. Default: no admission.
   */
  admission?: Admission;
  /**
   * `monitor` lets calls through that would be refused for their token, a revocation, a limit, or `storeFailure: 'deny'`, and
   * counts them (`GET /session/stats`): for a site's first days. Routes, paths and header fields are enforced either way.
   * Default `enforce`.
   */
  mode?: 'enforce' | 'monitor';
  /**
   * What the gate does while Redis is unavailable or refuses to count. `local` counts in the memory of each instance; `deny`
   * answers 503; `allow` lets every caller with a valid token through. With `local` and `allow`, an instance enforces only
   * the revocations that it has already seen. The broker answers 503 to exchanges and renewals in any case. Default `local`.
   */
  storeFailure?: 'local' | 'deny' | 'allow';
  /**
   * Other origins whose pages may call the broker and the gate, as browsers send them in `Origin`: web sites, apps and browser
   * extensions (`capacitor://localhost`, `tauri://localhost`, `chrome-extension://<id>`). Each is compared literally; there
   * are no patterns. Your site's own origin is always allowed.
   *
   * `'null'` allows every page without an origin: files, and frames on any site whose `sandbox` lacks `allow-same-origin`.
   * Anyone can put up such a frame and begin sessions through its visitors, so list it only if your own pages need it.
   * Default: none.
   */
  origins?: readonly string[];
  /**
   * Header fields of answers that pages of these origins may read, in addition to Daypass's own and those that the backend
   * lists in `Access-Control-Expose-Headers` (Fetch standard). `*` means every field. Applies to the gate and to `protect`.
   * Default: none.
   */
  exposeHeaders?: readonly string[];
  /** Limits that differ from the defaults. */
  limits?: Partial<Limits>;
  /** What the gate passes on. Default: `[{ path: '/api/*' }]`. */
  routes?: readonly Route[];
  upstream?: {
    /** How long the upstream may take to send the header of its answer, in seconds: 0.1 to 25. Default 25. */
    timeoutSeconds?: number;
    /**
     * The only request header fields that are passed on, in addition to `Authorization`, `Content-Type` and
     * `Content-Encoding`. Default: all except those listed in `docs/gate.md`, which you cannot name here either.
     */
    requestHeaders?: readonly string[];
    /**
     * Whether the upstream gets the caller's IP address, as the only address in `X-Forwarded-For`. It is personal data, which
     * your backend then holds. Default false.
     */
    clientAddress?: boolean;
    /**
     * Largest request body that is passed on whole, in bytes: 1 to 104 857 600 (100 MiB). The gate buffers it and sends it with
     * a Content-Length; a larger one is refused with 413 `content_too_large`, unless `stream` is true. Default 10 485 760 (10 MiB).
     */
    maxBodyBytes?: number;
    /**
     * Whether larger bodies are passed on too, in chunks as they arrive. Not for WSGI servers, most of which read a chunked
     * body as empty. Default false.
     */
    stream?: boolean;
  };
  /** How request bodies are read, by gate, sign-up guard and broker. */
  requestBody?: {
    /**
     * Bytes of request bodies that one instance may hold at a time: 1 048 576 (1 MiB) to 1 073 741 824 (1 GiB), and at least
     * twice `upstream.maxBodyBytes`. Beyond that, callers get 503 `body_budget_exhausted`, slow senders first. An edge instance
     * has 512 MB, and a body takes up to three times its size. Default 67 108 864 (64 MiB).
     */
    bufferBytes?: number;
    /**
     * How long a body may take to arrive, in seconds: 1 to 3600; guard and broker wait no longer than 10. A caller who sends
     * nothing for 10 seconds (guard and broker: 5) is refused earlier. Both get 408 `request_timeout`. Default 60.
     */
    timeoutSeconds?: number;
  };
  /** Deploy contexts whose tokens the broker and the gate accept. Default: only the context that they run in. */
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
