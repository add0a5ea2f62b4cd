import type { Chance } from '../../test/python/support/chance.ts';

/** An IPv6 address of eight groups in one of the spellings that RFC 4291 §2.2 allows. */
export function respell(address: string, chance: Chance): string {
  const groups = address.split(':');
  return chance.pick([
    address,
    address.toUpperCase(),
    groups.map((group) => group.padStart(4, '0')).join(':'),
    // The one zero between two groups, shortened.
    address.replace(/:0:/, '::'),
    `${address}%eth0`,
  ]);
}

/** An IPv4 address, and what it is as an IPv6 address (RFC 4291 §2.5.5.2). */
export function spellingsOfIpv4(ipv4: string): readonly string[] {
  const [a = 0, b = 0, c = 0, d = 0] = ipv4.split('.').map(Number);
  const hex = `${(a * 256 + b).toString(16)}:${(c * 256 + d).toString(16)}`;
  return [
    ipv4,
    `::ffff:${ipv4}`,
    `::FFFF:${ipv4}`,
    `::ffff:${hex}`,
    `0:0:0:0:0:ffff:${ipv4}`,
    `0000:0000:0000:0000:0000:FFFF:${hex.toUpperCase()}`,
  ];
}
