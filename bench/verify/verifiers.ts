import { verify as verifyOfHono } from 'hono/jwt';
import { jwtVerify } from 'jose';
import { measure } from 'mitata';
import { createVerifier } from '../../src/package/verify.ts';
import { createKeyRing } from '../../src/token/keys.ts';
import { mintAccessToken, randomId } from '../../src/token/mint.ts';
import { issuer, secret } from '../../test/support/tokens.ts';
import { installOthers, versionOf } from '../support/others.ts';

export type Verify = (token: string) => unknown;

interface OtherOptions {
  issuer?: string;
  audience?: string;
  algorithms: string[];
}

interface FastJwt {
  createVerifier(options: object): Verify;
}

interface JsonWebToken {
  verify(token: string, secret: string, options: OtherOptions): unknown;
}

/**
 * Verifiers of one site's tokens: ours, and what others make of the same rules, as far as they have them. Each has
 * imported its key once, where it can.
 * @throws {MissingProgram} npm cannot have the others
 */
export async function createVerifiers() {
  const { path, require } = await installOthers('verify');
  const fastJwt = require('fast-jwt') as FastJwt;
  const jsonWebToken = require('jsonwebtoken') as JsonWebToken;
  const hmac = { name: 'HMAC', hash: 'SHA-256' };
  const bytes = new TextEncoder().encode(secret);
  const key = await crypto.subtle.importKey('raw', bytes, hmac, false, ['verify']);
  const rules = { issuer, audience: 'api', algorithms: ['HS256'] };
  const fastRules = { key: secret, algorithms: ['HS256'], allowedIss: issuer, allowedAud: 'api' };
  return {
    ours: createVerifier({ secret, issuer }) as Verify,
    jose: ((token) => jwtVerify(token, key, rules)) as Verify,
    fastJwt: fastJwt.createVerifier(fastRules),
    fastJwtCached: fastJwt.createVerifier({ ...fastRules, cache: 1024 }),
    jsonWebToken: ((token) => jsonWebToken.verify(token, secret, rules)) as Verify,
    hono: ((token) => verifyOfHono(token, secret, { alg: 'HS256', iss: issuer, aud: 'api' })) as Verify,
    versions: {
      fastJwt: await versionOf(path, 'fast-jwt'),
      jsonWebToken: await versionOf(path, 'jsonwebtoken'),
    },
  };
}

/** Access tokens of as many sessions, as the broker mints them. */
export async function mintTokens(count: number): Promise<string[]> {
  const keyRing = await createKeyRing({ audience: 'api', secret });
  const now = Math.floor(Date.now() / 1000);
  const mint = () =>
    mintAccessToken({
      keyRing,
      issuer,
      subject: `anon_${randomId()}`,
      sessionId: randomId(),
      scopes: ['read'],
      deployContext: 'production',
      // No token expires while it is measured.
      ttlSeconds: 3600,
      sessionStartedAt: now,
      now,
    });
  return Promise.all(Array.from({ length: count }, mint));
}

/**
 * What a verifier costs for one token, in microseconds of CPU on all threads.
 * @param tokens come round in turn, also from one round to the next
 */
export function costOf(verify: Verify, tokens: readonly string[]): () => Promise<number> {
  let next = 0;
  const verifyNext = async () => {
    await verify(tokens[next++ % tokens.length] as string);
  };
  return async () => {
    const { avg } = await measure(verifyNext, {
      now: cpuNanoseconds,
      // That clock has microseconds, so nothing is timed by itself.
      batch_threshold: Number.POSITIVE_INFINITY,
      batch_samples: 256,
      min_samples: 2,
      // Short: the sides take turns the more often.
      min_cpu_time: 20e6,
    });
    return avg / 1000;
  };
}

function cpuNanoseconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) * 1000;
}
