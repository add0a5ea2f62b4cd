import type { IdentitySettings } from '../identity/client.ts';
import type { BrokerDependencies } from './dependencies.ts';

type WarningsDependencies = Pick<BrokerDependencies, 'policy' | 'deployContext' | 'hasTurnstileTestKey'>;

const openToStrangers =
  'Registration is open and autoconfirm on: every stranger can become a logged-in Identity user for an hour. No function of the site may trust mere log-in, only roles that you gave, and Git Gateway must be limited to roles.';
const membersAllowed =
  "Anybody may sign up as a member, with any e-mail. On a site without members, set admission: { members: 'deny' } in daypass.config.ts.";
const monitoring =
  "The mode is monitor: the gate refuses nobody's token and holds nobody to a limit, it only counts. Set mode: 'enforce' in daypass.config.ts when the counts are as they should be.";
const unlimitedWithoutStore =
  "The policy's storeFailure is allow: while Redis is away, whoever has a valid token passes the gate without limits, and revoked sessions pass as well.";
const turnstileTestKey =
  "TURNSTILE_SECRET_KEY is one of the test keys that Cloudflare publishes: the one that always passes admits everybody, the others nobody. Copy the widget's secret key from Cloudflare's dashboard.";

/**
 * What the owner should know although all is well: the side effects of what Daypass needs, and of what the policy allows.
 * @param settings what Identity says of itself; undefined where it did not answer
 */
export function warningsOf(
  { policy, deployContext, hasTurnstileTestKey }: WarningsDependencies,
  settings: IdentitySettings | undefined,
): string[] {
  const warnings = [];
  if (settings?.registrationOpen && settings.autoconfirm) warnings.push(openToStrangers);
  if (policy.admission?.members !== 'deny') warnings.push(membersAllowed);
  if (hasTurnstileTestKey && deployContext === 'production') warnings.push(turnstileTestKey);
  if (policy.mode === 'monitor') warnings.push(monitoring);
  if (policy.storeFailure === 'allow') warnings.push(unlimitedWithoutStore);
  return warnings;
}
