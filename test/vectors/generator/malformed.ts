import { encode } from './craft.ts';
import { refused, type Vector } from './vector.ts';

export const bare =
  'RFC 7515 §2: base64url without padding, line breaks, white space or any other character.';
export const compact = 'RFC 7515 §7.1: three parts and two dots, nothing else.';

/** A token that is refused for its encoding. */
export function malformed(name: string, why: string, token: string): Vector {
  return refused('token_malformed', `encoding: ${name}`, why, token);
}

/** The members with padding, until their encoding leaves this many characters in its last group of four. */
export function textOfRest(members: object, rest: number): string {
  let padding = '';
  while (encode({ ...members, x: padding }).length % 4 !== rest) padding += 'x';
  return encode({ ...members, x: padding });
}
