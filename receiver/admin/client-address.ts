import { isIP, isIPv6 } from 'node:net';

/** Node gives addresses of IPv4 in the form of IPv6 where it listens on both. */
export function plainAddress(address: string): string {
  return address.replace(/^::ffff:(?=\d+\.)/i, '');
}

/**
 * The address of whoever sent a request: the peer's, or the one that a trusted proxy names. Each proxy appends the address that it saw
 * to `X-Forwarded-For` (RFC 7239, 5.2), so the list is read from its end: what stands before the first address that is not trusted,
 * the sender may have written.
 *
 * @param forwarded the header, of all proxies
 */
export function clientAddress(peer: string, forwarded: string | undefined, isTrusted: (address: string) => boolean): string {
  let address = plainAddress(peer);
  for (const part of (forwarded ?? '').split(',').toReversed()) {
    if (!isTrusted(address)) return address;
    const before = plainAddress(withoutPort(part.trim()));
    // A name such as "unknown": the proxy that wrote it is the last that is known.
    if (isIP(before) === 0) return address;
    address = before;
  }
  return address;
}

/** Some proxies add the port: `192.0.2.1:4711`, `[2001:db8::1]:4711`. */
function withoutPort(text: string): string {
  return /^\[([^\]]*)\](?::\d+)?$/.exec(text)?.[1] ?? /^(\d+(?:\.\d+){3}):\d+$/.exec(text)?.[1] ?? text;
}

/** What attempts are counted by. One customer of IPv6 has a network of 64 bits at least (RFC 6177), so they count together. */
export function networkOf(address: string): string {
  if (!isIPv6(address)) return address;
  const [head = '', tail] = address.toLowerCase().replace(/%.*$/, '').split('::');
  const groups = (text: string | undefined) => (text === undefined || text === '' ? [] : text.split(':'));
  const [before, after] = [groups(head), groups(tail)];
  // A dotted end stands for two groups, and is never among the first four.
  const missing = tail === undefined ? 0 : Math.max(0, 8 - before.length - after.length - (address.includes('.') ? 1 : 0));
  const all = [...before, ...Array<string>(missing).fill('0'), ...after];
  return all
    .slice(0, 4)
    .map((group) => group.replace(/^0+(?=.)/, ''))
    .join(':')
    .concat('::/64');
}
