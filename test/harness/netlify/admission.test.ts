import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readSubscriptions } from '../../../dev/events/readSubscriptions.ts';
import { type DevIdentityServer, startDevIdentity } from '../../../dev/identity/start.ts';
import { type BrokerStack, startBrokerStack } from '../../support/brokerStack.ts';
import { solveChallenge } from '../../support/solveChallenge.ts';
import { privateSecret, secret } from '../../support/tokens.ts';
import { type NetlifyEmulator, startNetlifyEmulator } from './start.ts';

// The event function of a site with admission, as a site has it, under Netlify's own bootstrap.

const projectRoot = fileURLToPath(new URL('fixtures/admission', import.meta.url));
let identity: DevIdentityServer;
let emulator: NetlifyEmulator;
/** Gives the challenges, with the secrets and the Redis of the site. */
let broker: BrokerStack;
const calls: string[] = [];

beforeAll(async () => {
  broker = await startBrokerStack({
    policy: { admission: { proof: 'proof-of-work', proofOfWork: { difficulty: 6 } } },
  });
  identity = await startDevIdentity({
    // The emulator starts a worker for each call, which takes long on a busy machine.
    eventTimeoutSeconds: 20,
    events: {
      target: (request) => {
        calls.push(request.headers.get('x-netlify-event') ?? '');
        return emulator.dispatchEvent(request);
      },
      names: ['validate'],
    },
  });
  emulator = await startNetlifyEmulator({
    projectRoot,
    origin: 'http://localhost:8888',
    environment: {
      DAYPASS_SECRET: secret,
      DAYPASS_PRIVATE_SECRET: privateSecret,
      UPSTASH_REDIS_REST_URL: broker.redis.url,
      UPSTASH_REDIS_REST_TOKEN: broker.redis.token,
    },
  });
});
afterAll(async () => {
  await emulator.close();
  await identity.close();
  await broker.close();
});

async function signUp(email: string, data: Record<string, unknown>): Promise<number> {
  const body = JSON.stringify({ email, password: 'correct-horse-battery', data });
  calls.length = 0;
  const response = await fetch(`${identity.url}/signup`, { method: 'POST', body });
  await response.arrayBuffer();
  return response.status;
}

test('Netlify sees that it wants to validate, and nothing else', async () => {
  expect(await readSubscriptions(projectRoot, 'identity')).toEqual(['identity_validate']);
});

test('a sign-up without a proof leaves no row, one with a proof a marked row', async () => {
  expect(await signUp('a@visitor.invalid', {})).toBe(422);
  expect(calls).toEqual(Array(3).fill('identity_validate'));
  expect(identity.users.count()).toBe(0);
  const { proof } = await solveChallenge(await (await broker.request('/session/challenge')).json());
  expect(await signUp('a@visitor.invalid', { daypass_proof: proof, color: 'blue' })).toBe(200);
  expect(identity.users.list()).toMatchObject([
    {
      email: 'a@visitor.invalid',
      appMetadata: { provider: 'email', roles: ['anonymous'] },
      userMetadata: { color: 'blue' },
    },
  ]);
  expect(identity.users.list()[0]?.userMetadata).not.toHaveProperty('daypass_proof');
  expect(await signUp('b@visitor.invalid', { daypass_proof: proof })).toBe(422);
  expect(identity.users.count()).toBe(1);
});

test('a member is left as Identity made it', async () => {
  const data = { daypass_proof: 'x', color: 'blue' };
  expect(await signUp('member@example.com', data)).toBe(200);
  const row = identity.users.list().find(({ email }) => email === 'member@example.com');
  expect([row?.appMetadata, row?.userMetadata]).toEqual([{ provider: 'email' }, data]);
});
