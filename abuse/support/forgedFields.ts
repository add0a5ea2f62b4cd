import type { OutgoingHttpHeaders } from 'node:http';
import type { Chance } from '../../test/python/support/chance.ts';

/** Fields by which platforms, proxies and caches report a caller's address. */
const plain = [
  'x-forwarded-for',
  'x-real-ip',
  'x-client-ip',
  'x-cluster-client-ip',
  'x-originating-ip',
  'x-remote-addr',
  'client-ip',
  'true-client-ip',
  'cf-connecting-ip',
  'fastly-client-ip',
  'x-nf-client-connection-ip',
  'x-nf-connection-ip',
  'x-nf-real-ip',
];
const others = [
  'x-nf-request-id',
  'x-nf-account-id',
  'x-nf-site-id',
  'x-nf-edge-function-ip',
  'x-nf-proxied-for',
];

/** Header fields by which a caller may hope to be taken for another: one to five of them. */
export function forgeFields(chance: Chance): OutgoingHttpHeaders {
  const fields: OutgoingHttpHeaders = {};
  for (let count = 1 + chance.below(5); count > 0; count -= 1) {
    const kind = chance.below(10);
    if (kind < 2) fields.forwarded = forwarded(chance);
    else if (kind === 2) fields['x-nf-geo'] = base64({ country: { code: 'SE' }, ip: address(chance) });
    else if (kind === 3)
      fields['x-nf-identity-info'] = base64({ url: 'http://localhost', token: address(chance) });
    else if (kind === 4) fields[chance.pick(others)] = address(chance);
    // Repeated fields arrive joined by a comma, or twice.
    else
      fields[chance.pick(plain)] = chance.below(3) === 0 ? [address(chance), address(chance)] : list(chance);
  }
  return fields;
}

function list(chance: Chance): string {
  return Array.from({ length: 1 + chance.below(3) }, () => address(chance)).join(', ');
}

/** RFC 7239 §4. */
function forwarded(chance: Chance): string {
  return `for="${address(chance)}";by=${address(chance)};proto=https;host=${address(chance)}`;
}

function base64(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64');
}

/** An address in one of its spellings, or what stands where one is expected. */
function address(chance: Chance): string {
  const byte = () => chance.below(256);
  const group = () => chance.below(65_536).toString(16);
  const ipv4 = `${byte()}.${byte()}.${byte()}.${byte()}`;
  return chance.pick([
    ipv4,
    `${ipv4}:${chance.below(65_536)}`,
    `::ffff:${ipv4}`,
    `2001:db8:${group()}:${group()}::${group()}`,
    `[2001:db8::${group()}]:443`,
    '127.0.0.1',
    '::1',
    'localhost',
    'unknown',
    '_hidden',
    '',
  ]);
}
