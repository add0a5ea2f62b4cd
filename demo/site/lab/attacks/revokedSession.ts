import { revokePath } from '../../../../src/protocol/paths.ts';
import { type Attack, isRefusal, outcome } from '../attack.ts';
import { callApi } from '../callApi.ts';

export const revokedSession: Attack = {
  id: 'revoked-session',
  title: 'A revoked session',
  attempt: 'Keeps a pass, lets its session be revoked, and uses the pass again.',
  why: 'The gate asks Redis whether the session was revoked, and relies on an answer for a second at most; whoever verifies offline learns it when the pass expires.',
  async run(kit) {
    const pass = await kit.freshPass();
    const revoked = await kit.send('POST', revokePath, {
      body: new URLSearchParams({ token: pass }),
    });
    const called = await callApi(kit, pass);
    const refused = isRefusal(called.answer, {
      status: 401,
      codes: ['token_revoked'],
    });
    return outcome(revoked.answer.status === 200 && refused, [revoked, called]);
  },
};
