import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { createBrokerApp } from '../../src/http/brokerApp.ts';
import type { SweepResponse } from '../../src/protocol/messages.ts';
import { closeToTheRule, created, orphans } from '../broker/sweep/support.ts';
import {
  type BrokerStack,
  callerAddress,
  outcome,
  siteUrl,
  startBrokerStack,
} from '../support/brokerStack.ts';
import { now } from '../support/tokens.ts';

let stack: BrokerStack;
let bearer: string;
beforeAll(async () => {
  stack = await startBrokerStack({ now: () => now, identity: { commitDelayMilliseconds: 0 } });
  bearer = await stack.broker.privateKeys.maintenanceBearer();
});
afterAll(() => stack.close());

const count = () => stack.identity.users.count();
function plant(users: typeof closeToTheRule): void {
  for (const user of users) stack.identity.users.plant({ ...created(7200), ...user });
}

describe('POST /session/sweep', () => {
  const post = (init: RequestInit = {}, authorization = `Bearer ${bearer}`) => {
    const headers = { ...(init.headers as Record<string, string>), authorization };
    return stack.request('/session/sweep', { method: 'POST', ...init, headers });
  };
  const form = (...pairs: [string, string][]) => ({ body: new URLSearchParams(pairs) });

  test('without a body: sweeps, and says what it did', async () => {
    plant([...closeToTheRule, ...orphans(20)]);
    const response = await post();
    expect(response.status).toBe(200);
    expect(response.headers.get('cache-control')).toBe('no-store');
    expect(await response.json()).toEqual({
      seen: 30,
      deleted: 20,
      gone: 0,
      kept: 10,
      failed: 0,
      unread: 0,
      done: true,
      note: expect.any(String),
    });
    expect(count()).toBe(closeToTheRule.length);
  });

  test('only the owner may', async () => {
    plant(orphans(1));
    const before = count();
    for (const [authorization, refusal] of [
      ['', '401 token_missing'],
      ['Basic x', '401 token_missing'],
      [`Bearer ${'A'.repeat(43)}`, '401 maintenance_bearer'],
      [`Bearer ${stack.identity.operatorToken}`, '401 maintenance_bearer'],
    ]) {
      expect(await outcome(await post({}, authorization))).toBe(refusal);
    }
    expect(count()).toBe(before);
    expect(((await (await post()).json()) as SweepResponse).deleted).toBe(1);
  });

  test('goes on at a cursor, and finds the audiences that are named', async () => {
    plant([
      { email: 'a@visitor.invalid', aud: 'second' },
      { email: 'b@visitor.invalid', aud: 'third one' },
    ]);
    const fields = form(['audience', 'second'], ['audience', 'third one'], ['cursor', 'all.0.second']);
    expect(await (await post(fields)).json()).toMatchObject({ deleted: 2, kept: 0, done: true });
  });

  test.each([
    ['two cursors', form(['cursor', 'all.0.'], ['cursor', 'all.1.']), '400 repeated_parameter'],
    ['a cursor that is none', form(['cursor', '17']), '400 malformed_request'],
    ['an audience that no field can carry', form(['audience', 'a\nb: c']), '400 malformed_request'],
    ['a misspelt field', form(['cursro', 'all.0.']), '400 malformed_request'],
    ['an audience that is none', form(['audience', ' ']), '400 malformed_request'],
    ['another kind of body', { body: '{}' }, '400 unsupported_content_type'],
  ])('%s', async (_, init, refusal) => {
    expect(await outcome(await post(init))).toBe(refusal);
  });

  test('Identity away', async () => {
    stack.identity.faults.answer = { '/admin/users': 503 };
    expect(await outcome(await post())).toBe('503 identity_unavailable');
    stack.identity.faults.answer = {};
  });
});

describe('beside an exchange', () => {
  afterEach(() => {
    stack.identity.faults.answer = {};
    stack.identity.faults.hangPaths = [];
  });

  /** A fresh instance of the broker, and what it asks to be kept alive for. */
  async function exchangeOnce(prepare: () => void = () => undefined) {
    const logged: string[] = [];
    const app = createBrokerApp(stack.broker, (event, fields) =>
      logged.push(JSON.stringify({ event, ...fields })),
    );
    const token = await stack.identityToken();
    prepare();
    const work: Promise<unknown>[] = [];
    const env = {
      clientAddress: callerAddress,
      waitUntil: (promise: Promise<unknown>) => work.push(promise),
    };
    const init = { headers: { authorization: `Bearer ${token}` } };
    const response = await app.request(`${siteUrl}/session/token`, init, env);
    return { response, work, logged };
  }

  test('a few of the oldest go', async () => {
    plant(orphans(8));
    const before = count();
    const { response, work } = await exchangeOnce();
    expect(response.status).toBe(200);
    await Promise.all(work);
    expect(count()).toBe(before - 5);
  });

  test('its answer waits for none of it', async () => {
    let hanging = true;
    const { response, work } = await exchangeOnce(() => {
      // The list alone hangs: the DELETE of the exchange lies below the same path.
      const { listUsers } = stack.broker.identity;
      stack.broker.identity.listUsers = async (...args) => {
        while (hanging) await new Promise((resolve) => setTimeout(resolve, 5));
        return listUsers(...args);
      };
    });
    expect(response.status).toBe(200);
    expect(work).toHaveLength(1);
    hanging = false;
    await Promise.all(work);
  });

  test('what goes wrong is logged, and the visitor never hears of it', async () => {
    const { listUsers } = stack.broker.identity;
    stack.broker.identity.listUsers = () => Promise.reject(new Error('inner workings'));
    const { response, work, logged } = await exchangeOnce();
    expect(response.status).toBe(200);
    await Promise.all(work);
    expect(logged.join()).toContain('inner workings');
    stack.broker.identity.listUsers = listUsers;
  });

  test('a refused exchange sweeps no user', async () => {
    const { response, work } = await exchangeOnce(() => {
      stack.identity.faults.answer = { '/user': 500 };
    });
    expect([response.status, work]).toEqual([503, []]);
  });
});
