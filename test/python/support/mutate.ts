import { createHmac } from 'node:crypto';
import { goodClaims, goodHeader, now, otherSecret, secret } from '../../support/tokens.ts';
import type { Chance } from './chance.ts';
import { oddCharacters, oddFragments, oddValues } from './oddities.ts';

/** A token that was tampered with, and when it is judged. */
export interface Mutant {
  token: string;
  /** Seconds since the epoch. */
  now: number;
  /** Whether it was signed after the change: it may then hold, where the change means nothing. */
  signed: boolean;
}

/** Tampers with a good token: what was signed, or what it says before it is signed. */
export function mutate(chance: Chance): Mutant {
  const at = now + chance.pick([0, 0, 0, -31, -30, -29, 299, 300, 329, 330, 331]);
  if (chance.below(3) === 0) {
    const token = changeText(chance, good());
    return { token, now: at, signed: token === good() };
  }
  const header = Buffer.from(writeObject(chance, goodHeader, chance.below(3) === 0));
  const claims = Buffer.from(writeObject(chance, goodClaims, chance.below(3) > 0));
  if (chance.below(8) === 0) changeBytes(chance, chance.pick([header, claims]));
  const key = chance.below(50) === 0 ? otherSecret : secret;
  return { token: sign(header, claims, key), now: at, signed: true };
}

let goodToken: string | undefined;

function good(): string {
  const { iss, ...rest } = goodClaims;
  goodToken ??= sign(
    Buffer.from(JSON.stringify(goodHeader)),
    Buffer.from(JSON.stringify({ iss, ...rest })),
    secret,
  );
  return goodToken;
}

function sign(header: Buffer, claims: Buffer, key: string): string {
  const input = `${header.toString('base64url')}.${claims.toString('base64url')}`;
  return `${input}.${createHmac('sha256', key).update(input).digest('base64url')}`;
}

/** The object as JSON, of which some values were replaced and some of the text was changed. */
function writeObject(chance: Chance, object: object, change: boolean): string {
  if (!change) return JSON.stringify(object);
  const members = Object.entries(object).map(([name, value]) => [
    JSON.stringify(name),
    JSON.stringify(value),
  ]);
  const names = members.map(([name]) => name as string);
  for (let count = chance.below(3); count > 0; count -= 1) {
    const member = chance.pick(members);
    const kind = chance.below(6);
    if (kind < 4) member[1] = chance.pick(oddValues);
    else if (kind === 4) members.splice(members.indexOf(member), members.length > 1 ? 1 : 0);
    else
      members.push([
        chance.pick([...names, '"nbf"', '"crit"', '"__proto__"', '"x"']),
        chance.pick(oddValues),
      ]);
  }
  const text = `{${members.map((member) => member.join(':')).join(',')}}`;
  return chance.below(3) === 0 ? changeText(chance, text) : text;
}

function changeText(chance: Chance, text: string): string {
  let changed = text;
  for (let count = 1 + chance.below(2); count > 0; count -= 1) {
    const start = chance.below(changed.length + 1);
    const end = start + chance.below(4);
    const put = chance.pick([
      '',
      changed.slice(start, end).toUpperCase(),
      changed.slice(start, end).repeat(2),
      chance.pick(oddCharacters),
      chance.pick(oddCharacters),
      chance.pick(oddFragments),
    ]);
    changed = changed.slice(0, start) + put + changed.slice(end);
  }
  return changed;
}

function changeBytes(chance: Chance, bytes: Buffer): void {
  bytes[chance.below(bytes.length)] = chance.below(256);
}
