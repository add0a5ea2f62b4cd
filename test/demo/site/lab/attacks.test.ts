import { expect, test } from 'vitest';
import { forgeries } from '../../../../demo/lab/forgeToken.ts';
import { type Attack, isRefusal, runAttack } from '../../../../demo/site/lab/attack.ts';
import { attacks } from '../../../../demo/site/lab/attacks.ts';
import { createLabKit } from '../../../../demo/site/lab/kit.ts';
import { openSite, refusal } from './openSite.ts';

function find(id: string): Attack {
  const attack = attacks.find((one) => one.id === id);
  if (!attack) throw new Error(`There is no attack ${id}.`);
  return attack;
}

const challenge = {
  'www-authenticate': 'Bearer realm="daypass", error="invalid_token"',
};

test('every line has its own id and words, and the forgeries are those that the lab makes', () => {
  expect(new Set(attacks.map(({ id }) => id)).size).toBe(attacks.length);
  for (const { title, attempt, why } of attacks) expect([title, attempt, why]).not.toContain('');
  for (const forgery of forgeries) expect(find(forgery).local).toBe(true);
});

test.each(attacks.map(({ id }) => id))(
  'against a site that refuses nothing, %s is not refused',
  async (id) => {
    const outcome = await runAttack(find(id), createLabKit(openSite().send));
    expect(outcome.verdict).toBe('not-refused');
    expect(outcome.shown.length).toBeGreaterThan(0);
  },
);

test.each(attacks.map(({ id }) => id))(
  'against a site that is down, %s is not called refused',
  async (id) => {
    const { send } = openSite(() => new Response(null, { status: 503 }));
    expect((await runAttack(find(id), createLabKit(send))).verdict).not.toBe('refused');
  },
);

test.each([
  [401, { code: 'token_expired' }, challenge, true],
  [401, { code: 'token_expired' }, {}, false],
  [403, { code: 'token_expired' }, challenge, false],
  [401, { code: 'token_signature' }, challenge, false],
  [401, undefined, challenge, false],
  [200, { code: 'token_expired' }, challenge, false],
])(
  'an answer %i with %j and %j counts as the refusal of an expired token: %s',
  (status, body, headers, held) => {
    const answer = {
      status,
      headers: new Headers(headers as Record<string, string>),
      body,
      milliseconds: 1,
    };
    expect(isRefusal(answer, { status: 401, codes: ['token_expired'] })).toBe(held);
  },
);

test('two access tokens out of one Identity token are a fault, none is one as well', async () => {
  for (const granted of [0, 2]) {
    let left = granted;
    const { send } = openSite((_, path) => {
      if (path !== '/session/token' || left > 0) {
        if (path === '/session/token') left -= 1;
        return undefined;
      }
      return refusal(400, 'already_exchanged');
    });
    expect((await runAttack(find('exchanged-twice'), createLabKit(send))).verdict).toBe('not-refused');
  }
});

test('a member who is refused and gone all the same is a fault, and is cleaned up either way', async () => {
  for (const [status, verdict] of [
    [200, 'refused'],
    [404, 'not-refused'],
  ] as const) {
    const { send, requests } = openSite((method, path) => {
      if (path === '/session/token') return refusal(403, 'not_throwaway');
      if (method === 'DELETE' && status === 404) return refusal(404, 'not_found');
      return path.endsWith('/user') ? Response.json({}, { status }) : undefined;
    });
    expect((await runAttack(find('member'), createLabKit(send))).verdict).toBe(verdict);
    expect(requests.at(-1)).toBe('DELETE /dev/members/id');
  }
});

test('the flood stops a few calls over the limit that the policy names', async () => {
  let calls = 0;
  const limit = 20;
  const { send } = openSite((_, path) => {
    if (path !== '/api/hello') return undefined;
    calls += 1;
    const headers = { 'ratelimit-policy': `"session";q=${limit};w=60` };
    if (calls > limit) return refusal(429, 'rate_limited', { ...headers, 'retry-after': '30' });
    return Response.json({}, { headers });
  });
  const outcome = await runAttack(find('flood'), createLabKit(send));
  expect(outcome.verdict).toBe('refused');
  expect(calls).toBe(26);
  expect(outcome.note).toBe('26 calls: 20 answered 200, 6 answered 429.');
  expect(outcome.shown.map(({ times, answer }) => [times, answer.status])).toEqual([
    [20, 200],
    [6, 429],
  ]);
});

test('the flood tells how often the stack asked Redis, where somebody counts', async () => {
  let calls = 0;
  const { send } = openSite((_, path) => {
    if (path !== '/api/hello') return undefined;
    calls += 1;
    return calls > 60 ? refusal(429, 'rate_limited', { 'retry-after': '30' }) : undefined;
  });
  let asked = 0;
  const roundTrips = async () => {
    asked += 1;
    return asked === 1 ? 100 : 120;
  };
  const outcome = await runAttack(find('flood'), createLabKit(send, undefined, roundTrips));
  expect(outcome.note).toBe(
    '66 calls: 60 answered 200, 6 answered 429. 20 round trips to Redis, 0.30 a call: the gate leases calls ahead.',
  );
});

test('an API that sees a forged address is a fault although the gate counts right', async () => {
  for (const [seen, verdict] of [
    ['203.0.113.7', 'not-refused'],
    ['192.0.2.1', 'refused'],
  ]) {
    let left = 500;
    const { send } = openSite((_, path) => {
      if (path !== '/api/headers') return undefined;
      left -= 1;
      const headers = {
        'ratelimit-policy': '"address";q=600;w=60',
        ratelimit: `"address";r=${left};t=60`,
      };
      return Response.json({ 'x-forwarded-for': seen }, { headers });
    });
    expect((await runAttack(find('spoofed-address'), createLabKit(send))).verdict).toBe(verdict);
  }
});

test('a set-up that is refused says why, and when to come back', async () => {
  const { send } = openSite((_, path) =>
    path === '/session/token' ? refusal(429, 'rate_limited', { 'retry-after': '90' }) : undefined,
  );
  const outcome = await runAttack(find('revoked-session'), createLabKit(send));
  expect(outcome.verdict).toBe('not-run');
  expect(outcome.note).toBe('Refused. rate_limited: No. Try again in 1 minute 30 seconds.');
  expect(outcome.shown[0]?.answer.status).toBe(429);
});

test('passes that an attack leaves unused serve the next: exchanges are counted', async () => {
  const { send, requests } = openSite();
  const kit = createLabKit(send);
  for (const id of ['identity-token', 'revoked-session', 'spoofed-address', 'climbing-path']) {
    await runAttack(find(id), kit);
  }
  expect(requests.filter((request) => request === 'POST /session/token')).toHaveLength(2);
});

async function signUpOf(makeProof?: () => Promise<string | undefined>): Promise<Record<string, unknown>> {
  let sent = '{}';
  const { send } = openSite((_, path, { body }) => {
    if (path.endsWith('/signup')) sent = String(body);
    return undefined;
  });
  await createLabKit(send, makeProof).identityToken();
  return JSON.parse(sent) as Record<string, unknown>;
}

test('a sign-up brings the proof that is asked for, and nothing else beside e-mail and password', async () => {
  expect((await signUpOf(async () => 'a proof')).data).toEqual({ daypass_proof: 'a proof' });
  expect(Object.keys(await signUpOf(async () => undefined))).toEqual(['email', 'password']);
  expect(Object.keys(await signUpOf())).toEqual(['email', 'password']);
});
