import { BlockList, isIP } from 'node:net';
import type { Role } from './identity.ts';
import { nameProblem } from './person-name.ts';

/** Somebody who may sign in. A person may have several tokens while one is being rotated. */
export interface Person {
  readonly name: string;
  readonly role: Role;
  readonly token: string;
  /** See `Identity`. */
  readonly isShared?: true;
}

/** A proxy that signs people in, and names them in a header. */
export interface TrustedProxy {
  /** In lower case. */
  readonly header: string;
  /** Whether a request from this address comes through the proxy. */
  trusts(address: string): boolean;
  /** Names of those who may change things; `everybody`: all whom the proxy lets in. */
  readonly admins: ReadonlySet<string> | 'everybody';
}

/** Who may see the pages and use the admin API. */
export interface AccessSettings {
  readonly people: readonly Person[];
  readonly proxy: TrustedProxy | undefined;
  /** Whether this address is a proxy's that names the sender of a request in `X-Forwarded-For`. */
  readonly isTrustedProxy: (address: string) => boolean;
  /** RELAY_METRICS_PUBLIC: anybody may read the metrics. */
  readonly metricsArePublic: boolean;
}

const none = (): boolean => false;

export const NOBODY: AccessSettings = { people: [], proxy: undefined, isTrustedProxy: none, metricsArePublic: false };

type Get = (name: string) => string | undefined;

/** Reads RELAY_ADMIN_TOKEN, RELAY_ADMIN_TOKENS, RELAY_VIEWER_TOKEN and the variables of a trusted proxy. Adds to `errors`. */
export function readAccess(get: Get, errors: string[]): AccessSettings {
  const admin = get('RELAY_ADMIN_TOKEN');
  const viewer = get('RELAY_VIEWER_TOKEN');
  const people: Person[] = [
    ...(admin === undefined ? [] : [{ name: 'admin', role: 'admin', token: admin, isShared: true } as const]),
    ...readNamed(get('RELAY_ADMIN_TOKENS'), errors),
    ...(viewer === undefined ? [] : [{ name: 'viewer', role: 'viewer', token: viewer, isShared: true } as const]),
  ];
  const twice = people.find(({ token, name }) => people.some((other) => other.token === token && other.name !== name));
  if (twice !== undefined)
    errors.push(`RELAY_ADMIN_TOKENS: "${twice.name}" has the token of somebody else: give everybody a token of their own`);
  const isPublic = get('RELAY_METRICS_PUBLIC')?.toLowerCase();
  if (isPublic !== undefined && isPublic !== 'true' && isPublic !== 'false')
    errors.push(`RELAY_METRICS_PUBLIC: "${isPublic}" is neither true nor false: set it to one of them`);
  const isTrustedProxy = readTrustedProxies(get('RELAY_TRUSTED_PROXIES'), errors);
  return { people, proxy: readProxy(get, isTrustedProxy, errors), isTrustedProxy, metricsArePublic: isPublic === 'true' };
}

function readNamed(text: string | undefined, errors: string[]): Person[] {
  return (text ?? '')
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '')
    .flatMap((part, index): Person[] => {
      const colon = part.indexOf(':');
      const [name, token] = [part.slice(0, colon).trim(), part.slice(colon + 1).trim()];
      // The part itself may be a token, so no message shows it.
      if (colon < 1 || token === '') {
        errors.push(`RELAY_ADMIN_TOKENS: its entry ${index + 1} is not NAME:TOKEN: write such as ada:TOKEN,ben:TOKEN`);
        return [];
      }
      const problem = nameProblem(name);
      if (problem !== undefined) {
        errors.push(`RELAY_ADMIN_TOKENS: the name of its entry ${index + 1} ${problem}`);
        return [];
      }
      return [{ name, role: 'admin', token }];
    });
}

function readTrustedProxies(addresses: string | undefined, errors: string[]): AccessSettings['isTrustedProxy'] {
  if (addresses === undefined) return none;
  const list = new BlockList();
  for (const part of listOf(addresses)) {
    if (!addAddress(list, part)) errors.push(`RELAY_TRUSTED_PROXIES: "${part}" is neither an address nor a range such as 10.0.0.0/8`);
  }
  return (address) => {
    const kind = isIP(address);
    return kind !== 0 && list.check(address, kind === 6 ? 'ipv6' : 'ipv4');
  };
}

function readProxy(get: Get, trusts: TrustedProxy['trusts'], errors: string[]): TrustedProxy | undefined {
  const header = get('RELAY_USER_HEADER');
  const addresses = get('RELAY_TRUSTED_PROXIES');
  const admins = get('RELAY_USER_ADMINS');
  if (header === undefined) {
    // Proxies alone are trusted to name whoever sent a request, not who that is.
    if (admins !== undefined) errors.push('RELAY_USER_ADMINS: has no effect without RELAY_USER_HEADER: set both, or neither');
    return undefined;
  }
  if (!/^[A-Za-z0-9-]+$/.test(header))
    errors.push(`RELAY_USER_HEADER: "${header}" is not the name of a header: set it to one such as X-Forwarded-User`);
  if (addresses === undefined) {
    errors.push(
      'RELAY_TRUSTED_PROXIES: is not set, but RELAY_USER_HEADER is: anybody could write that header. Set it to the addresses of the proxy, such as 10.0.0.0/8',
    );
    return undefined;
  }
  return {
    header: header.toLowerCase(),
    trusts,
    admins: admins?.trim() === '*' ? 'everybody' : new Set(listOf(admins ?? '')),
  };
}

function listOf(text: string): string[] {
  return text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
}

function addAddress(list: BlockList, text: string): boolean {
  const [address = '', bits, ...rest] = text.split('/');
  const kind = isIP(address);
  if (kind === 0 || rest.length > 0) return false;
  const family = kind === 6 ? 'ipv6' : 'ipv4';
  if (bits === undefined) {
    list.addAddress(address, family);
    return true;
  }
  if (!/^\d{1,3}$/.test(bits) || Number(bits) > (kind === 6 ? 128 : 32)) return false;
  list.addSubnet(address, Number(bits), family);
  return true;
}
