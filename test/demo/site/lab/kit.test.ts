import { expect, test } from 'vitest';
import { createLabKit } from '../../../../demo/site/lab/kit.ts';
import { openSite } from './openSite.ts';

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
