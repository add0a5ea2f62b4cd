import { accessTokenType } from '../../src/protocol/messages.ts';
import { introspectionSecret, maintenanceBearer } from '../../src/token/keys.ts';
import { type BrokerStack, type BrokerStackOptions, startBrokerStack } from '../support/brokerStack.ts';
import { type GateStack, type GateStackOptions, startGateStack } from '../support/gateStack.ts';
import { privateSecret } from '../support/tokens.ts';
import { type Examples, gatePath } from './document.ts';

/** One answer of broker or gate. */
export interface Answer {
  /** As the document names it: `POST /session/token`. */
  operation: string;
  /** What was tried, in a word or two. */
  name: string;
  status: number;
  headers: Headers;
  /** Parsed where it is JSON; undefined without content. */
  body: unknown;
}

/** 2026-11-29, so that a run today and one tomorrow answer the same. */
const now = 1_795_910_400;

/** Answers of a run of the real broker and gate over the stand-ins: of each operation, and of each kind of refusal. */
export async function collectAnswers(): Promise<Answer[]> {
  const answers: Answer[] = [];
  const record: Recorder = async (operation, name, answering) => {
    const answer = await answering;
    const text = await answer.text();
    const isJson = /\bjson\b/.test(answer.headers.get('content-type') ?? '');
    const body = text === '' ? undefined : isJson ? JSON.parse(text) : text;
    answers.push({ operation, name, status: answer.status, headers: answer.headers, body });
    return body;
  };
  await withBroker({}, (stack) => callBroker(stack, record));
  await withBroker({ policy: { admission: { proof: 'proof-of-work' } } }, async ({ request }) => {
    await record('GET /session/challenge', 'proof of work', request('/session/challenge'));
    await record(
      'GET /.well-known/oauth-authorization-server',
      'proof of work',
      request('/.well-known/oauth-authorization-server'),
    );
  });
  const once = { limit: 1, windowSeconds: 60 };
  await withBroker({ policy: { limits: { exchange: once, status: once } } }, async (stack) => {
    await stack.exchange(await stack.identityToken());
    await record('POST /session/token', 'too many', stack.exchange(await stack.identityToken()));
    await stack.request('/session/status');
    await record('GET /session/status', 'too many', stack.request('/session/status'));
  });
  await withBroker({}, async (stack) => {
    const { access_token: token = '' } = (await (
      await stack.exchange(await stack.identityToken())
    ).json()) as Record<string, string>;
    const another = await stack.identityToken();
    await stack.redis.close();
    await record('POST /session/token', 'Redis is away', stack.exchange(another));
    await record('POST /session/revoke', 'Redis is away', stack.postForm('/session/revoke', { token }));
    await record('GET /session/status', 'Redis is away', stack.request('/session/status'));
  });
  await withGate(
    {
      policy: {
        routes: [{ path: '/api/hello', scope: 'read', methods: ['GET'] }, { path: '/api/*' }],
        limits: { session: once },
      },
    },
    (stack) => callGate(stack, record),
  );
  return answers;
}

/** Keeps an answer, and hands its body on. */
type Recorder = (
  operation: string,
  name: string,
  answering: Response | Promise<Response>,
) => Promise<Record<string, string>>;

async function callBroker(stack: BrokerStack, record: Recorder): Promise<void> {
  const { request, postForm, exchange, identityToken } = stack;
  const post = 'POST /session/token';
  const spent = await identityToken();
  const { access_token: token = '' } = await record(post, 'exchange', exchange(spent));
  await record(post, 'renewal', exchange(token, { subject_token_type: accessTokenType }));
  await record(post, 'already exchanged', exchange(spent));
  await record(post, 'no grant type', postForm('/session/token', { audience: 'api' }));
  await record(post, 'unknown grant type', postForm('/session/token', { grant_type: 'password' }));
  await record(post, 'unknown audience', exchange(await identityToken(), { audience: 'nobody' }));
  await record(post, 'unknown scope', exchange(await identityToken(), { scope: 'everything' }));
  await record(post, 'a member', exchange(await identityToken('ada@example.com')));
  await record(post, 'another site', exchange('x', {}, { origin: 'https://elsewhere.example' }));
  await record(post, 'nothing at all', request('/session/token', { method: 'POST' }));
  const bearer = (value: string) => ({ headers: { authorization: `Bearer ${value}` } });
  const short = 'GET /session/token';
  await record(short, 'exchange', request('/session/token', bearer(await identityToken())));
  await record(short, 'no token', request('/session/token'));
  await record(short, 'no JWT', request('/session/token', bearer('abc')));
  await record(short, 'a member', request('/session/token', bearer(await identityToken('bob@example.com'))));

  const basic = (audience: string, key: string) => ({ authorization: `Basic ${btoa(`${audience}:${key}`)}` });
  const backend = basic('api', await introspectionSecret(privateSecret, 'api'));
  const introspect = 'POST /session/introspect';
  await record(introspect, 'active', postForm('/session/introspect', { token }, backend));
  await record(introspect, 'not active', postForm('/session/introspect', { token: 'abc' }, backend));
  await record(introspect, 'no token', postForm('/session/introspect', {}, backend));
  await record(introspect, 'wrong secret', postForm('/session/introspect', { token }, basic('api', 'guess')));

  const revoke = 'POST /session/revoke';
  await record(revoke, 'revoked', postForm('/session/revoke', { token }));
  await record(revoke, 'no token', postForm('/session/revoke', {}));
  await record(revoke, 'no form', request('/session/revoke', { method: 'POST', body: '{}' }));
  await record(post, 'revoked', exchange(token, { subject_token_type: accessTokenType }));

  await record('GET /session/challenge', 'no proof', request('/session/challenge'));
  await record(
    'GET /.well-known/oauth-authorization-server',
    'no proof',
    request('/.well-known/oauth-authorization-server'),
  );
  await record('GET /session/status', 'all is well', request('/session/status'));

  const owner = bearer(await maintenanceBearer(privateSecret));
  await record('POST /session/sweep', 'swept', request('/session/sweep', { method: 'POST', ...owner }));
  await record(
    'POST /session/sweep',
    'wrong bearer',
    request('/session/sweep', { method: 'POST', ...bearer('guess') }),
  );
  await record(
    'POST /session/sweep',
    'unknown field',
    postForm('/session/sweep', { curser: 'x' }, owner.headers),
  );
  await record('GET /session/stats', 'counts', request('/session/stats', owner));
  await record('GET /session/stats', 'no bearer', request('/session/stats'));
}

async function callGate(stack: GateStack, record: Recorder): Promise<void> {
  const get = `GET ${gatePath}`;
  stack.upstreamAnswers((response) => {
    response.setHeader('content-type', 'application/json');
    response.end('{"message":"Hello, visitor."}');
  });
  const token = await stack.mint({ scopes: ['read'] });
  await record(get, 'hello', stack.call('/api/hello', { token }));
  await record(get, 'too many', stack.call('/api/hello', { token }));
  await record(get, 'no token', stack.request('/api/hello'));
  await record(get, 'expired', stack.call('/api/hello', { token: await stack.mint({ now: now - 86_400 }) }));
  await record(get, 'no scope', stack.call('/api/hello'));
  await record(get, 'two tokens', stack.call('/api/hello', { headers: { 'x-daypass': token } }));
  await record(get, 'odd path', stack.call('/api/a%2fb'));
  await record(
    get,
    'another site',
    stack.call('/api/x', { headers: { origin: 'https://elsewhere.example' } }),
  );
  await record(get, 'WebSocket', stack.call('/api/x', { headers: { 'sec-websocket-key': 'x' } }));
  await record(`POST ${gatePath}`, 'method of no route', stack.call('/api/hello', { method: 'POST' }));
  await record(
    `POST ${gatePath}`,
    'too large',
    stack.call('/api/x', { method: 'POST', body: new Uint8Array(11 * 2 ** 20) }),
  );
  stack.upstreamAnswers((response) => response.destroy());
  await record(get, 'no backend', stack.call('/api/x'));
}

async function withBroker(
  options: BrokerStackOptions,
  use: (stack: BrokerStack) => Promise<void>,
): Promise<void> {
  const stack = await startBrokerStack({ now: () => now, ...options });
  await use(stack).finally(() => stack.close());
}

async function withGate(options: GateStackOptions, use: (stack: GateStack) => Promise<void>): Promise<void> {
  const stack = await startGateStack(options);
  await use(stack).finally(() => stack.close());
}

/** What differs from run to run, by member: a text of the same form stands for it. */
const constant: Readonly<Record<string, unknown>> = {
  sub: 'anon_q3Yk0v1uXy2bD8mJt6PzWg',
  jti: '5a0c3f0e-6f0b-4d0a-8f54-0f2f1f0f6f1e',
  nonce: '9d1f0c7b5a3e4f2d8b6c0a1e2f3d4c5b',
  salt: '0b1c2d3e4f5a6b7c8d9e0f1a2b3c4d5e',
  signature: '6f1c0a2b3d4e5f60718293a4b5c6d7e8f9012a3b4c5d6e7f8091a2b3c4d5e6f7',
  keySignature: '1a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d5e6f708192a3b4c5d6e7f809',
  keyPrefix: '00a1b2c3',
  expiresAt: now + 300,
  day: '2026-11-29',
  access_token: `eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCIsImtpZCI6IjhEdHJfWlNnIn0.${'A'.repeat(43)}.${'B'.repeat(43)}`,
};

function steady(value: unknown, name = ''): unknown {
  if (name in constant && typeof value !== 'object') return constant[name];
  if (Array.isArray(value)) return value.map((item) => steady(item));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, steady(item, key)]));
}

/** The bodies of a run as examples: what is random in them is always the same. */
export function toExamples(answers: readonly Answer[]): Examples {
  const examples: Record<string, Record<string, Record<string, unknown>>> = {};
  for (const { operation, name, status, body } of answers) {
    if (typeof body !== 'object') continue;
    // What the backend answers is its own.
    if (operation.endsWith(gatePath) && status < 400) continue;
    examples[operation] ??= {};
    examples[operation][status] ??= {};
    examples[operation][status][name] = steady(body);
  }
  return examples;
}
