/** One line of the product, and what it is broken to. */
export interface Break {
  /** What no longer holds. */
  name: string;
  /** The suite that has to fail. */
  suite: keyof typeof suites;
  /** Text that stands in one place of the product, or of `within`. */
  line: string;
  /** What the path of its file begins with, where others hold the same line. */
  within?: string;
  broken: string;
}

const vitest = (...folders: string[]) =>
  [
    process.execPath,
    'node_modules/vitest/vitest.mjs',
    'run',
    '--project',
    'pure',
    '--bail',
    '1',
    ...folders,
  ] as const;

/** The commands that run each suite. */
export const suites = {
  token: vitest('test/token', 'test/vectors'),
  gate: vitest('test/gate', 'test/http'),
  broker: vitest('test/broker', 'test/http'),
  identity: vitest('test/identity'),
  admission: vitest('test/admission'),
  guard: vitest('test/guard', 'test/limits'),
  limits: vitest('test/limits'),
  store: vitest('test/store'),
  http: vitest('test/http', 'test/gate'),
  policy: vitest('test/policy'),
  client: vitest('test/client'),
  runtime: vitest('test/netlify'),
  python: ['sh', '-c', 'cd python && $(python3 scripts/environment.py) -m pytest -q -x tests/token'],
} as const satisfies Record<string, readonly [string, ...string[]]>;

/** At least one of each kind of failure that the product is there to prevent. */
export const breaks: readonly Break[] = [
  // Tokens
  {
    name: 'any algorithm is accepted',
    suite: 'token',
    line: "if (header.alg !== 'HS256' || 'crit' in header) throw new DaypassError('token_algorithm');",
    broken: '',
  },
  {
    name: 'critical header parameters are ignored',
    suite: 'token',
    line: "if (header.alg !== 'HS256' || 'crit' in header) throw new DaypassError('token_algorithm');",
    broken: "if (header.alg !== 'HS256') throw new DaypassError('token_algorithm');",
  },
  {
    name: 'another kind of JWT is accepted',
    suite: 'token',
    line: "if (header.typ !== 'JWT') throw new DaypassError('token_type');",
    broken: '',
  },
  {
    name: 'a token with a wrong signature is accepted',
    suite: 'token',
    line: "throw new DaypassError('token_signature', { cause });",
    broken: '',
  },
  {
    name: 'a token of another issuer is accepted',
    suite: 'token',
    line: "if (iss !== policy.issuer) throw refuse('token_issuer');",
    broken: '',
  },
  {
    name: 'a token of another audience is accepted',
    suite: 'token',
    line: "if (aud !== policy.audience) throw refuse('token_audience');",
    broken: '',
  },
  {
    name: 'any subject is accepted',
    suite: 'token',
    line: "throw new DaypassError('token_subject');",
    broken: ';',
  },
  {
    name: 'a token may live for ever',
    suite: 'token',
    line: 'if (expiresAt <= issuedAt || expiresAt - issuedAt > maxTtlSeconds) throw',
    broken: 'if (expiresAt <= issuedAt) throw',
  },
  {
    name: 'an expired token is accepted',
    suite: 'token',
    line: "throw new DaypassError('token_expired');",
    broken: '',
  },
  {
    name: 'the skew is taken twice',
    suite: 'token',
    line: 'if (policy.now >= expiresAt + skewSeconds +',
    broken: 'if (policy.now >= expiresAt + 2 * skewSeconds +',
  },
  {
    name: 'a token of the future is accepted',
    suite: 'token',
    line: 'if (Math.max(issuedAt, notBefore ?? 0) > policy.now + skewSeconds)',
    broken: 'if ((notBefore ?? 0) > policy.now + skewSeconds)',
  },
  {
    name: 'a token of any deploy context is accepted',
    suite: 'token',
    line: "if (accepted === undefined) throw refuse('token_deploy_context');",
    broken: "if (accepted === undefined && deployContext === '') throw refuse('token_deploy_context');",
  },
  {
    name: 'a session may begin after its token',
    suite: 'token',
    line: 'if (sessionStartedAt !== undefined && sessionStartedAt > issuedAt)',
    broken: 'if (sessionStartedAt !== undefined && sessionStartedAt < 0)',
  },
  {
    name: 'repeated members are accepted',
    suite: 'token',
    line: 'return countWrittenMembers(text) === countMembers(value, 1)',
    broken: 'return countWrittenMembers(text) >= countMembers(value, 1)',
  },
  {
    name: 'a signature has several spellings',
    suite: 'token',
    line: 'if (rest === 3) return /[AEIMQUYcgkosw048]$/.test(text);',
    broken: 'if (rest === 3) return true;',
  },
  {
    name: 'a token may be of any length',
    suite: 'token',
    line: 'if (token.length > maxTokenBytes) return undefined;',
    broken: '',
  },
  {
    name: "another audience's key is good for a token seen before",
    suite: 'token',
    line: 'return found && (found.key === ring.primary || found.key === ring.secondary) ? found.claims : undefined;',
    broken: 'return found?.claims;',
  },
  {
    name: 'a short secret is accepted',
    suite: 'token',
    line: "if (new TextEncoder().encode(secret).length < 32) return 'is shorter than 32 bytes';",
    broken: '',
  },
  {
    name: 'the secondary secret does not verify',
    suite: 'token',
    line: 'return ring.secondary?.id === keyId ? ring.secondary : undefined;',
    broken: 'return undefined;',
  },
  {
    name: 'two tokens in one request are accepted',
    suite: 'http',
    line: "if (isBearer(headers) && headers.has(tokenHeader)) throw new DaypassError('token_repeated');",
    broken: '',
  },
  // The gate
  {
    name: 'the scope of a route is not asked for',
    suite: 'gate',
    line: 'if (scope !== undefined && !accessToken.scopes.includes(scope))',
    within: 'src/gate/',
    broken: 'if (scope !== undefined && accessToken.scopes.length < 0)',
  },
  {
    name: 'a revocation that was seen is forgotten',
    suite: 'gate',
    line: 'revocations?.remember(session);',
    broken: '',
  },
  {
    name: 'an open route is taken by a path that only resembles it',
    suite: 'gate',
    line: '(candidate === exact || (candidate.verify && !hasSlashes)) &&',
    broken: '(candidate === exact || !hasSlashes) &&',
  },
  {
    name: 'TRACE goes on',
    suite: 'gate',
    line: "const neverForwarded = ['TRACE', 'TRACK', 'CONNECT'];",
    broken: 'const neverForwarded: string[] = [];',
  },
  {
    name: 'an encoded slash goes on',
    suite: 'gate',
    line: 'const suspicious = /%2[ef]|\\/\\//i;',
    broken: 'const suspicious = /%2e|\\/\\//i;',
  },
  {
    name: 'a doubled encoding goes on',
    suite: 'gate',
    line: 'const stillSuspicious = /[\\\\\\p{Cc}]|%[\\da-f]{2}/iu;',
    broken: 'const stillSuspicious = /[\\\\\\p{Cc}]/iu;',
  },
  {
    name: "the caller's forwarding fields go on",
    suite: 'gate',
    line: "headers.set('x-forwarded-host', url.host);",
    broken: '',
  },
  {
    name: 'the token does not reach the backend from X-Daypass',
    suite: 'gate',
    line: 'if (token !== null) headers.set(',
    broken: 'if (token === undefined) headers.set(',
  },
  {
    name: 'redirects are followed',
    suite: 'gate',
    line: "redirect: 'manual',\n      // Otherwise fetch adds",
    broken: "redirect: 'follow',\n      // Otherwise fetch adds",
  },
  {
    name: 'a POST is sent again when a connection breaks on Deno',
    suite: 'gate',
    line: 'content: () => (safeMethods.includes(method) ? null : new Blob()),',
    broken: 'content: () => null,',
  },
  {
    name: 'mode monitor lets a call with two tokens through',
    suite: 'gate',
    line: '// Also in mode `monitor`, and where no token is required: the upstream gets one.\n  assertOneToken(request.headers);',
    broken: '',
  },
  {
    name: 'an upstream that hangs is waited for',
    suite: 'gate',
    line: 'let late = () => controller.abort();',
    broken: 'let late = () => {};',
  },
  {
    name: 'a large body is gathered',
    suite: 'gate',
    line: 'if (!fits && !stream) {',
    broken: 'if (!fits && stream && !stream) {',
  },
  {
    name: "the upstream's price stays in the answer",
    suite: 'gate',
    line: 'headers.delete(cost.answer);',
    broken: '',
  },
  {
    name: 'a ceiling closes in silence',
    suite: 'gate',
    line: 'log(event, { ceiling: name, limit, remaining, resetSeconds });',
    broken: '',
  },
  // The broker
  {
    name: 'an Identity token is exchanged twice',
    suite: 'broker',
    line: "if (nonce === undefined) throw new DaypassError('already_exchanged');",
    broken: '',
  },
  {
    name: 'a member is deleted',
    suite: 'broker',
    line: 'if (!isExchangeable(user, rule, now)) {',
    broken: 'if (!user) {',
  },
  {
    name: "another user's token is taken for this one's",
    suite: 'broker',
    line: "if (user.id !== userId) throw new DaypassError('subject_token_rejected');",
    broken: '',
  },
  {
    name: 'a session is minted though its user may be there',
    suite: 'broker',
    line: "if (deletion.state === 'gone') return;",
    broken: "if (deletion.state !== 'absent') return;",
  },
  {
    name: 'a session that did not begin is counted',
    suite: 'broker',
    line: "await Promise.all([refund(), deletion.state === 'present' && release()]);",
    broken: "await Promise.all([deletion.state === 'present' && release()]);",
  },
  {
    name: 'a refused exchange is not counted',
    suite: 'broker',
    line: 'await countRefusedExchange(broker, caller);',
    broken: '',
  },
  {
    name: 'scopes may widen',
    suite: 'broker',
    line: "if (requested?.some((scope) => !available.includes(scope))) throw new DaypassError('invalid_scope');",
    broken: '',
  },
  {
    name: 'an actor token is ignored',
    suite: 'broker',
    line: "if (form.has('actor_token') || form.has('actor_token_type')) {",
    broken: "if (form.has('actor_token_type')) {",
  },
  {
    name: 'a backend with a wrong secret may introspect',
    suite: 'broker',
    line: "await requireSecret(broker, 'introspectionRefused', caller, { given, expected }, invalidClient);",
    broken: '',
  },
  {
    name: 'a revoked token is active at introspection',
    suite: 'broker',
    line: 'if (!token || isRevoked) return { active: false };',
    broken: 'if (!token) return { active: false };',
  },
  // Identity
  {
    name: 'a user with a role of GoTrue is a throwaway user',
    suite: 'identity',
    line: "role === '' &&",
    broken: '',
  },
  {
    name: 'a user of another audience is a throwaway user',
    suite: 'identity',
    line: 'aud === rule.audience &&',
    broken: '',
  },
  {
    name: 'a user without the mark of admission is a throwaway user',
    suite: 'identity',
    line: 'return Array.isArray(roles) && roles.length === 1 && roles[0] === throwawayRole;',
    broken: 'return true;',
  },
  {
    name: 'an e-mail that ends with the domain is a throwaway e-mail',
    suite: 'identity',
    line: "return local !== '' && more.length === 0 && host?.toLowerCase() === domain;",
    broken: "return local !== '' && host?.toLowerCase() === domain;",
  },
  {
    name: 'a user whose exchange may be under way is swept',
    suite: 'identity',
    line: '>= sweepAgeSeconds + clockSkewSeconds;',
    broken: '>= 0;',
  },
  {
    name: 'a page that says 200 to everything has deleted a user',
    suite: 'identity',
    line: "if (Object.keys(answer).length > 0) throw unavailable('not an answer to a deletion');",
    broken: '',
  },
  {
    name: 'a webhook of another body is believed',
    suite: 'identity',
    line: "if (payload.sha256 !== hex) throw new Error('the signature is for another body');",
    broken: '',
  },
  {
    name: 'an Identity token of another audience is taken',
    suite: 'identity',
    line: "if ((payload.aud ?? '') !== options.audience) {",
    broken: "if ((payload.aud ?? '') === ' ') {",
  },
  // Admission
  {
    name: 'a proof is good for two users',
    suite: 'admission',
    line: "throw new DaypassError('proof_used');",
    broken: '',
  },
  {
    name: 'a wrong solution is accepted',
    suite: 'admission',
    line: "if (!verified) throw new DaypassError('proof_refused');",
    broken: '',
  },
  {
    name: 'the difficulty has no cap',
    suite: 'admission',
    line: 'return Math.min(maxDifficulty, Math.round(',
    broken: 'return Math.max(1, Math.round(',
  },
  {
    name: 'members sign up where there are none',
    suite: 'admission',
    line: "if (admission?.members === 'deny') return deny(event, 'members_denied');",
    broken: '',
  },
  {
    name: 'Turnstile is asked without the id of the sign-up',
    suite: 'admission',
    line: 'idempotency_key: userId }),',
    broken: '}),',
  },
  // Guard
  {
    name: 'sign-ups are counted by their spelling',
    suite: 'guard',
    line: 'const path = foldPath(decoded);',
    broken: 'const path = decoded;',
  },
  {
    name: 'a large sign-up goes on',
    suite: 'guard',
    line: "if (!fits) throw new DaypassError('body_too_large');",
    within: 'src/guard/',
    broken: '',
  },
  {
    name: 'users of another audience are made',
    suite: 'guard',
    line: "if (audience !== '' && audience !== ours && !endpoint.startsWith('/admin/'))",
    broken: "if (audience !== '' && audience === ours && !endpoint.startsWith('/admin/'))",
  },
  {
    name: 'an IPv6 subscriber has as many buckets as addresses',
    suite: 'guard',
    line: "hex.slice(0, 4).join(':')",
    broken: "hex.slice(0, 8).join(':')",
  },
  // Limits
  {
    name: 'an instance spends what it has not got',
    suite: 'limits',
    line: 'return this.#unspent >= cost && windowAt(this.meter, at) === this.#index;',
    broken: 'return this.#unspent >= cost - 1 && windowAt(this.meter, at) === this.#index;',
  },
  {
    name: 'a grant outlives its window',
    suite: 'limits',
    line: 'return this.#unspent >= cost && windowAt(this.meter, at) === this.#index;',
    broken: 'return this.#unspent >= cost;',
  },
  {
    name: 'what is given back is kept as well',
    suite: 'limits',
    line: 'this.#unreported -= this.#unspent;\n    this.#unspent = 0;',
    broken: 'this.#unreported -= this.#unspent;',
  },
  {
    name: 'a call that did not pass is charged',
    suite: 'limits',
    line: 'if (index === this.#index) this.#unspent += held;',
    broken: 'if (index === this.#index) this.#unspent += 0;',
  },
  // Store
  {
    name: 'a mark is given back by whom it does not belong to',
    suite: 'store',
    line: "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0",
    broken: "return redis.call('DEL', KEYS[1])",
  },
  {
    name: 'a mark has no end',
    suite: 'store',
    line: 'redis.set(key, nonce, { nx: true, ex: ttlSeconds })',
    broken: 'redis.set(key, nonce, { nx: true })',
  },
  {
    name: 'a revoked session is remembered for a moment only',
    suite: 'store',
    line: 'known.set(session, now() + rememberSeconds * 1000);',
    broken: 'known.set(session, now() + rememberSeconds);',
  },
  {
    name: 'the load of proofs is counted without end',
    suite: 'store',
    line: "redis.call('EXPIRE', KEYS[2], ARGV[3])",
    broken: '',
  },
  // HTTP
  {
    name: 'any page may call',
    suite: 'http',
    line: 'if (!isAllowedOrigin(origin, request, rule.origins)) throw foreignOrigin(origin, request, rule);',
    broken: '',
  },
  {
    name: 'a frame of another site may call',
    suite: 'http',
    line: "headers.get('sec-fetch-dest') === 'document'",
    broken: 'headers !== undefined',
  },
  {
    name: 'answers to other origins carry credentials',
    suite: 'http',
    line: "if (name.startsWith('access-control-')) headers.delete(name);",
    broken: ';',
  },
  {
    name: 'a refusal may be cached',
    suite: 'http',
    line: "'cache-control': 'no-store',\n    ...extra,",
    broken: '...extra,',
  },
  {
    name: 'a refused token gets no challenge',
    suite: 'http',
    line: "const reason = tokenFault ? 'invalid_token' : name;",
    broken: 'return {};\n  const reason = name;',
  },
  {
    name: 'a token with a line break is printed',
    suite: 'http',
    line: "message.replace(/\\b(Bearer|Basic) .*/is, '$1 …')",
    broken: 'message',
  },
  // Client
  {
    name: 'two tabs make two sessions',
    suite: 'client',
    line: 'return (await atHand(renewalMarginSeconds, wanted)) ?? (await attempt(() => next(wanted)));',
    broken: 'return await attempt(() => next(wanted));',
  },
  {
    name: 'a tab makes two sessions at once',
    suite: 'client',
    line: 'flight ??= withLock(',
    broken: 'flight = withLock(',
  },
  {
    name: 'a backend that refuses every token makes a storm',
    suite: 'client',
    line: 'if (isHeld(path)) return answer;',
    broken: '',
  },
  {
    name: 'Retry-After is not waited for',
    suite: 'client',
    line: 'Math.min(maxRetryAfterSeconds, last.retryAfterSeconds ?? 0),',
    broken: '0,',
  },
  {
    name: 'a mistake in Retry-After locks the page out',
    suite: 'client',
    line: 'Math.min(maxRetryAfterSeconds, last.retryAfterSeconds ?? 0),',
    broken: 'last.retryAfterSeconds ?? 0,',
  },
  {
    name: 'Identity gets the access token',
    suite: 'client',
    line: 'return covered.some(isUnder) && !excepted.some(isUnder);',
    broken: 'return covered.some(isUnder);',
  },
  {
    name: 'a prefix covers its neighbours',
    suite: 'client',
    line: "return url.origin + url.pathname.replace(/\\/?$/, '/');",
    broken: 'return url.origin + url.pathname;',
  },
  {
    name: "a call's own Authorization is replaced",
    suite: 'client',
    line: "if (!headers.has('Authorization') && !headers.has('X-Daypass')) {",
    broken: 'if (headers) {',
  },
  {
    name: 'what stands in storage is sent unread',
    suite: 'client',
    line: 'return isToken && times.every(Number.isFinite) ? held : undefined;',
    broken: 'return held;',
  },
  {
    name: 'a session that another tab revoked goes on',
    suite: 'client',
    line: 'if (other || (text === null && isStored)) {',
    broken: 'if (other) {',
  },
  // Python
  {
    name: 'Python: a token of another audience is accepted',
    suite: 'python',
    line: 'if audience != policy.audience:',
    broken: 'if False:',
  },
  {
    name: 'Python: an expired token is accepted',
    suite: 'python',
    line: 'if now >= expires_at + policy.leeway_seconds:',
    broken: 'if False:',
  },
  {
    name: 'Python: a signature has several spellings',
    suite: 'python',
    line: 'if not data or urlsafe_b64encode(data).rstrip(b"=") != part.encode():',
    broken: 'if not data:',
  },
  {
    name: 'Python: true is a date',
    suite: 'python',
    line: 'if type(value) is not int or value < 0:',
    broken: 'if not isinstance(value, int) or value < 0:',
  },
  {
    name: 'Python: a cached token outlives its end',
    suite: 'python',
    line: 'return entry.says if entry is not None and entry.start <= now < entry.end else None',
    broken: 'return entry.says if entry is not None else None',
  },
  {
    name: 'Python: one secret serves two sites',
    suite: 'python',
    line: 'if isinstance(secret, str) and secret and secrets.setdefault(secret, index) != index:',
    broken: 'if False:',
  },
];
