/** The buckets that count a caller. */
export interface AddressBuckets {
  /** The IPv4 address, or the /64 of an IPv6 address: what one subscriber holds. */
  address: string;
  /** The /48 of an IPv6 address: what one site may hold. Undefined for IPv4. */
  network: string | undefined;
}

/** The shared bucket of callers whose address is unknown. */
export const unknownAddress = 'unknown';

/**
 * The buckets of an IP address.
 * @param address an IPv4 or IPv6 address in any spelling; see `canonicalAddress`
 * @returns `unknownAddress` if it is absent or malformed
 */
export function addressBuckets(address: string | undefined): AddressBuckets {
  const canonical = canonicalAddress(address);
  if (!canonical?.includes(':')) return { address: canonical ?? unknownAddress, network: undefined };
  const hex = expand(canonical).map((group) => group.toString(16));
  return { address: `${hex.slice(0, 4).join(':')}::/64`, network: `${hex.slice(0, 3).join(':')}::/48` };
}

/** The buckets of a caller, hashed for use in keys. */
export interface HashedBuckets {
  address: string;
  network: string | undefined;
  /** False for the shared bucket of callers whose address is unknown. */
  isKnown: boolean;
}

/** @param address as the platform reports it */
export async function hashBuckets(
  hashIdentifier: (identifier: string) => Promise<string>,
  address: string | undefined,
): Promise<HashedBuckets> {
  const buckets = addressBuckets(address);
  const [caller, network] = await Promise.all([
    hashIdentifier(buckets.address),
    buckets.network === undefined ? undefined : hashIdentifier(buckets.network),
  ]);
  return { address: caller, network, isKnown: buckets.address !== unknownAddress };
}

/**
 * The canonical spelling of an IP address. `::ffff:` followed by IPv4 is that IPv4 address (RFC 4291 §2.5.5.2); a zone is
 * removed, because it names an interface of this machine (RFC 4007 §11).
 * @returns undefined if it is absent or malformed
 */
export function canonicalAddress(address: string | undefined): string | undefined {
  const ipv4 = canonicalHost(address);
  if (ipv4 !== undefined && !ipv4.startsWith('[')) return ipv4;
  const ipv6 = canonicalHost(`[${address?.replace(/%.*$/, '')}]`)?.slice(1, -1);
  if (ipv6 === undefined) return undefined;
  const groups = expand(ipv6);
  const mapped = groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff;
  return mapped ? ipv4Of(groups[6] ?? 0, groups[7] ?? 0) : ipv6;
}

/** An IPv4 address without leading zeros, which some parsers read as octal, or an IPv6 address in brackets. */
const spelledAddress = /^((0|[1-9]\d{0,2})(\.(0|[1-9]\d{0,2})){3}|\[[0-9a-f:.]+\])$/i;

/** The URL parser canonicalises addresses; it also accepts other spellings, which are excluded here. */
function canonicalHost(host: string | undefined): string | undefined {
  if (host === undefined || !spelledAddress.test(host)) return undefined;
  return URL.canParse(`http://${host}/`) ? new URL(`http://${host}/`).hostname : undefined;
}

/** The eight groups of an address in canonical form. */
function expand(ipv6: string): number[] {
  const [head = '', tail] = ipv6.split('::');
  const before = head.split(':').filter((group) => group !== '');
  const after = (tail ?? '').split(':').filter((group) => group !== '');
  const zeros = new Array<string>(8 - before.length - after.length).fill('0');
  return [...before, ...zeros, ...after].map((group) => Number.parseInt(group, 16));
}

function ipv4Of(high: number, low: number): string {
  return [high >> 8, high & 255, low >> 8, low & 255].join('.');
}
