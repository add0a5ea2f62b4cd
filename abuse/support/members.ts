import type { PlantedUser } from '../../dev/identity/start.ts';
import type { Metadata } from '../../dev/identity/users.ts';
import type { Chance } from '../../test/python/support/chance.ts';

/** A user who signs up for good. */
export interface Member {
  email: string;
  password: string;
  data: Metadata;
}

/** E-mails of members, some of which merely look like those of throwaway users. */
const emails: readonly ((name: string) => string)[] = [
  (name) => `${name}@example.com`,
  (name) => `${name.toUpperCase()}@Example.COM`,
  (name) => `${name}+daypass@example.com`,
  (name) => `"${name} with spaces"@example.com`,
  (name) => `${name}.ÅÄÖ@exämple.example`,
  (name) => `${name}@例え.example`,
  (name) => `${name}🙂@example.com`,
  (name) => `${name} has no sign`,
  (name) => `visitor.invalid@${name}.example`,
  (name) => `${name}@sub.visitor.invalid`,
  (name) => `${name}@visitor.invalid.example`,
  (name) => `${name}@visitor.invalid.`,
  (name) => `${name}@notvisitor.invalid`,
  (name) => `${name}@visitor-invalid`,
  (name) => `${name}@visitor.invalid@example.com`,
  (name) => `${name}@example.com@visitor.invalid`,
  (name) => `ä${name}@visitor.invalid`,
  (name) => `${name}@vısitor.invalid`,
  (name) => `${name}@visitor\u3002invalid`,
  (name) => ` ${name}@visitor.invalid`,
];

/** Numbers stay below 2^53: JSON of others comes back different from any JavaScript. */
const values: readonly Metadata[string][] = [
  'Ωmega ‮ \u0000 "\\',
  '',
  0,
  -0.5,
  9_007_199_254_740_991,
  true,
  null,
  [],
  {},
  ['a', ['b', { c: null }]],
  { nested: { deeper: { still: ['日本', 1e-7] } } },
];
const names = ['full_name', 'roles', 'avatar_url', 'daypass', 'x y', 'ünïcode', '__proto', 'provider', ''];

/** A member, unique by its number. */
export function generateMember(chance: Chance, index: number): Member {
  const data: Metadata = {};
  for (let count = chance.below(5); count > 0; count -= 1) data[chance.pick(names)] = chance.pick(values);
  return { email: anEmail(chance, index), password: `pass-${index}-ß✓ ${chance.below(1e9)}`, data };
}

/** A row of a member that is in the table already, some with a throwaway e-mail and what distinguishes them. */
export function generateRow(chance: Chance, index: number): PlantedUser {
  const ours = `m${index}@visitor.invalid`;
  return chance.pick<PlantedUser>([
    { email: anEmail(chance, index) },
    { email: anEmail(chance, index), appMetadata: { provider: 'google', roles: ['admin'] } },
    { email: ours, appMetadata: { provider: 'email', roles: ['editor'] } },
    { email: ours, appMetadata: { provider: 'email', roles: ['anonymous', 'editor'] } },
    { email: ours, appMetadata: { provider: 'google' } },
    { email: ours, aud: 'another' },
  ]);
}

function anEmail(chance: Chance, index: number): string {
  return chance.pick(emails)(`m${index}`);
}
