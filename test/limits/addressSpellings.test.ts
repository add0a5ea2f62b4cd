import { expect, test } from 'vitest';
import { addressBuckets } from '../../src/limits/address.ts';
import { fc } from '../support/property.ts';

const group = fc.integer({ min: 0, max: 0xffff });
const groups = fc.tuple(group, group, group, group, group, group, group, group);
const octets = fc.tuple(...Array.from({ length: 4 }, () => fc.integer({ min: 0, max: 255 })));

const hex = (parts: readonly number[], width = 1) =>
  parts.map((part) => part.toString(16).padStart(width, '0'));
const dotted = ([high = 0, low = 0]: readonly number[]) =>
  [high >> 8, high & 255, low >> 8, low & 255].join('.');
const canonical = (parts: readonly number[]) =>
  new URL(`http://[${hex(parts).join(':')}]/`).hostname.slice(1, -1);

/** RFC 4291 §2.2 and RFC 4007 §11: one address, spelled in every way there is. */
function spellings(parts: readonly number[]): string[] {
  const plain = [
    hex(parts).join(':'),
    hex(parts, 4).join(':'),
    canonical(parts),
    `${hex(parts.slice(0, 6)).join(':')}:${dotted(parts.slice(6))}`,
  ];
  return plain.flatMap((text) => [text, text.toUpperCase(), `${text}%eth0`]);
}

test('every address of a /64, however it is spelled, is one bucket, and another /64 is another', () => {
  fc.assert(
    fc.property(groups, groups, (first, second) => {
      const prefix = [...first.slice(0, 3), first[3] | 1];
      const all = [
        ...spellings([...prefix, ...first.slice(4)]),
        ...spellings([...prefix, ...second.slice(4)]),
      ];
      const buckets = all.map((text) => addressBuckets(text));
      const address = `${hex(prefix).join(':')}::/64`;
      const network = `${hex(prefix.slice(0, 3)).join(':')}::/48`;
      for (const bucket of buckets) expect(bucket).toEqual({ address, network });
      const neighbour = [...first.slice(0, 3), (prefix[3] as number) ^ 2, ...first.slice(4)];
      expect(addressBuckets(hex(neighbour).join(':'))).toEqual({
        address: expect.not.stringMatching(`^${address}$`),
        network,
      });
    }),
  );
});

test('an IPv4 address and its mapped form are one bucket, which is its own', () => {
  fc.assert(
    fc.property(octets, (parts) => {
      const address = parts.join('.');
      const [a = 0, b = 0, c = 0, d = 0] = parts;
      const mapped = [0, 0, 0, 0, 0, 0xffff, a * 256 + b, c * 256 + d];
      for (const text of [address, `::ffff:${address}`, ...spellings(mapped)]) {
        expect(addressBuckets(text)).toEqual({ address, network: undefined });
      }
    }),
  );
});

test('anything at all has a bucket', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.string({ unit: 'binary' }), fc.webAuthority()), (text) => {
      expect(addressBuckets(text).address).toMatch(/^(unknown|[\da-f:]+::\/64|\d+\.\d+\.\d+\.\d+)$/);
    }),
    { numRuns: 500 },
  );
});
