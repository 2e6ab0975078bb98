import { BlockList, isIPv4, isIPv6 } from 'node:net';

/**
 * Addresses that no event is sent to, whatever name they have: those of the link, on which clouds serve a machine's credentials, the
 * other addresses of such metadata services, and the unspecified ones, which are this machine on some systems. Other private addresses
 * are allowed, because receivers have them.
 */
const REFUSED = new BlockList();
REFUSED.addSubnet('0.0.0.0', 8, 'ipv4');
REFUSED.addSubnet('169.254.0.0', 16, 'ipv4');
// Alibaba Cloud, Azure, Oracle Cloud.
REFUSED.addAddress('100.100.100.200', 'ipv4');
REFUSED.addAddress('168.63.129.16', 'ipv4');
REFUSED.addAddress('192.0.0.192', 'ipv4');
REFUSED.addAddress('::', 'ipv6');
REFUSED.addSubnet('fe80::', 10, 'ipv6');
// AWS, Google Cloud.
REFUSED.addSubnet('fd00:ec2::', 32, 'ipv6');
REFUSED.addAddress('fd20:ce::254', 'ipv6');

/** Prefixes of IPv6 addresses that stand for an IPv4 address, and the byte at which that begins. */
const EMBEDDED: readonly { readonly prefix: string; readonly length: number; readonly at: number }[] = [
  { prefix: '::', length: 96, at: 12 },
  { prefix: '::ffff:0:0', length: 96, at: 12 },
  { prefix: '::ffff:0:0:0', length: 96, at: 12 },
  { prefix: '64:ff9b::', length: 96, at: 12 },
  { prefix: '64:ff9b:1::', length: 48, at: 12 },
  { prefix: '2002::', length: 16, at: 2 },
];
const EMBEDDING = EMBEDDED.map(({ prefix, length, at }) => {
  const list = new BlockList();
  list.addSubnet(prefix, length, 'ipv6');
  return { list, at };
});

/** @param given an IP address as Node writes it; anything else is refused */
export function isRefusedAddress(given: string): boolean {
  if (isIPv4(given)) return REFUSED.check(given, 'ipv4');
  if (!isIPv6(given)) return true;
  const address = given.replace(/%.*$/, '');
  if (address === '::1') return false;
  if (REFUSED.check(address, 'ipv6')) return true;
  return EMBEDDING.some(
    ({ list, at }) => list.check(address, 'ipv6') && REFUSED.check(ipv4In(address, at), 'ipv4'),
  );
}

export function isLoopbackAddress(address: string): boolean {
  return address === '::1' || (isIPv4(address) && address.startsWith('127.'));
}

/** The four bytes of an IPv6 address from this one on, as an IPv4 address. */
function ipv4In(address: string, at: number): string {
  // URL writes every address in groups, without a dotted part.
  const groups = new URL(`http://[${address}]`).hostname.slice(1, -1);
  const [head = '', tail] = groups.split('::');
  const [before, after] = [head, tail ?? ''].map((part) => part.split(':').filter(Boolean));
  const zeros = Array<string>(8 - (before?.length ?? 0) - (after?.length ?? 0)).fill('0');
  const bytes = [...(before ?? []), ...(tail === undefined ? [] : zeros), ...(after ?? [])].flatMap(
    (group) => {
      const value = Number.parseInt(group, 16);
      return [value >> 8, value & 0xff];
    },
  );
  return bytes.slice(at, at + 4).join('.');
}
