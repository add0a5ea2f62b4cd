import { type Environment, readEnvironment } from '../../src/netlify/environment.ts';
import { nowSeconds } from '../../src/netlify/platform.ts';
import type { DeployInfo } from '../../src/netlify/wire.ts';
import type { Policy } from '../../src/policy/types.ts';
import type { KeyRing } from '../../src/token/keys.ts';
import { mintAccessToken, newSubject } from '../../src/token/mint.ts';

/** What the instances of one deploy share. */
export interface Site {
  policy: Policy;
  /** The variables of the site. */
  variables: Readonly<Record<string, string>>;
  /** What they say; Redis has the time that a busy machine may need. */
  environment: Environment;
  deployInfo: DeployInfo;
  /** An access token of a new session, as the broker mints it. */
  mint(options?: { subject?: string; now?: number }): Promise<string>;
}

const patienceMilliseconds = 5000;

/** Reads the variables of a site as its instances do when they start. */
export async function openSite(
  policy: Policy,
  variables: Readonly<Record<string, string>>,
  issuer: string,
): Promise<Site> {
  const read = await readEnvironment(policy, (name) => variables[name]);
  const environment = { ...read, redis: { ...read.redis, timeoutMilliseconds: patienceMilliseconds } };
  const deployInfo = { issuer, deployContext: 'dev' } as const;
  return {
    policy,
    variables,
    environment,
    deployInfo,
    mint: async ({ subject = newSubject(), now = nowSeconds() } = {}) => {
      const session = { subject, audience: policy.defaultAudience, startedAt: now };
      return mintAccessToken({
        ...deployInfo,
        keyRing: environment.keyRings.get(policy.defaultAudience) as KeyRing,
        subject,
        sessionId: await environment.privateKeys.sessionId(session),
        scopes: [],
        ttlSeconds: policy.accessToken.ttlSeconds,
        sessionStartedAt: now,
        now,
      });
    },
  };
}
