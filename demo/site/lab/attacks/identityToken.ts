import { type Attack, judge } from '../attack.ts';
import { callApi } from '../callApi.ts';

export const identityToken: Attack = {
  id: 'identity-token',
  title: 'Identity token, straight to the API',
  attempt: 'Signs up, logs in, and skips the exchange.',
  why: 'Identity signs with a key that gate and API do not know; its token is good for one exchange and nothing else.',
  async run(kit) {
    const token = await kit.identityToken();
    const outcome = judge(await callApi(kit, token), {
      status: 401,
      codes: ['token_key'],
    });
    // The exchange deletes the throwaway user, which would stay behind otherwise.
    kit.keepPass(await kit.exchange(token));
    return {
      ...outcome,
      note: 'Exchanged afterwards, so that its throwaway user does not stay behind.',
    };
  },
};
