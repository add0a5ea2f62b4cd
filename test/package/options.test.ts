import { globSync } from 'node:fs';
import { join } from 'node:path';
import { createElement } from 'react';
import { renderToString } from 'react-dom/server';
import { describe, expect, test } from 'vitest';
import { DaypassProvider } from '../../client/react.ts';
import { OptionsError } from '../../dev/assertOptions.ts';
import { startDevIdentity } from '../../dev/identity/start.ts';
import { startDevRedis } from '../../dev/redis/start.ts';
import { startDevTurnstile } from '../../dev/turnstile.ts';
import { requireAccessToken as requireInExpress } from '../../src/package/express.ts';
import { requireAccessToken } from '../../src/package/hono.ts';
import {
  addRoles,
  createIdentityAdmin,
  createIdentityWebhook,
  defineIdentityEvents,
} from '../../src/package/identity.ts';
import {
  createBroker,
  createGate,
  createIdentityFunction,
  createSignupGuard,
  createSweep,
  definePolicy,
  introspectionSecret,
  maintenanceBearer,
  protect,
} from '../../src/package/netlify.ts';
import { bearerHeaders, createFakeSession, makeAccessToken, mintToken } from '../../src/package/testing.ts';
import { ConfigurationError, createVerifier, verifyAccessToken } from '../../src/package/verify.ts';
import { startNetlifyEmulator } from '../harness/netlify/start.ts';

// Every exported function refuses, when it is called, an option that it does not know or cannot use: what is misspelt
// must never protect less.

const secret = 'Zl3x-9vQm7Kd2pWc8sNf4tYb6uHj1gRa';
const verifier = { secret, issuer: 'https://site.example' };
const policy = definePolicy();
const handler = () => new Response();
const event = () => undefined;
const admin = createIdentityAdmin();

/** A caller's mistake, in plain JavaScript, and what the error must say. */
type Mistake = [call: () => unknown, message: RegExp];

const verifierMistakes = (check: (options: never) => unknown): Mistake[] => {
  const calling = (changes: object) => () => check({ ...verifier, ...changes } as never);
  return [
    [calling({ audiense: 'api' }), /audiense is unknown; did you mean audience\?/],
    [calling({ deployContext: ['production'] }), /did you mean deployContexts\?/],
    [calling({ secondary_secret: secret }), /did you mean secondarySecret\?/],
    [calling({ deployContexts: 'production' }), /deployContexts must be a list/],
    [calling({ deployContexts: [] }), /deployContexts must/],
    [calling({ deployContexts: ['prod'] }), /deployContexts must/],
    [calling({ deployContexts: null }), /deployContexts must/],
    [calling({ audience: ['api'] }), /audience must/],
    [calling({ audience: null }), /audience must/],
    [calling({ issuer: 7 }), /issuer must/],
    [calling({ secret: 7 }), /secret must be a text/],
    [calling({ secret: undefined }), /secret is missing/],
    [calling({ secondarySecret: null }), /secondarySecret must be a text/],
    [calling({ now: 1_700_000_000 }), /now must be a function/],
    [calling({ warn: 'yes' }), /warn must be a function/],
    [calling({ warns: console.warn }), /did you mean warn\?/],
    [calling({ site: [verifier] }), /did you mean sites\?/],
    [calling({ sites: [verifier] }), /secret, issuer must stand in an entry of sites/],
    [() => check({ sites: [] } as never), /sites must be a list of at least one site/],
    [() => check({ sites: [{ ...verifier, audiense: 'x' }] } as never), /sites\[0\]\.audiense is unknown/],
    [calling({ cacheSize: -1 }), /cacheSize must be a number of tokens/],
    [calling({ cacheSize: 0.5 }), /cacheSize must/],
    [calling({ cacheSize: null }), /cacheSize must/],
    [() => check(undefined as never), /must be an object/],
    [() => check(null as never), /must be an object/],
    [() => check(secret as never), /must be an object/],
    [() => check([] as never), /must be an object/],
  ];
};

const middlewareMistakes = (require: (options: never) => unknown): Mistake[] => {
  const calling = (changes: object) => () => require({ ...verifier, ...changes } as never);
  return [
    ...verifierMistakes(require),
    [calling({ scopes: 'write' }), /scopes is unknown; did you mean scope\?/],
    [calling({ scope: ['write'] }), /scope must be one scope/],
    [calling({ scope: 'read write' }), /scope must be one scope/],
    [calling({ scope: '' }), /scope must be one scope/],
    [calling({ scope: null }), /scope must be one scope/],
    [calling({ debug: 'no' }), /debug must be true or false/],
    ...limitMistakes(calling),
  ];
};

/** Of the limits of a backend's own. */
function limitMistakes(calling: (changes: object) => () => unknown): Mistake[] {
  const session = { limit: 60, windowSeconds: 60 };
  const limiting = (changes: object) => calling({ name: 'chat', limits: { session }, ...changes });
  const redis = { url: 'https://redis.example', token: 'x' };
  return [
    [calling({ limit: { session } }), /limit is unknown; did you mean limits\?/],
    [calling({ limits: { session } }), /name: name what the limits are of/],
    [limiting({ name: 'a b' }), /name: name what the limits are of/],
    [calling({ cost: 2, name: 'chat' }), /name, cost has no effect without limits/],
    [calling({ redis }), /redis has no effect without limits/],
    [limiting({ limits: {} }), /limits: name at least one of session, address, network, total/],
    [limiting({ limits: { leaseSeconds: 1 } }), /limits: name at least one of/],
    [limiting({ limits: null }), /limits: must be an object/],
    [limiting({ limits: { sesion: session } }), /limits: sesion is unknown; did you mean session\?/],
    [limiting({ limits: { session: { limit: 0, windowSeconds: 60 } } }), /limits\.session\.limit: must be/],
    [limiting({ limits: { session: [session, session] } }), /limits\.session: has two windows of 60 s/],
    [
      limiting({ limits: { session, total: { limit: 59, windowSeconds: 60 } } }),
      /limits\.total: 59 in 60 s is below one session's 60/,
    ],
    [limiting({ limits: { session, leaseSeconds: 0.1 } }), /limits\.leaseSeconds: must be 0, or/],
    [limiting({ limits: { session, leaseSeconds: '5' } }), /limits\.leaseSeconds: must be 0, or/],
    [limiting({ cost: 0 }), /cost: must be a whole number/],
    [limiting({ cost: 61 }), /cost: 61 is above a limit that counts these calls \(60\)/],
    [limiting({ cost: { answer: 'Set-Cookie' } }), /cost\.answer: name a header field/],
    [limiting({ cost: { answers: 'x' } }), /cost: answers is unknown; did you mean answer\?/],
    [limiting({ storeFailure: 'closed' }), /storeFailure must be one of local, deny, allow/],
    [limiting({ clientAddress: 'x-forwarded-for' }), /clientAddress must be a function/],
    [limiting({ redis: 'https://redis.example' }), /redis: the options must be an object/],
    [limiting({ redis: { ...redis, key: 'x' } }), /key is unknown/],
    [limiting({ redis: { url: 'https://redis.example' } }), /redis\.token is missing/],
    [limiting({ redis: { token: 'x' } }), /redis\.url is missing/],
    [limiting({ redis: { ...redis, url: 'http://redis.example' } }), /redis\.url must be an https URL/],
    [limiting({ redis: { ...redis, token: 'a b' } }), /redis\.token must be visible ASCII/],
    [limiting({ redis: { ...redis, timeoutMilliseconds: 0 } }), /redis\.timeoutMilliseconds must be/],
    [limiting({ redis: { ...redis, timeoutMilliseconds: '5' } }), /redis\.timeoutMilliseconds must be/],
    [limiting({ redis: { ...redis, timeoutMilliseconds: true } }), /redis\.timeoutMilliseconds must be/],
    [limiting({ redis: { ...redis, timeoutMilliseconds: [5] } }), /redis\.timeoutMilliseconds must be/],
  ];
}

const tokenMistakes = (mint: (verifier: never, token: never) => unknown): Mistake[] => {
  const minting = (token: unknown) => () => mint(verifier as never, token as never);
  return [
    ...verifierMistakes((options) => mint(options, {} as never)),
    [minting({ scope: 'write' }), /scope is unknown; did you mean scopes\?/],
    [minting({ ttl: 60 }), /ttl is unknown; did you mean ttlSeconds\?/],
    [minting({ scopes: 'write' }), /scopes must be a list of scopes/],
    [minting({ scopes: ['read write'] }), /scopes must be a list of scopes/],
    [minting({ ageSeconds: '60' }), /ageSeconds must be whole seconds/],
    [minting({ ttlSeconds: 0.5 }), /ttlSeconds must be whole seconds/],
    [minting({ subject: 7 }), /subject must be a text/],
    [minting({ secret: 'short' }), /shorter than 32 bytes/],
    [minting(null), /must be an object/],
  ];
};

const policyMistakes = (create: (policy: never) => unknown): Mistake[] => [
  [() => create({ routes: [] } as never), /give the policy that definePolicy returned/],
  [() => create(undefined as never), /give the policy that definePolicy returned/],
  [() => create({ policy } as never), /give the policy that definePolicy returned/],
];

const defining = (input: unknown) => () => definePolicy(input as never);
const protecting = (options: unknown) => () => protect(handler, options as never);

const mistakes: Record<string, Mistake[] | 'takes no options'> = {
  createVerifier: verifierMistakes(createVerifier),
  verifyAccessToken: verifierMistakes((options) => verifyAccessToken('token', options)),
  requireAccessToken: [
    ...middlewareMistakes(requireAccessToken),
    [
      () =>
        requireAccessToken({
          ...verifier,
          name: 'chat',
          limits: { address: { limit: 60, windowSeconds: 60 } },
        }),
      /limits\.address and limits\.network need clientAddress/,
    ],
  ],
  definePolicy: [
    [defining({ audience: {} }), /policy: audience is unknown; did you mean audiences\?/],
    [defining({ deployContext: ['dev'] }), /did you mean deployContexts\?/],
    [defining({ accessToken: { ttl: 60 } }), /accessToken: ttl is unknown; did you mean ttlSeconds\?/],
    [
      defining({ throwaway: { domain: 'x.invalid' } }),
      /throwaway: domain is unknown; did you mean emailDomain\?/,
    ],
    [defining({ admission: { prof: 'none' } }), /admission: prof is unknown; did you mean proof\?/],
    [
      defining({ admission: { proof: 'proof-of-work', proofOfWork: { difficultly: 1 } } }),
      /did you mean difficulty\?/,
    ],
    [defining({ admission: { proof: 'turnstile', turnstile: { sitekey: 'a' } } }), /did you mean siteKey\?/],
    [defining({ limits: { sesion: { limit: 1, windowSeconds: 1 } } }), /did you mean session\?/],
    [defining({ limits: { session: { limits: 1, windowSeconds: 1 } } }), /did you mean limit\?/],
    [
      defining({ routes: [{ path: '/api/*', scopes: 'write' }] }),
      /routes\[0\]: scopes is unknown; did you mean scope\?/,
    ],
    [
      defining({ audiences: { api: { secret: 'S', scope: [] } } }),
      /audiences.api: scope is unknown; did you mean scopes\?/,
    ],
    [defining({ upstream: { timeout: 1 } }), /did you mean timeoutSeconds\?/],
    [defining({ deployContexts: 'production' }), /deployContexts: must be a list/],
    [defining(null), /must be an object/],
  ],
  createBroker: policyMistakes(createBroker),
  createGate: policyMistakes(createGate),
  createSweep: policyMistakes(createSweep),
  createSignupGuard: policyMistakes(createSignupGuard),
  createIdentityFunction: [
    ...policyMistakes(createIdentityFunction),
    [
      () => createIdentityFunction(policy, { sign_up: event } as never),
      /sign_up is unknown; did you mean signup\?/,
    ],
    [() => createIdentityFunction(policy, { login: 'yes' } as never), /login must be a function/],
    [() => createIdentityFunction(policy, event as never), /must be an object/],
  ],
  protect: [
    [protecting({ policy, scopes: 'write' }), /scopes is unknown; did you mean scope\?/],
    [protecting({ policy, audiense: 'api' }), /did you mean audience\?/],
    [protecting({ policy, audience: 'other' }), /other is not among the policy's audiences/],
    [protecting({ policy, scope: ['write'] }), /write is not among the scopes/],
    [protecting({ policy, cost: 0 }), /protect: cost: must be a whole number/],
    [protecting({ policy, cost: 61 }), /protect: cost: 61 is above a limit that counts these calls \(60\)/],
    [protecting({ policy, cost: { answer: 'etag' } }), /protect: cost\.answer: name a header field/],
    [
      protecting({ policy, limits: { total: { limit: 99, windowSeconds: 60 } } }),
      /protect: name: name what the limits are of/,
    ],
    [protecting({ policy, name: 'a b' }), /protect: name: name what the limits are of/],
    [
      protecting({ policy, name: 'chat', limits: { total: { limit: 59, windowSeconds: 60 } } }),
      /protect: limits\.total: 59 in 60 s is below one session's 60/,
    ],
    [protecting({ policy, name: 'chat', limits: { leaseSeconds: 0 } }), /limits: leaseSeconds is unknown/],
    [protecting({ policy, name: 'chat', limits: { sesion: {} } }), /limits: sesion is unknown/],
    [protecting(policy), /give the policy/],
    [protecting({}), /give the policy/],
    [protecting(undefined), /give the policy/],
    [() => protect({ fetch: handler } as never, { policy }), /the handler must be a function/],
    [() => protect(undefined as never, { policy }), /the handler must be a function/],
  ],
  introspectionSecret: [
    [() => introspectionSecret(secret, undefined as never), /audience must/],
    [() => introspectionSecret(secret, { audience: 'api' } as never), /audience must/],
    [() => introspectionSecret(secret, ''), /audience must/],
    [() => introspectionSecret('short', 'api'), /shorter than 32 bytes/],
    [() => introspectionSecret({} as never, 'api'), /must be a text/],
  ],
  maintenanceBearer: [
    [() => maintenanceBearer(undefined as never), /is missing/],
    [() => maintenanceBearer({ secret } as never), /must be a text/],
  ],
  createIdentityAdmin: [
    [() => createIdentityAdmin({ timeout: 1 } as never), /timeout is unknown; did you mean timeoutSeconds\?/],
    [() => createIdentityAdmin({ timeoutSeconds: '8' } as never), /timeoutSeconds must be a number/],
    [() => createIdentityAdmin({ timeoutSeconds: 0 }), /timeoutSeconds must be a number/],
    [() => createIdentityAdmin({ timeoutSeconds: Number.NaN }), /timeoutSeconds must be a number/],
    [
      () => createIdentityAdmin({ timeoutSeconds: Number.POSITIVE_INFINITY }),
      /timeoutSeconds must be a number/,
    ],
    [() => createIdentityAdmin(8 as never), /must be an object/],
    [() => admin.list({ pageSize: 1, perpage: 1 } as never), /perpage is unknown; did you mean perPage\?/],
    [() => admin.list({ page: 2 } as never), /page is unknown; did you mean perPage\?/],
    [() => admin.list({ perPage: '10' } as never), /perPage must be/],
    [() => admin.list({ order: 'asc' } as never), /order must be/],
    [() => admin.list({ filter: 7 } as never), /filter must be a string/],
    [() => admin.page({ pages: 1 } as never), /did you mean page\?/],
    [() => admin.page({ page: 0 }), /page must be/],
    [
      () => admin.create({ email: 'a@b.example', password: 'x', confirmed: true } as never),
      /did you mean confirm\?/,
    ],
    [
      () => admin.create({ email: 'a@b.example', password: 'x', confirm: 'no' } as never),
      /confirm must be true or false/,
    ],
    [() => admin.create({ email: 'a@b.example' } as never), /password must be a non-empty string/],
    [
      () => admin.update(crypto.randomUUID(), { role: ['a'] } as never),
      /role is unknown; did you mean roles\?/,
    ],
    [() => admin.update(crypto.randomUUID(), { roles: 'a' } as never), /roles must be a list/],
    [() => admin.update(crypto.randomUUID(), { appMetadata: 'a' } as never), /appMetadata must be an object/],
    [() => admin.update(crypto.randomUUID(), { confirm: 1 } as never), /confirm must be true or false/],
  ],
  defineIdentityEvents: [
    [() => defineIdentityEvents({ validat: event } as never), /validat is unknown; did you mean validate\?/],
    [() => defineIdentityEvents({ userValidate: event } as never), /did you mean validate\?/],
    [() => defineIdentityEvents({ login: 'yes' } as never), /login must be a function/],
    [() => defineIdentityEvents({}), /at least one handler/],
    [() => defineIdentityEvents(undefined as never), /must be an object/],
  ],
  createIdentityWebhook: [
    [
      () => createIdentityWebhook({ userValidated: event } as never),
      /userValidated is unknown; did you mean userValidate\?/,
    ],
    [() => createIdentityWebhook({ userLogin: 'yes' } as never), /userLogin must be a function/],
    [() => createIdentityWebhook({}), /needs an event function/],
    [() => createIdentityWebhook(undefined as never), /must be an object/],
  ],
  addRoles: [
    [() => (addRoles as () => unknown)(), /at least one role/],
    [() => addRoles(['editor'] as never), /roles must be a list of non-empty strings/],
    [() => addRoles(''), /roles must be a list of non-empty strings/],
  ],
  mintToken: tokenMistakes(mintToken),
  makeAccessToken: tokenMistakes(makeAccessToken),
  bearerHeaders: tokenMistakes(bearerHeaders),
  createFakeSession: [
    [() => createFakeSession({ fetsh: handler } as never), /fetsh is unknown; did you mean fetch\?/],
    [() => createFakeSession({ fetch: new Response() } as never), /fetch must be a function/],
    [() => createFakeSession({ baseUrl: '/page' }), /baseUrl must be an absolute URL/],
    [() => createFakeSession({ baseUrl: null } as never), /baseUrl must be an absolute URL/],
    [() => createFakeSession(handler as never), /must be an object/],
    [() => createFakeSession(null as never), /must be an object/],
    [() => createFakeSession().failWith(429 as never), /failWith takes the code/],
    [() => createFakeSession().failWith('' as never), /failWith takes the code/],
  ],
  readBearer: 'takes no options',
  toUser: 'takes no options',
};

/** Under one name with that of another export of the package. */
const namesakes: Record<string, Mistake[]> = {
  'requireAccessToken of daypass/express': middlewareMistakes(requireInExpress),
};

const devParts: Record<string, Mistake[]> = {
  startDevIdentity: [
    [
      () => startDevIdentity({ tokenlimit: { limit: 1, windowSeconds: 1 } } as never),
      /did you mean tokenLimit\?/,
    ],
    [
      () => startDevIdentity({ tokenLimit: { limits: 1, windowSeconds: 1 } } as never),
      /did you mean limit\?/,
    ],
    [() => startDevIdentity({ events: { target: event, name: [] } } as never), /did you mean names\?/],
    [() => startDevIdentity({ events: { target: event, names: ['signedup'] } } as never), /events.names/],
    [() => startDevIdentity({ registration: 'close' } as never), /registration must be/],
    [() => startDevIdentity({ autoconfirm: 'false' } as never), /autoconfirm must be/],
    [() => startDevIdentity({ commitDelayMilliseconds: '2' } as never), /commitDelayMilliseconds must be/],
    [() => startDevIdentity({ now: 1 } as never), /now must be a function/],
    [() => startDevIdentity({ port: '80' } as never), /port must be/],
    [() => startDevIdentity(null as never), /must be an object/],
  ],
  startDevRedis: [
    [() => startDevRedis({ redisURL: 'redis://127.0.0.1' } as never), /did you mean redisUrl\?/],
    [() => startDevRedis({ backend: 'redis' } as never), /backend must be/],
    [() => startDevRedis({ token: 7 } as never), /token must be/],
    [() => startDevRedis({ port: '80' } as never), /port must be/],
    [() => startDevRedis(8080 as never), /must be an object/],
  ],
  startDevTurnstile: [
    [() => startDevTurnstile({ secretkey: 'x' } as never), /did you mean secretKey\?/],
    [() => startDevTurnstile({ secretKey: '' }), /secretKey must be/],
    [() => startDevTurnstile({ secretKey: 'x', now: 1 } as never), /now must be a function/],
    [() => startDevTurnstile({ secretKey: 'x', port: '80' } as never), /port must be/],
    [() => startDevTurnstile(undefined as never), /must be an object/],
  ],
  startNetlifyEmulator: [
    [
      () => startNetlifyEmulator({ projectRoot: '.', origin: 'http://localhost:1', enviroment: {} } as never),
      /did you mean environment\?/,
    ],
    [
      () => startNetlifyEmulator({ projectRoot: 7, origin: 'http://localhost:1', environment: {} } as never),
      /projectRoot/,
    ],
    [() => startNetlifyEmulator(undefined as never), /must be an object/],
  ],
};

/** In a page, where the checks are few: bytes count. */
const pageParts: Record<string, Mistake[]> = {
  DaypassProvider: ['sesion', 'Session', 'options'].map((name) => [
    () => renderToString(createElement(DaypassProvider, { [name]: createFakeSession() } as never)),
    new RegExp(`Daypass: no property ${name}; did you mean .*session`),
  ]),
};
pageParts.DaypassProvider?.push(
  [
    () => renderToString(createElement(DaypassProvider, { session: {} } as never)),
    /Daypass: bad property session/,
  ],
  [
    () => renderToString(createElement(DaypassProvider, { session: '/session' } as never)),
    /Daypass: bad property session/,
  ],
);

async function errorOf(call: () => unknown): Promise<unknown> {
  try {
    await call();
  } catch (error) {
    return error;
  }
  return 'no error';
}

describe.each(
  Object.entries({ ...mistakes, ...namesakes, ...devParts, ...pageParts }).filter(
    ([, list]) => list !== 'takes no options',
  ),
)('%s', (name, list) => {
  test.each((list as Mistake[]).map(([call, message]) => ({ message, call })))(
    '$message',
    async ({ call, message }) => {
      const error = await errorOf(call);
      // The stand-ins are a package of their own.
      const type = name in pageParts ? TypeError : ConfigurationError;
      expect(error).toBeInstanceOf(/^startDev/.test(name) ? OptionsError : type);
      expect(String(error)).toMatch(message);
      expect(String(error)).not.toContain(secret);
    },
  );
});

test('every function that the package exports to servers stands in the table', async () => {
  const folder = join(import.meta.dirname, '../../src/package');
  const modules = await Promise.all(
    globSync('*.ts', { cwd: folder }).map((file) => import(join(folder, file))),
  );
  const functions = modules
    .flatMap((module) => Object.entries(module as Record<string, unknown>))
    .filter(([, value]) => typeof value === 'function' && !(value.prototype instanceof Error))
    .map(([name]) => name);
  expect([...new Set(functions)].sort()).toEqual(Object.keys(mistakes).sort());
});

test('options that are undefined are left out', async () => {
  expect(() =>
    requireAccessToken({ ...verifier, scope: undefined, audience: undefined } as never),
  ).not.toThrow();
  expect(() => createIdentityAdmin({ timeoutSeconds: undefined } as never)).not.toThrow();
  expect(() => protect(handler, { policy, scope: undefined, audience: undefined } as never)).not.toThrow();
});
