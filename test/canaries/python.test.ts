import { execFileSync } from 'node:child_process';
import { beforeAll, expect, test } from 'vitest';
import { createKeyRing } from '../../src/token/keys.ts';
import { type MintOptions, mintAccessToken } from '../../src/token/mint.ts';
import { packageFolder, preparePython } from '../python/support/venv.ts';
import { createCanaries, newCanary } from '../support/canaries.ts';
import { describeWith } from '../support/optional.ts';
import { issuer, subject } from '../support/tokens.ts';

/** Verifies tokens and makes verifiers of bad settings, and writes all that a backend could write about that. */
const program = `
import json, logging, sys, traceback, warnings
from daypass import ConfigurationError, TokenError, Verifier

logging.basicConfig(level=logging.DEBUG, stream=sys.stdout)
warnings.simplefilter("always")
given = json.load(sys.stdin)
verifier = Verifier(given["secret"], issuer=given["issuer"])
print(repr(verifier), str(verifier))
for token in given["tokens"]:
    try:
        print(repr(verifier.verify(token)))
    except TokenError as error:
        traceback.print_exc(file=sys.stdout)
        print(error.code, repr(error), str(error), vars(error))
for secret in given["bad_secrets"]:
    try:
        Verifier(secret, issuer=given["issuer"])
    except ConfigurationError as error:
        traceback.print_exc(file=sys.stdout)
        print("refused", repr(error), str(error), vars(error))
`;

describeWith('python 3.10')('the Python package', () => {
  let python: string;
  beforeAll(async () => {
    python = await preparePython();
  });

  test('writes no secret and no token, whatever it refuses', async () => {
    const canaries = createCanaries();
    const secret = canaries.plant('the secret', newCanary());
    const keyRing = await createKeyRing({ audience: 'api', secret });
    const now = Math.floor(Date.now() / 1000);
    const mint = async (name: string, changes: Partial<MintOptions> = {}) =>
      canaries.plantToken(
        name,
        await mintAccessToken({
          ...{ keyRing, issuer, subject, scopes: [], deployContext: 'production', ttlSeconds: 300 },
          ...{ sessionStartedAt: now, now },
          ...changes,
        }),
      );
    const good = await mint('a good token');
    const others = createKeyRing({ audience: 'api', secret: canaries.plant('another secret', newCanary()) });
    const tokens = [
      good,
      good.replace(/.{4}$/, 'AAAA'),
      `${good}=`,
      await mint('an expired token', { now: now - 86_400, sessionStartedAt: now - 86_400 }),
      await mint('a token of another site', { issuer: 'https://another.example' }),
      await mint('a token of a preview', { deployContext: 'deploy-preview' }),
      await mint('a token for another backend', {
        keyRing: await createKeyRing({ audience: 'admin', secret }),
      }),
      await mint('a token of another key', { keyRing: await others }),
      `Bearer ${good}`,
      secret,
    ];
    const short = canaries.plant('a short secret', newCanary().slice(0, 30));
    const input = JSON.stringify({
      secret,
      issuer,
      tokens,
      bad_secrets: [short, ` ${secret}`, `${short}${short}`, good],
    });
    const output = execFileSync(python, ['-c', program], { cwd: packageFolder, input, encoding: 'utf8' });
    expect(output).toContain('token_signature');
    expect(output).toContain('refused ');
    expect(output.match(/TokenError\(/g)?.length).toBeGreaterThanOrEqual(tokens.length - 1);
    expect(canaries.findIn(output)).toEqual([]);
  });
});
