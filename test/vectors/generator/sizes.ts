import { encode, goodClaims, goodHeader, signEncoded } from './craft.ts';
import { accepted, refused, type Vector } from './vector.ts';

const policy = 'Policy: a token of 4096 bytes is read, a longer one is not.';

/** A good token of exactly that many bytes, filled up in one of its parts. */
function tokenOf(bytes: number, filled: 'header' | 'claims'): string {
  // Some lengths are reached only with a character more in the other part.
  for (let other = 0; other < 4; other += 1) {
    for (let filling = 0; filling < bytes; filling += 1) {
      const long = { x: 'x'.repeat(filling) };
      const short = { x: 'x'.repeat(other) };
      const header = encode({ ...goodHeader, ...(filled === 'header' ? long : short) });
      const claims = encode({ ...goodClaims, ...(filled === 'header' ? short : long) });
      const length = header.length + claims.length + 45;
      if (length === bytes) return signEncoded(header, claims);
      if (length > bytes) break;
    }
  }
  throw new RangeError(`There is no token of ${bytes} bytes.`);
}

export const sizes: Vector[] = [
  accepted('size: 4095 bytes', policy, tokenOf(4095, 'claims')),
  accepted('size: 4096 bytes, most of them claims', policy, tokenOf(4096, 'claims')),
  accepted('size: 4096 bytes, most of them header', policy, tokenOf(4096, 'header')),
  refused('token_malformed', 'size: 4097 bytes, most of them claims', policy, tokenOf(4097, 'claims')),
  refused('token_malformed', 'size: 4097 bytes, most of them header', policy, tokenOf(4097, 'header')),
  refused('token_malformed', 'size: 6000 bytes', policy, tokenOf(6000, 'claims')),
];
