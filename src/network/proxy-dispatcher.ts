import { BlockList, isIP } from 'node:net';
import { Agent, type Dispatcher, EnvHttpProxyAgent, Pool, type Response, fetch as undiciFetch } from 'undici';
import { messageOf } from '../lib/error-message.ts';
import { neverSent } from '../lib/never-sent.ts';
import { ProxyError, proxyErrorIn } from '../lib/proxy-error.ts';
import { basicCredentials, type ProxySettings, proxyName } from '../lib/proxy-settings.ts';

/** In milliseconds: for the connection to a proxy, and for its connection to the server. */
const PROXY_LIMIT_MS = 4_000;
/** Proxy Authentication Required (RFC 9110). */
const UNAUTHORIZED = 407;

/** Requests and WebSockets through a proxy. */
export interface ProxiedNetwork {
  readonly fetch: typeof globalThis.fetch;
  /** For WebSockets. */
  readonly dispatcher: Dispatcher;
  /** Ends all connections. */
  close(): Promise<void>;
}

/**
 * Sends requests through the proxies of the settings, with undici, on which Node's own `fetch` is built. Its
 * `EnvHttpProxyAgent` implements NO_PROXY, for `fetch` and for WebSockets. (Node's NODE_USE_ENV_PROXY is not used: it
 * must be set before the process starts, and does not reach the WebSocket that @slack/socket-mode brings with it.)
 *
 * Connections are tunnels (CONNECT). If a proxy refuses a tunnel to an `http:` server, the request is sent to the proxy to
 * forward it, which most proxies support for such servers.
 *
 * A failure of the proxy itself has a `ProxyError` as its cause, which names the proxy without a password.
 */
export function proxiedNetwork(settings: ProxySettings): ProxiedNetwork {
  const common = {
    // Blank, not undefined: otherwise undici reads the environment itself, by other rules.
    httpProxy: settings.http ?? '',
    httpsProxy: settings.https ?? '',
    noProxy: settings.except,
    proxyTls: { timeout: PROXY_LIMIT_MS },
    clientFactory: (origin: URL, options: object) => new ProxyPool(origin, options),
  };
  const direct = { agent: new Agent(), ranges: rangesIn(settings.except) };
  const dispatcher = new ProxyAgent(common, direct);
  const forwarder = new ProxyAgent({ ...common, proxyTunnel: false }, direct);
  /** Origins to which the proxy forwards requests instead of opening tunnels. */
  const forwarded = new Set<string>();

  const fetch = async (input: string, init: object = {}): Promise<Response> => {
    const { origin, protocol } = new URL(input);
    if (forwarded.has(origin)) return undiciFetch(input, { ...init, dispatcher: forwarder });
    try {
      return await undiciFetch(input, { ...init, dispatcher });
    } catch (error) {
      const failure = proxyErrorIn(error);
      if (protocol !== 'http:' || failure === undefined || !mayForward(failure)) throw error;
      return await forward(input, init, failure);
    }
  };

  const forward = async (input: string, init: object, refusal: ProxyError): Promise<Response> => {
    try {
      const response = await undiciFetch(input, { ...init, dispatcher: forwarder });
      // The proxy itself responded again.
      if (response.status === refusal.status) throw refusal;
      forwarded.add(new URL(input).origin);
      return response;
    } catch (error) {
      // In the form in which `fetch` throws.
      throw neverSent(error) ? new TypeError('fetch failed', { cause: refusal }) : error;
    }
  };
  return {
    fetch: fetch as unknown as typeof globalThis.fetch,
    dispatcher,
    close: async () => {
      await Promise.all([dispatcher.destroy(), forwarder.destroy(), direct.agent.destroy()]);
    },
  };
}

/** Whether to let the proxy forward the request after it refused a tunnel. Not after a wrong password, nor if it cannot reach the server. */
function mayForward({ status }: ProxyError): boolean {
  return status === undefined || (status < 500 && status !== UNAUTHORIZED);
}

interface Direct {
  readonly agent: Agent;
  /** Addresses that are reached without a proxy. */
  readonly ranges: BlockList;
}

/** NO_PROXY has ranges of addresses, too, such as `10.0.0.0/8`, as for curl and Go; undici only knows names and addresses. */
class ProxyAgent extends EnvHttpProxyAgent {
  readonly #direct: Direct;

  constructor(options: EnvHttpProxyAgent.Options, direct: Direct) {
    super(options);
    this.#direct = direct;
  }

  override dispatch(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): boolean {
    const host = new URL(String(options.origin)).hostname.replace(/^\[|\]$/g, '');
    const isDirect = isIP(host) !== 0 && this.#direct.ranges.check(host, familyOf(host));
    return isDirect ? this.#direct.agent.dispatch(options, handler) : super.dispatch(options, handler);
  }
}

function rangesIn(except: string): BlockList {
  const ranges = new BlockList();
  for (const entry of except.split(',')) {
    const [, address = '', length = ''] = /^\[?([^[\]/]+)\/(\d{1,3})\]?$/.exec(entry) ?? [];
    const bits = { 0: -1, 4: 32, 6: 128 }[isIP(address)] ?? -1;
    if (Number(length) <= bits) ranges.addSubnet(address, Number(length), familyOf(address));
  }
  return ranges;
}

function familyOf(address: string): 'ipv4' | 'ipv6' {
  return isIP(address) === 4 ? 'ipv4' : 'ipv6';
}

/** The connections to a proxy. */
class ProxyPool extends Pool {
  readonly #name: string;
  /** Where an address has only a user name, such as a key, or only a password: undici sends neither. */
  readonly #authorization: string | undefined;

  constructor(proxy: URL, options: Pool.Options) {
    super(proxy.origin, { ...options, headersTimeout: PROXY_LIMIT_MS });
    const { username, password } = proxy;
    this.#name = proxyName(proxy.href);
    this.#authorization = (username === '') === (password === '') ? undefined : `Basic ${basicCredentials(username, password)}`;
  }

  override connect(options: Dispatcher.ConnectOptions): Promise<Dispatcher.ConnectData>;
  override connect(options: Dispatcher.ConnectOptions, callback: (error: Error | null, data: Dispatcher.ConnectData) => void): void;
  override connect(options: Dispatcher.ConnectOptions): Promise<Dispatcher.ConnectData> {
    return this.#open(options);
  }

  /** Asks the proxy for a connection to a server. */
  async #open(options: Dispatcher.ConnectOptions): Promise<Dispatcher.ConnectData> {
    let answer: Dispatcher.ConnectData;
    try {
      answer = await super.connect(this.#authorized(options));
    } catch (cause) {
      throw new ProxyError(`the proxy ${this.#name} cannot be used: ${reasonIn(cause)}`, { cause });
    }
    if (answer.statusCode === 200) return answer;
    answer.socket.on('error', () => {}).destroy();
    const { statusCode: status } = answer;
    const message = `the proxy ${this.#name} refused the connection to ${options.path} (${status})${adviceFor(status)}`;
    throw new ProxyError(message, { status });
  }

  #authorized(options: Dispatcher.ConnectOptions): Dispatcher.ConnectOptions {
    if (this.#authorization === undefined) return options;
    return { ...options, headers: { ...(options.headers as Record<string, string>), 'proxy-authorization': this.#authorization } };
  }
}

/** Why a connection failed. An error for several addresses has a code and no message. */
function reasonIn(error: unknown): string {
  const message = messageOf(error);
  return message === '' && error instanceof Error && 'code' in error ? String(error.code) : message;
}

function adviceFor(status: number): string {
  if (status === UNAUTHORIZED) return ': set HTTPS_PROXY to an address with the right user name and password';
  if (status === 403) return ': ask whoever runs it to allow this server, or add the server to NO_PROXY';
  return '';
}
