import { expect, test } from 'vitest';
import { addressBuckets, unknownAddress } from '../../src/limits/address.ts';

test.each([['203.0.113.7'], ['0.0.0.0'], ['255.255.255.255']])('IPv4 %s is its own bucket', (address) => {
  expect(addressBuckets(address)).toEqual({ address, network: undefined });
});

test.each([
  '::ffff:203.0.113.7',
  '::FFFF:203.0.113.7',
  '::ffff:cb00:7107',
  '0:0:0:0:0:ffff:203.0.113.7',
  '0000:0000:0000:0000:0000:ffff:cb00:7107',
  '::ffff:203.0.113.7%eth0',
])('%s is the IPv4 address behind it', (address) => {
  expect(addressBuckets(address)).toEqual({ address: '203.0.113.7', network: undefined });
});

test.each([
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64', '2001:db8:1::/48'],
  ['2001:DB8:1:2::6', '2001:db8:1:2::/64', '2001:db8:1::/48'],
  ['2001:0db8:0001:0002:0000:0000:0000:0006', '2001:db8:1:2::/64', '2001:db8:1::/48'],
  ['2001:db8::1', '2001:db8:0:0::/64', '2001:db8:0::/48'],
  ['::1', '0:0:0:0::/64', '0:0:0::/48'],
  ['::', '0:0:0:0::/64', '0:0:0::/48'],
  ['1::', '1:0:0:0::/64', '1:0:0::/48'],
  ['1:2:3:4:5:6:7::', '1:2:3:4::/64', '1:2:3::/48'],
  ['::2:3:4:5:6:7:8', '0:2:3:4::/64', '0:2:3::/48'],
  ['fe80::1%eth0', 'fe80:0:0:0::/64', 'fe80:0:0::/48'],
  ['fe80::1%25en0', 'fe80:0:0:0::/64', 'fe80:0:0::/48'],
  // Neither mapped nor IPv4: the deprecated compatible form, and a prefix that only looks alike.
  ['::203.0.113.7', '0:0:0:0::/64', '0:0:0::/48'],
  ['1::ffff:203.0.113.7', '1:0:0:0::/64', '1:0:0::/48'],
  ['64:ff9b::203.0.113.7', '64:ff9b:0:0::/64', '64:ff9b:0::/48'],
])('IPv6 %s counts as %s and %s', (spelled, address, network) => {
  expect(addressBuckets(spelled)).toEqual({ address, network });
});

test('the 65 536 addresses of the last group of one /64 are one bucket', () => {
  const buckets = new Set<string>();
  for (let last = 0; last < 65_536; last += 1) {
    buckets.add(addressBuckets(`2001:db8:1:2::${last.toString(16)}`).address);
  }
  expect([...buckets]).toEqual(['2001:db8:1:2::/64']);
});

test.each([
  undefined,
  '',
  ' ',
  'unknown',
  'localhost',
  'example.com',
  '1.2.3',
  '1.2.3.4.5',
  '256.1.1.1',
  '1.2.3.999',
  // Some read a leading zero as octal.
  '010.1.1.1',
  '0x7f.1.1.1',
  '2130706433',
  '1.2.3.4:80',
  '1.2.3.4, 5.6.7.8',
  ' 1.2.3.4',
  '1.2.3.4\n',
  '[::1]',
  '[::1]:80',
  ':::',
  '1:2:3',
  '1:2:3:4:5:6:7:8:9',
  '::1::2',
  '::g',
  '::ffff:1.2.3.400',
  '%eth0',
  '::1]@evil.example/[',
  '١.٢.٣.٤',
])('%j is no address and falls into the shared bucket', (address) => {
  expect(addressBuckets(address)).toEqual({ address: unknownAddress, network: undefined });
});
