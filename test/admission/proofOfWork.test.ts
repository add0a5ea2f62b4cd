import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createProofOfWork, difficultyAt, drawCounter } from '../../src/admission/proofOfWork.ts';
import { DaypassError } from '../../src/protocol/error.ts';
import type { ChallengeResponse } from '../../src/protocol/messages.ts';
import { createUsedProofs } from '../../src/store/usedProofs.ts';
import { createPrivateKeys } from '../../src/token/keys.ts';
import { fc } from '../support/property.ts';
import { command, patient, useRedisBridge } from '../support/redisParts.ts';
import { codeOf } from '../support/rejection.ts';
import { encodePayload, solveChallenge } from '../support/solveChallenge.ts';
import { otherSecret, privateSecret } from '../support/tokens.ts';

const ada = '20675436-07be-4d28-b3aa-7fe0e7c2ddb1';
const bob = '3f0c1d2e-0000-4000-8000-000000000000';
const start = Date.UTC(2026, 10, 21, 12);
const settings = { difficulty: 8, maxDifficulty: 40, baselinePerMinute: 2, ttlSeconds: 300 };
const usual = { difficulty: 1000, maxDifficulty: 16_000, baselinePerMinute: 60, ttlSeconds: 300 };
const bridge = useRedisBridge();

let time: number;
/** altcha-lib and the stand-in of Redis read the system's clock. */
function setTime(milliseconds: number): void {
  time = milliseconds;
  vi.setSystemTime(milliseconds);
}

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ['Date'] });
  setTime(start);
  await command(bridge(), 'FLUSHALL');
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
  bridge().setFault(undefined);
});

async function connect(secret = privateSecret, chosen = settings) {
  const { hashIdentifier, proofSecret } = await createPrivateKeys(secret);
  const usedProofs = createUsedProofs(patient(bridge()), hashIdentifier, () => time);
  return createProofOfWork({ settings: chosen, proofSecret, usedProofs, now: () => time });
}

type Work = Extract<ChallengeResponse, { proof: 'proof-of-work' }>;
const challengeOf = async (proof: Awaited<ReturnType<typeof connect>>) => (await proof.challenge()) as Work;
const solved = async () => solveChallenge(await (await connect()).challenge());
const codeOfProof = async (proof: unknown, userId = ada) => {
  const other = await connect();
  return codeOf(() => other.verify(proof, userId));
};

describe('a challenge', () => {
  test('is ALTCHA`s, with what a page needs to know', async () => {
    const { challenge, ...rest } = await challengeOf(await connect());
    expect(rest).toEqual({ proof: 'proof-of-work', max_tries: 15, expires_in: 300 });
    expect(challenge).toEqual({
      parameters: {
        algorithm: 'PBKDF2/SHA-256',
        cost: 1000,
        keyLength: 32,
        nonce: expect.stringMatching(/^[0-9a-f]{32}$/),
        salt: expect.stringMatching(/^[0-9a-f]{32}$/),
        keyPrefix: expect.stringMatching(/^[0-9a-f]{32}$/),
        keySignature: expect.stringMatching(/^[0-9a-f]{64}$/),
        // Longer than `expires_in`, for the second and third try of Identity.
        expiresAt: start / 1000 + 320,
      },
      signature: expect.stringMatching(/^[0-9a-f]{64}$/),
    });
  });

  test('is solved within the tries that it names', async () => {
    const proof = await connect();
    for (let round = 0; round < 20; round += 1) {
      const given = await challengeOf(proof);
      const { solution } = await solveChallenge(given);
      expect(solution.counter).toBeLessThan(given.max_tries);
    }
  });

  test('is no other`s twin', async () => {
    const proof = await connect();
    const signatures = new Set<unknown>();
    for (let round = 0; round < 20; round += 1)
      signatures.add((await challengeOf(proof)).challenge.signature);
    expect(signatures.size).toBe(20);
  });
});

describe('a proof', () => {
  test('holds for one user, as often as Identity asks, and for no other', async () => {
    const { proof } = await solved();
    const codes = [];
    for (const user of [ada, ada, ada, bob, ada]) codes.push(await codeOfProof(proof, user));
    expect(codes).toEqual([
      'nothing was thrown',
      ...Array(2).fill('nothing was thrown'),
      'proof_used',
      'nothing was thrown',
    ]);
  });

  test('in another spelling is still the same proof', async () => {
    const { challenge, solution, proof } = await solved();
    expect(await codeOfProof(proof, ada)).toBe('nothing was thrown');
    const { parameters, signature } = challenge;
    const { counter, derivedKey } = solution;
    const spellings = [
      { solution: { derivedKey, counter }, challenge: { signature, parameters } },
      { challenge: { ...challenge, codeChallenge: { image: 'x' } }, solution },
      { challenge: { parameters: { ...parameters, data: { a: 1 } }, signature }, solution, more: 1 },
      { challenge, solution: { ...solution, counter: 0, time: 99 } },
    ];
    for (const payload of spellings)
      expect(await codeOfProof(encodePayload(payload), bob)).toBe('proof_used');
    expect(await codeOfProof(btoa(` ${JSON.stringify({ challenge, solution })}\n`), bob)).toBe('proof_used');
  });

  test('without its own solution is refused', async () => {
    const { challenge, solution } = await solved();
    const other = await solved();
    const wrong = [
      { ...solution, derivedKey: 'ab'.repeat(32) },
      // The half that anybody can read in the challenge, and a guess.
      { ...solution, derivedKey: challenge.parameters.keyPrefix + '00'.repeat(16) },
      other.solution,
    ];
    for (const each of wrong) {
      expect(await codeOfProof(encodePayload({ challenge, solution: each }))).toBe('proof_refused');
    }
    expect(await codeOfProof(encodePayload({ challenge, solution }))).toBe('nothing was thrown');
  });

  test('of a challenge that we did not sign is refused without a derivation', async () => {
    const { challenge, solution, proof } = await solved();
    const derive = vi.spyOn(crypto.subtle, 'deriveBits');
    const forgeries = [
      { ...challenge, signature: '0'.repeat(64) },
      { ...challenge, parameters: { ...challenge.parameters, expiresAt: start / 1000 + 9999 } },
      { ...challenge, parameters: { ...challenge.parameters, keySignature: '0'.repeat(64) } },
      { ...challenge, parameters: { ...challenge.parameters, keyPrefix: '0'.repeat(32) } },
      { ...challenge, parameters: { ...challenge.parameters, nonce: '0'.repeat(32) } },
    ];
    for (const each of forgeries) {
      expect(await codeOfProof(encodePayload({ challenge: each, solution }))).toBe('proof_refused');
    }
    const ofAnotherSite = await solveChallenge(await (await connect(otherSecret)).challenge());
    expect(derive).toHaveBeenCalled();
    derive.mockClear();
    expect(await codeOfProof(ofAnotherSite.proof)).toBe('proof_refused');
    expect(await codeOfProof(proof)).toBe('nothing was thrown');
    expect(derive).not.toHaveBeenCalled();
  });

  test('of another shape than ours is malformed', async () => {
    const { challenge, solution, proof } = await solved();
    const { parameters } = challenge;
    const of = (changed: object) =>
      encodePayload({ challenge: { ...challenge, parameters: { ...parameters, ...changed } }, solution });
    const malformed = [
      of({ algorithm: 'PBKDF2/SHA-512' }),
      of({ algorithm: 'ARGON2ID' }),
      of({ cost: 1 }),
      of({ cost: 1_000_000_000 }),
      of({ cost: '1000' }),
      of({ keyLength: 1_000_000_000 }),
      of({ keySignature: undefined }),
      of({ nonce: 'ABCDEF'.repeat(6).slice(0, 32) }),
      of({ expiresAt: `${start}` }),
      of({ expiresAt: -1 }),
      of({ salt: ['a'] }),
      encodePayload({ challenge: { parameters }, solution }),
      encodePayload({ challenge, solution: { ...solution, counter: 0.5 } }),
      encodePayload({ challenge, solution: { ...solution, counter: '5' } }),
      encodePayload({ challenge, solution: { counter: 5 } }),
      encodePayload({ challenge, solution: null }),
      encodePayload({ challenge }),
      encodePayload([challenge, solution]),
      encodePayload({ challenge, solution, padding: 'x'.repeat(4000) }),
      btoa('null'),
      btoa('"text"'),
      'bm9uc2Vuc2U=',
      'no base64!',
      `${proof} `,
      'A'.repeat(1_000_000),
      7,
      true,
      {},
      [proof],
    ];
    const derive = vi.spyOn(crypto.subtle, 'deriveBits');
    const before = bridge().requests;
    for (const each of malformed) expect([each, await codeOfProof(each)]).toEqual([each, 'proof_malformed']);
    for (const each of [undefined, null, '']) expect(await codeOfProof(each)).toBe('proof_missing');
    expect([derive.mock.calls.length, bridge().requests - before]).toEqual([0, 0]);
  });

  test('whatever it is, it is refused as a fault of the sign-up', async () => {
    const proof = await connect();
    const text = fc.oneof(
      fc.string({ maxLength: 300 }),
      fc.base64String({ maxLength: 300 }),
      fc.json().map(btoaOrNot),
      fc
        .record({
          challenge: fc.record({ parameters: fc.object(), signature: fc.string() }, { requiredKeys: [] }),
          solution: fc.record({ counter: fc.anything(), derivedKey: fc.string() }, { requiredKeys: [] }),
        })
        .map((payload) => btoaOrNot(JSON.stringify(payload))),
      fc.anything(),
    );
    await fc.assert(
      fc.asyncProperty(text, async (given) => {
        const error = await proof.verify(given, ada).catch((thrown: unknown) => thrown);
        expect(error).toBeInstanceOf(DaypassError);
        expect((error as DaypassError).status).toBe(422);
      }),
      { numRuns: 2000 },
    );
  });
});

function btoaOrNot(text: string): string {
  try {
    return btoa(text);
  } catch {
    return text;
  }
}

describe('the time', () => {
  test('a proof holds until its challenge expires, and not a second longer', async () => {
    const [first, second] = [await solved(), await solved()];
    setTime(start + 300_000);
    expect(await codeOfProof(first.proof)).toBe('nothing was thrown');
    setTime(start + 301_000);
    expect(await codeOfProof(second.proof)).toBe('proof_expired');
  });

  test('Identity`s second and third try come after it, and are answered like the first', async () => {
    const { proof } = await solved();
    setTime(start + 300_000);
    expect(await codeOfProof(proof, ada)).toBe('nothing was thrown');
    setTime(start + 315_000);
    expect([await codeOfProof(proof, ada), await codeOfProof(proof, bob)]).toEqual([
      'nothing was thrown',
      'proof_expired',
    ]);
    setTime(start + 321_000);
    expect(await codeOfProof(proof, ada)).toBe('proof_expired');
  });

  test('the mark outlives the challenge', async () => {
    const { proof, challenge } = await solved();
    const { hashIdentifier } = await createPrivateKeys(privateSecret);
    await codeOfProof(proof);
    const key = `daypass:proof:${await hashIdentifier(String(challenge.signature))}`;
    const ttlSeconds = Number(await command(bridge(), 'TTL', key));
    expect(ttlSeconds).toBeGreaterThan(320);
    expect(ttlSeconds).toBeLessThanOrEqual(380);
  });
});

describe('the load', () => {
  test('makes challenges harder, up to the cap; asking for challenges does not', async () => {
    const proof = await connect();
    for (let round = 0; round < 10; round += 1) await proof.challenge();
    expect((await challengeOf(proof)).max_tries).toBe(15);
    const admit = async (count: number) => {
      for (let round = 0; round < count; round += 1)
        await codeOfProof((await solved()).proof, crypto.randomUUID());
    };
    await admit(4);
    expect((await challengeOf(proof)).max_tries).toBe(31);
    await admit(16);
    expect((await challengeOf(proof)).max_tries).toBe(79);
    setTime(start + 120_000);
    expect((await challengeOf(proof)).max_tries).toBe(15);
  });

  test('proofs that are refused, or used again, do not count', async () => {
    const proof = await connect();
    const { challenge, solution, proof: good } = await solved();
    for (let round = 0; round < 5; round += 1) {
      await codeOfProof(good, ada);
      await codeOfProof(good, bob);
      await codeOfProof(encodePayload({ challenge, solution: { ...solution, derivedKey: '00'.repeat(32) } }));
    }
    expect((await challengeOf(proof)).max_tries).toBe(15);
  });
});

describe('the metadata', () => {
  test('the present difficulty and the cap, asking Redis every ten seconds at most', async () => {
    const proof = await connect();
    const before = bridge().requests;
    const calm = { proof: 'proof-of-work', difficulty: 8, max_difficulty: 40 };
    expect(await Promise.all(Array.from({ length: 20 }, () => proof.describe()))).toEqual(
      Array(20).fill(calm),
    );
    expect(bridge().requests - before).toBe(1);
    for (let round = 0; round < 4; round += 1) await codeOfProof((await solved()).proof, crypto.randomUUID());
    time = start + 9_999;
    expect(await proof.describe()).toEqual(calm);
    time = start + 10_000;
    expect(await proof.describe()).toEqual({ ...calm, difficulty: 16 });
  });

  test('a clock that was set back does not keep an old difficulty', async () => {
    const proof = await connect();
    const before = bridge().requests;
    await proof.describe();
    time = start - 3_600_000;
    await proof.describe();
    expect(bridge().requests - before).toBe(2);
    await proof.describe();
    expect(bridge().requests - before).toBe(2);
  });

  test('no difficulty while Redis is away, and it is not asked the more', async () => {
    bridge().setFault({ kind: 'bad-gateway' });
    const proof = await connect();
    const before = bridge().requests;
    for (let round = 0; round < 5; round += 1) {
      expect(await proof.describe()).toEqual({ proof: 'proof-of-work', max_difficulty: 40 });
    }
    expect(bridge().requests - before).toBe(1);
  });
});

test('Redis away: no challenge is given and no proof admitted', async () => {
  const { proof } = await solved();
  bridge().setFault({ kind: 'bad-gateway' });
  expect(await codeOfProof(proof)).toBe('store_unavailable');
  const away = await connect();
  expect(await codeOf(() => away.challenge())).toBe('store_unavailable');
  bridge().setFault(undefined);
  expect(await codeOfProof(proof)).toBe('nothing was thrown');
});

test.each([
  [0, 1000],
  [59, 1000],
  [60, 1000],
  [61, 1017],
  [90.5, 1508],
  [120, 2000],
  [959, 15_983],
  [960, 16_000],
  [1e9, 16_000],
])('at %d admissions a minute a proof takes %d units', (load, expected) => {
  expect(difficultyAt(load, usual)).toBe(expected);
});

describe('the counter', () => {
  test.each([
    [1, 1],
    [2, 3],
    [7, 13],
  ])('of difficulty %d takes %d tries at most, each number as often as the other', (difficulty, most) => {
    const draws = Array.from({ length: 4000 }, () => drawCounter(difficulty));
    expect(new Set(draws.map((draw) => draw.maxTries))).toEqual(new Set([most]));
    const counts = Array.from(
      { length: most },
      (_, index) => draws.filter(({ counter }) => counter === index).length,
    );
    expect(counts.reduce((sum, count) => sum + count)).toBe(4000);
    // Six standard deviations of a fair draw.
    const spread = 6 * Math.sqrt((4000 / most) * (1 - 1 / most));
    for (const count of counts) expect(Math.abs(count - 4000 / most)).toBeLessThanOrEqual(spread);
  });

  test('draws again what would favour the low ones', () => {
    const words = [0xffff_ffff, 0xffff_fffe, 5];
    const random = vi.spyOn(crypto, 'getRandomValues').mockImplementation((array) => {
      (array as Uint32Array)[0] = words.shift() ?? 0;
      return array;
    });
    // 1999 does not divide 2 ** 32: of the highest words there are too few.
    expect(drawCounter(1000)).toEqual({ counter: 5, maxTries: 1999 });
    expect(random).toHaveBeenCalledTimes(3);
  });
});
