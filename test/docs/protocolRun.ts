import { introspectionSecret, maintenanceBearer } from '../../src/package/netlify.ts';
import { accessTokenType, jwtTokenType, tokenExchangeGrant } from '../../src/protocol/messages.ts';
import { startBrokerStack } from '../support/brokerStack.ts';
import { startGateStack } from '../support/gateStack.ts';
import { privateSecret } from '../support/tokens.ts';

const host = 'site.example';
const page = 'https://app.example';

/** What differs from run to run, and what nobody needs to read in full. */
const shortened: [RegExp, string][] = [
  [/\beyJ[\w-]+(?:\.[\w-]*){0,2}/g, 'eyJhbGciOiJI…'],
  [/Basic [\w+/=]+/g, 'Basic YXBpOjNv…'],
  [/anon_[\w-]{22}/g, 'anon_WJZ0…'],
  [/("(?:jti|sid)": ")[\w-]+/g, '$1kTq8…'],
  [/("(?:nonce|salt|signature|keyPrefix|keySignature)": ")[\w-]+/g, '$14f1c…'],
  [/("kid": ")[\w-]+/g, '$1Xb2k…'],
  [/("id": ")[\w-]+/g, '$1a1f0c3d2-…'],
  [/(refresh_token": ")[\w-]+/g, '$1V1pz…'],
  [/\d{30,}@/g, '2838201934…@'],
  [/("(?:email|username)": ?")\d[^@"]*@/g, '$12838201934…@'],
  [/username=\d[^&\n]*/g, 'username=2838201934…%40visitor.invalid'],
  [/(password"?[=:] ?"?)\d{20,}/g, '$18374650192…'],
  [/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g, '5f0c1d6e-…'],
  [/Bearer [\w-]{43}(?![\w.-])/g, 'Bearer n0pQ…'],
  [/(T\d\d:\d\d:\d\d)\.\d+Z/g, '$1Z'],
  // Of a window of a minute that has just begun, however long the run has taken.
  [/(?<=;t=|retry-after: )(?:60|5\d)\b/g, '60'],
];

function shorten(text: string): string {
  return shortened.reduce((shorter, [form, short]) => shorter.replaceAll(form, short), text);
}

function showHeaders(headers: Iterable<[string, string]>): string {
  return [...headers].map(([name, value]) => `${name}: ${value}\n`).join('');
}

/** Indented; what holds nothing but a few values stays on one line. */
function showJson(value: unknown): string {
  return JSON.stringify(value, null, 2).replaceAll(/(?<=[:\]},[] *\n? *)[{[][^{}[\]]+[}\]]/g, (inner) => {
    const line = inner.replaceAll(/\s*\n\s*/g, ' ');
    return line.length < 90 ? line : inner;
  });
}

function showBody(body: string): string {
  if (body === '') return '';
  if (/^[{[]/.test(body)) return `\n${showJson(JSON.parse(body))}\n`;
  // A form, one parameter a line.
  return `\n${body.replaceAll('&', '\n  &')}\n`;
}

/** Fields that the server of the run adds, and another would add others. */
const ofConnection = ['connection', 'content-length', 'date', 'keep-alive', 'transfer-encoding'];

/** One request and its answer, as they are on the wire. */
async function show(
  answer: (path: string, init: RequestInit) => Response | Promise<Response>,
  line: `${'GET' | 'POST' | 'OPTIONS'} ${string}`,
  headers: Record<string, string> = {},
  body?: URLSearchParams | object,
): Promise<{ text: string; response: Response; body: string }> {
  const [method = '', path = ''] = line.split(' ');
  const isForm = body instanceof URLSearchParams;
  const content = body === undefined ? undefined : isForm ? String(body) : JSON.stringify(body);
  const type = isForm ? 'application/x-www-form-urlencoded' : 'application/json';
  const sent = { ...(content !== undefined && { 'content-type': type }), ...headers };
  const response = await answer(path, {
    method,
    headers: sent,
    ...(content !== undefined && { body: content }),
  });
  const answered = await response.text();
  const fields = [...response.headers].filter(([name]) => !ofConnection.includes(name));
  const text = [
    `${method} ${path} HTTP/1.1\nhost: ${host}\n${showHeaders(Object.entries(sent))}${showBody(content ?? '')}`,
    `HTTP/1.1 ${response.status}\n${showHeaders(fields)}${showBody(answered.trim())}`,
  ].join('\n');
  return { text: `\`\`\`http\n${shorten(text).trim()}\n\`\`\``, response, body: answered };
}

/** Header and claims of a token, as a backend reads them. */
function showToken(token: string): string {
  const read = (part = '') => JSON.parse(Buffer.from(part, 'base64url').toString());
  const [header, claims] = token.split('.').map((part, index) => (index < 2 ? read(part) : undefined));
  return shorten(`\`\`\`json\n${showJson({ header, claims })}\n\`\`\``);
}

/** Speaks the whole protocol once with a broker, a gate and an Identity. The clock must stand still. */
export async function runProtocol(): Promise<Map<string, string>> {
  const broker = await startBrokerStack({
    policy: {
      origins: [page],
      admission: { proof: 'proof-of-work' },
      audiences: { api: { secret: 'DAYPASS_SECRET', scopes: ['read', 'write'] } },
    },
  });
  const open = await startBrokerStack({ redis: broker.redis });
  const gate = await startGateStack({
    redis: broker.redis,
    policy: {
      origins: [page],
      limits: { session: { limit: 2, windowSeconds: 60 } },
      routes: [{ path: '/api/notes', scope: 'write' }, { path: '/api/*' }],
    },
  });
  gate.upstreamAnswers((response) =>
    response.writeHead(200, { 'content-type': 'application/json' }).end('{"message":"Hello, visitor."}'),
  );
  const shown = new Map<string, string>();
  const identity = (path: string, init: RequestInit) =>
    fetch(open.identity.url + path.slice('/.netlify/identity'.length), init);
  const record = async (name: string, ...call: Parameters<typeof show>) => {
    const made = await show(...call);
    shown.set(name, made.text);
    return made;
  };
  try {
    const [email, password] = [`${'2838201934'.repeat(4)}@visitor.invalid`, '8374650192'.repeat(4)];
    await record('sign-up', identity, 'POST /.netlify/identity/signup', {}, { email, password });
    const login = new URLSearchParams({ grant_type: 'password', username: email, password });
    const loggedIn = await record('log-in', identity, 'POST /.netlify/identity/token', {}, login);
    const identityToken = JSON.parse(loggedIn.body).access_token as string;

    const form = (subject_token: string, subject_token_type: string, more = {}) =>
      new URLSearchParams({ grant_type: tokenExchangeGrant, subject_token, subject_token_type, ...more });
    const exchange = form(identityToken, jwtTokenType, { scope: 'read write' });
    const exchanged = await record('exchange', open.request, 'POST /session/token', {}, exchange);
    const { access_token: token } = JSON.parse(exchanged.body);
    shown.set('access-token', showToken(token));
    await record('exchange-refused', open.request, 'POST /session/token', {}, exchange);
    const short = { authorization: `Bearer ${await open.identityToken()}` };
    await record('short-form', open.request, 'GET /session/token', short);
    const renewal = form(token, accessTokenType, { scope: 'read' });
    const renewed = await record('renewal', open.request, 'POST /session/token', {}, renewal);
    const { access_token: next } = JSON.parse(renewed.body);

    await record('challenge', broker.request, 'GET /session/challenge');
    await record('metadata', broker.request, 'GET /.well-known/oauth-authorization-server');
    await record('status', open.request, 'GET /session/status', { accept: 'application/json' });

    const bearer = { authorization: `Bearer ${next}` };
    await record('call', gate.request, 'GET /api/hello', bearer);
    await record('call-without-token', gate.request, 'GET /api/hello');
    const forged = { authorization: `Bearer ${next.slice(0, -8)}AAAAAAAA` };
    await record('call-refused', gate.request, 'GET /api/hello', forged);
    await record('call-scope', gate.request, 'GET /api/notes', bearer);
    await gate.request('/api/hello', { headers: bearer });
    await record('call-limited', gate.request, 'GET /api/hello', bearer);
    const preflight = {
      origin: page,
      'access-control-request-method': 'GET',
      'access-control-request-headers': 'authorization',
    };
    await record('preflight', gate.request, 'OPTIONS /api/hello', preflight);

    const basic = {
      authorization: `Basic ${btoa(`api:${await introspectionSecret(privateSecret, 'api')}`)}`,
    };
    const ofToken = () => new URLSearchParams({ token: next });
    await record('introspection', open.request, 'POST /session/introspect', basic, ofToken());
    await record('revocation', open.request, 'POST /session/revoke', {}, ofToken());
    await record('introspection-revoked', open.request, 'POST /session/introspect', basic, ofToken());

    await gate.counters.flush();
    const owner = { authorization: `Bearer ${await maintenanceBearer(privateSecret)}` };
    await record('stats', open.request, 'GET /session/stats', owner);
    await record('sweep', open.request, 'POST /session/sweep', owner);
    return shown;
  } finally {
    await gate.close();
    await open.close();
    await broker.close();
  }
}
