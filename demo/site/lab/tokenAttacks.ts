import { revokePath } from '../../../src/protocol/wire.ts';
import { type Attack, expectRefusal, isRefusal, outcome } from './attack.ts';
import { callApi } from './calls.ts';

/** Calls with no token or nonsense: any program can send these. */
export const emptyHanded: readonly Attack[] = [
  {
    id: 'no-token',
    title: 'No token',
    attempt: 'Calls the API as if it were open.',
    why: 'The gate lets no call through without a pass, and its challenge says what is missing.',
    run: async (kit) =>
      expectRefusal(await callApi(kit, undefined), {
        status: 401,
        codes: ['token_missing'],
      }),
  },
  {
    id: 'nonsense',
    title: 'Nonsense',
    attempt: 'Sends a word where the token belongs.',
    why: 'What is not a JWT in its canonical form is refused before any key is tried.',
    run: async (kit) =>
      expectRefusal(await callApi(kit, 'nonsense'), {
        status: 401,
        codes: ['token_malformed'],
      }),
  },
];

/** Calls with a token that is right but for one thing. */
export const forged: readonly Attack[] = [
  forgery('expired', 'token_expired', {
    title: 'Expired token',
    attempt: 'Sends a pass of yesterday, signed with the right key.',
    why: 'A pass lives for minutes: gate and API compare its expiry with their own clocks and allow 30 seconds.',
  }),
  forgery('wrong-secret', 'token_signature', {
    title: 'Wrong secret',
    attempt: 'Signs perfect claims with a guessed secret, under the right key’s name.',
    why: 'Only who holds the secret can make the signature, and the claims count for nothing without it.',
  }),
  forgery('alg-none', 'token_malformed', {
    title: 'Algorithm “none”',
    attempt: 'Sends perfect claims with alg: none and an empty signature.',
    why: 'The verifier decides on the algorithm, only HS256; a token without a signature is not even parsed.',
  }),
  forgery('another-audience', 'token_audience', {
    title: 'Another audience',
    attempt: 'Sends a token that is signed with the right key but meant for another API.',
    why: 'A key belongs to one API, so a token that names another is refused although its signature holds.',
  }),
  forgery('another-issuer', 'token_issuer', {
    title: 'Another site’s issuer',
    attempt: 'Sends a token that is signed with the right key but names another site as its issuer.',
    why: 'The issuer has to be this site, letter by letter, even if two sites were ever to share a secret.',
  }),
];

function forgery(id: string, code: string, words: Pick<Attack, 'title' | 'attempt' | 'why'>): Attack {
  return {
    id,
    ...words,
    local: true,
    run: async (kit) =>
      expectRefusal(await callApi(kit, await kit.forge(id)), {
        status: 401,
        codes: [code],
      }),
  };
}

export const identityToken: Attack = {
  id: 'identity-token',
  title: 'Identity token, straight to the API',
  attempt: 'Signs up, logs in, and skips the exchange.',
  why: 'Identity signs with a key that gate and API do not know; its token is good for one exchange and nothing else.',
  async run(kit) {
    const token = await kit.identityToken();
    const outcome = expectRefusal(await callApi(kit, token), {
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

export const revokedSession: Attack = {
  id: 'revoked-session',
  title: 'A revoked session',
  attempt: 'Keeps a pass, lets its session be revoked, and uses the pass again.',
  why: 'The gate asks Redis whether the session was revoked, and relies on an answer for at most a second; an offline verifier accepts the pass until it expires.',
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
