import type { Checks } from './checks.ts';
import type { Audience, CheckedAudience } from './types.ts';

const form = /^[A-Za-z0-9._~-]{1,64}$/;

/** What routes may name. */
export interface KnownAudiences {
  /** All of them, the default first. Where there are none, that is a problem of its own. */
  names: readonly string[];
  /** Those that could be read. */
  audiences: Readonly<Record<string, CheckedAudience>>;
}

/** Checks `audiences` and fills in their defaults. */
export function checkAudiences(checks: Checks, input: Readonly<Record<string, Audience>>): KnownAudiences {
  const given = checks.object('audiences', input);
  if (!given) return { names: [], audiences: {} };
  const names = Object.keys(given);
  checks.that(names.length > 0, 'audiences: name at least one');
  const variables = new Set<string>(['DAYPASS_PRIVATE_SECRET']);
  const audiences = Object.entries(given).flatMap(([name, value]) => {
    const audience = checkAudience(checks, name, value, variables);
    return audience ? [[name, audience] as const] : [];
  });
  return { names, audiences: Object.fromEntries(audiences) };
}

/** @param variables those that are taken already */
function checkAudience(
  checks: Checks,
  name: string,
  input: Audience,
  variables: Set<string>,
): CheckedAudience | undefined {
  const at = `audiences.${name}`;
  checks.text(at, name, form, 'a name is 1 to 64 of A-Z a-z 0-9 . _ ~ -');
  const audience = checks.object(at, input, ['secret', 'secondarySecret', 'scopes']);
  if (!audience) return undefined;
  const { secret, secondarySecret } = audience;
  const named = checks.variable(`${at}.secret`, secret) ? [secret] : [];
  if (secondarySecret !== undefined && checks.variable(`${at}.secondarySecret`, secondarySecret)) {
    named.push(secondarySecret);
  }
  for (const variable of named) {
    checks.that(!variables.has(variable), `${at}: ${variable} is used twice; a key belongs to one audience`);
    variables.add(variable);
  }
  const scopes = checks.list(`${at}.scopes`, audience.scopes === undefined ? [] : audience.scopes);
  for (const scope of scopes) checks.scope(`${at}.scopes`, scope);
  return { secret, secondarySecret, scopes };
}
