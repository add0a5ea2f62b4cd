import { beforeAll, expect, test } from 'vitest';
import { DaypassError } from '../../src/protocol/error.ts';
import { secretWeakness } from '../../src/token/keys.ts';
import { type VerifyOptions, verifyToken } from '../../src/token/verify.ts';
import { describeWith } from '../support/optional.ts';
import { seed } from '../support/property.ts';
import { goodClaims, goodHeader, issuer, now, ring, secret, sign } from '../support/tokens.ts';
import { askPython } from './support/askPython.ts';
import { createChance } from './support/chance.ts';
import { type Mutant, mutate } from './support/mutate.ts';
import { oddCharacters } from './support/oddities.ts';
import { preparePython } from './support/venv.ts';

const rounds = Number(process.env.DAYPASS_ROUNDS ?? 20_000);
const batchSize = 10_000;

const policy: Omit<VerifyOptions, 'now'> = { keyRing: ring, issuer, deployContexts: ['production'] };

/** What our verifier says, in the words of `judge.py`. */
async function judge(token: string, at: number): Promise<object> {
  try {
    const { subject, issuedAt, expiresAt, sessionStartedAt, tokenId, scopes, deployContext } =
      await verifyToken(token, { ...policy, now: at });
    return {
      subject,
      issuedAt,
      expiresAt,
      sessionStartedAt: sessionStartedAt ?? null,
      tokenId,
      scopes,
      deployContext,
    };
  } catch (error) {
    if (error instanceof DaypassError) return { code: error.code };
    throw error;
  }
}

function toQuestion({ token, now: at }: { token: string; now: number }): object {
  return { token, now: at, secret, issuer, audience: 'api', deployContexts: ['production'] };
}

/** What was changed after it was signed never holds, nor what was signed and means something else. */
function meansWell(token: string): boolean {
  const [header, claims] = token
    .split('.', 2)
    .map((part) => JSON.parse(Buffer.from(part, 'base64url').toString())) as [
    typeof goodHeader,
    typeof goodClaims,
  ];
  const { alg, typ, kid } = header;
  const { iss, aud, deploy_context, iat, exp } = claims;
  const wanted = [...Object.values(goodHeader), issuer, 'api', 'production'];
  const says = [alg, typ, kid, iss, aud, deploy_context];
  return says.every((value, index) => value === wanted[index]) && exp > iat && exp - iat <= 3600;
}

describeWith('python3')('TypeScript and Python', () => {
  let python = '';
  beforeAll(async () => {
    python = await preparePython();
  }, 300_000);

  test('both take what is minted', async () => {
    const question = { token: await sign(goodHeader, goodClaims), now };
    expect(await askPython(python, [toQuestion(question)])).toEqual([await judge(question.token, now)]);
    expect(await judge(question.token, now)).toMatchObject({ subject: goodClaims.sub });
  });

  test(`agree on ${rounds} mutated tokens (DAYPASS_SEED=${seed})`, { timeout: 600_000 }, async () => {
    console.log(`agreement: DAYPASS_SEED=${seed}`);
    const chance = createChance(seed);
    const codes = new Map<string, number>();
    for (let done = 0; done < rounds; done += batchSize) {
      const mutants: Mutant[] = Array.from({ length: Math.min(batchSize, rounds - done) }, () =>
        mutate(chance),
      );
      const [ours, theirs] = await Promise.all([
        Promise.all(mutants.map(({ token, now: at }) => judge(token, at))),
        askPython(python, mutants.map(toQuestion)),
      ]);
      for (const [index, mutant] of mutants.entries()) {
        const answer = ours[index] as { code?: string };
        const agree = JSON.stringify(answer) === JSON.stringify(theirs[index]);
        if (!agree) expect({ ...mutant, says: theirs[index] }).toEqual({ ...mutant, says: answer });
        if (!answer.code && !(mutant.signed && meansWell(mutant.token))) expect(mutant).toBe('refused');
        const code = answer.code ?? 'accepted';
        codes.set(code, (codes.get(code) ?? 0) + 1);
      }
    }
    // Mutants that all fail for one reason would prove little.
    console.log('agreement:', Object.fromEntries([...codes].sort((a, b) => b[1] - a[1])));
    expect(codes.size).toBe(14);
    for (const count of codes.values()) expect(count / rounds).toBeGreaterThan(0.0005);
  });

  test('agree on which secrets are weak', async () => {
    const chance = createChance(seed);
    const pieces = [...oddCharacters.filter((each) => each.length === 1 && !/[\ud800-\udfff]/.test(each))];
    const words = [
      'secret',
      'your-key',
      'CHANGE_ME',
      'Password',
      '<x>',
      '{{A}}',
      'abcdefgh',
      '12345678',
      'u1ZkQ0yXr8',
      ...pieces,
    ];
    const secrets = Array.from({ length: 5_000 }, () =>
      Array.from({ length: 1 + chance.below(12) }, () => chance.pick(words)).join(''),
    );
    const theirs = await askPython(
      python,
      secrets.map((weak) => ({ weak })),
    );
    expect(theirs).toEqual(secrets.map((weak) => ({ weakness: secretWeakness(weak) ?? null })));
  });
});
