import { err, ok, type Result } from './result.ts';

/** The proxies of the environment. Pure. */

export interface ProxySettings {
  /** For `https:` and `wss:`; an address with its user name and password. `undefined`: no proxy. */
  readonly https: string | undefined;
  /** For `http:` and `ws:`. */
  readonly http: string | undefined;
  /** Hosts that are reached without a proxy, in the form of NO_PROXY. */
  readonly except: string;
}

type Variables = Readonly<Record<string, string | undefined>>;

/**
 * Reads HTTPS_PROXY, HTTP_PROXY and NO_PROXY. As with curl, the lower-case form of a variable has precedence, a blank value
 * counts as not set, and an address without a scheme is `http:`. HTTP_PROXY alone is used for `https:` as well, as in
 * Node (Node documentation, "Built-in proxy support").
 *
 * @returns `undefined` when no proxy is set; or an error for each unusable variable, without its value, which may have a password
 */
export function readProxySettings(variables: Variables): Result<ProxySettings | undefined, string[]> {
  const errors: string[] = [];
  const address = (name: string): string | undefined => {
    const text = get(variables, name);
    const read = text === undefined ? undefined : readAddress(text);
    if (read === null) {
      errors.push(
        `${name}: is not the address of an HTTP proxy: set it to an address such as http://proxy.example:3128, and write characters such as @ / # % in a password as %40 %2F %23 %25`,
      );
    }
    return read ?? undefined;
  };
  const https = address('HTTPS_PROXY');
  const http = address('HTTP_PROXY');
  if (errors.length > 0) return err(errors);
  if (https === undefined && http === undefined) return ok(undefined);
  return ok({ https: https ?? http, http, except: exceptions(get(variables, 'NO_PROXY') ?? '') });
}

function get(variables: Variables, name: string): string | undefined {
  const value = [variables[name.toLowerCase()], variables[name]].find((text) => text !== undefined && text.trim() !== '');
  return value?.trim();
}

/** `null`: it is not one. */
function readAddress(text: string): string | null {
  // A value that still has its quotes would be read as a host of that name.
  if (/^["'`\p{Pi}\p{Pf}„‚]/u.test(text)) return null;
  const url = URL.parse(/^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `http://${text}`);
  if (url === null || !/^https?:$/.test(url.protocol) || url.hostname === '') return null;
  // Then a sign in the password began the path, and the user name is taken for the host.
  if (url.pathname.includes('@')) return null;
  // A % that begins no escape cannot be decoded.
  return /%(?![0-9a-f]{2})/i.test(url.username + url.password) ? null : url.href;
}

/** IPv6 addresses are written without brackets in NO_PROXY, and with them in addresses. */
function exceptions(text: string): string {
  const hosts = text.split(/[,\s]+/).filter((host) => host !== '');
  if (hosts.includes('*')) return '*';
  return hosts.map((host) => (/^[^[\]]*:[^[\]]*:/.test(host) ? `[${host}]` : host)).join(',');
}

/** The passwords of proxies in every form that may appear: plain, in an address, and in a Basic header. */
export function proxySecrets(settings: ProxySettings | undefined): string[] {
  const secrets = [settings?.https, settings?.http].flatMap((address) => {
    const { username, password } = address === undefined ? { username: '', password: '' } : new URL(address);
    if (password === '') return [];
    return [decoded(password), password, basicCredentials(username, password)];
  });
  return [...new Set(secrets)];
}

/** The value after `Basic` in `Proxy-Authorization`, for a user name and a password in the form of an address. */
export function basicCredentials(username: string, password: string): string {
  const bytes = new TextEncoder().encode(`${decoded(username)}:${decoded(password)}`);
  return btoa(String.fromCharCode(...bytes));
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    // Escapes that are not UTF-8.
    return text;
  }
}

/** A proxy for messages: its host and port, without user name and password. */
export function proxyName(address: string): string {
  return new URL(address).host;
}
