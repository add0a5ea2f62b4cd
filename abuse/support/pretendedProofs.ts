import { algorithm, cost, keyLength } from '../../src/admission/proofOfWork.ts';
import { proofField } from '../../src/protocol/messages.ts';
import type { Chance } from '../../test/python/support/chance.ts';

/** Values in place of a proof that are not one. */
const nonsense: readonly unknown[] = [
  undefined,
  null,
  '',
  0,
  true,
  {},
  [],
  'proof',
  'e30=',
  encode(null),
  encode({ challenge: {}, solution: {} }),
  // Of the right shape; without the keys it cannot be signed.
  encode({ challenge: { parameters: parameters(), signature: hex(32) }, solution: solution() }),
  encode({ challenge: { parameters: parameters() }, solution: solution() }),
  'A'.repeat(20_000),
];

const domains = ['visitor.invalid', 'VISITOR.INVALID', 'Visitor.Invalid'];

/** The body of a sign-up of a throwaway user that brings no proof, in the ways in which Go reads JSON. */
export function pretend(chance: Chance, index: number): string {
  const email = `${index}-${chance.below(1e9)}@${chance.pick(domains)}`;
  const data = JSON.stringify({ [proofField]: chance.pick(nonsense), roles: ['anonymous'] });
  const names = {
    email: chance.pick(['email', 'Email', 'EMAIL']),
    data: chance.pick(['data', 'Data', 'DATA']),
  };
  const members = [`"${names.email}":"${email}"`, `"password":"x"`, `"app_metadata":{"roles":["anonymous"]}`];
  // The one that is read last counts.
  if (chance.below(4) === 0) members.unshift('"email":"member@example.com"');
  if (chance.below(5) > 0) members.push(`"${names.data}":${data}`);
  return `{${members.join(',')}}`;
}

/** The parameters of a challenge that costs nothing to solve. */
function parameters() {
  return {
    algorithm,
    cost,
    keyLength,
    nonce: hex(16),
    salt: hex(16),
    keyPrefix: hex(keyLength / 2),
    keySignature: hex(32),
    expiresAt: Math.floor(Date.now() / 1000) + 250,
  };
}

function solution() {
  return { counter: 0, derivedKey: hex(keyLength) };
}

function hex(bytes: number): string {
  return '5a'.repeat(bytes);
}

function encode(value: unknown): string {
  return btoa(JSON.stringify(value));
}
