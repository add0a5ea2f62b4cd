import { expect, test, vi } from 'vitest';
import { createPrivateKeys } from '../../src/token/keys.ts';
import { otherSecret, privateSecret, subject } from '../support/tokens.ts';

const keys = await createPrivateKeys(privateSecret);
const session = { subject, audience: 'api', startedAt: 1_800_000_000 };

test('a session`s id is 22 characters of base64url, and the same in every instance', async () => {
  const id = await keys.sessionId(session);
  expect(id).toMatch(/^[A-Za-z0-9_-]{22}$/);
  expect(await (await createPrivateKeys(privateSecret)).sessionId({ ...session })).toBe(id);
});

test('no other session, and no other private secret, gives the same', async () => {
  const sessions = [
    session,
    { ...session, subject: `${subject}","api` },
    { ...session, audience: `api",1` },
    { ...session, audience: '' },
    { ...session, audience: 'api1', startedAt: 800_000_000 },
    { ...session, startedAt: 1_800_000_001 },
    { subject: 'api', audience: subject, startedAt: session.startedAt },
  ];
  const ids = await Promise.all(sessions.map((each) => keys.sessionId(each)));
  expect(new Set(ids).size).toBe(sessions.length);
  const others = await createPrivateKeys(otherSecret);
  expect(await others.sessionId(session)).not.toBe(ids[0]);
});

test('each key has a use of its own: one text gives different results under each', async () => {
  const text = JSON.stringify([subject, 'api', 1]);
  const made = [
    await keys.hashIdentifier(text),
    await keys.sessionId({ subject, audience: 'api', startedAt: 1 }),
    (await keys.introspectionSecret(text)).slice(0, 22),
  ];
  expect(new Set(made).size).toBe(3);
});

test('what a page is called by is hashed once', async () => {
  const fresh = await createPrivateKeys(privateSecret);
  const sign = vi.spyOn(crypto.subtle, 'sign');
  const hash = await fresh.hashIdentifier('anon_AAAAAAAAAAAAAAAAAAAAAA');
  const other = await fresh.hashIdentifier('198.51.100.7');
  expect(await fresh.hashIdentifier('anon_AAAAAAAAAAAAAAAAAAAAAA')).toBe(hash);
  expect(other).not.toBe(hash);
  expect(sign).toHaveBeenCalledTimes(2);
  sign.mockRestore();
});
