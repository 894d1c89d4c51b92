import { BlockList, isIP } from 'node:net';
import { Agent, type Dispatcher, EnvHttpProxyAgent, Pool, type Response, fetch as undiciFetch } from 'undici';
import { messageOf } from '../lib/error-message.ts';
import { neverSent } from '../lib/never-sent.ts';
import { ProxyError, proxyErrorIn } from '../lib/proxy-error.ts';
import { basicCredentials, type ProxySettings, proxyName } from '../lib/proxy-settings.ts';

/** How long a proxy may take until it is connected, and until it has opened the way to a server. Milliseconds. */
const PROXY_LIMIT_MS = 4_000;
/** Proxy Authentication Required (RFC 9110). */
const UNAUTHORIZED = 407;

/** The ways out of this machine that go through a proxy. */
export interface ProxiedNetwork {
  readonly fetch: typeof globalThis.fetch;
  /** For WebSockets. */
  readonly dispatcher: Dispatcher;
  /** Ends all connections. */
  close(): Promise<void>;
}

/**
 * Sends requests through the proxies of the settings, with undici, which is also what Node's own `fetch` is made of: its
 * `EnvHttpProxyAgent` knows NO_PROXY, and serves `fetch` and WebSockets alike. (Node's NODE_USE_ENV_PROXY is not used: it
 * must be set before the process starts, and does not reach the WebSocket that @slack/socket-mode brings with it.)
 *
 * Connections are tunnels (CONNECT). A proxy that opens none to an `http:` server is asked to forward the request instead,
 * as most proxies do for such servers.
 *
 * A failure of the proxy itself has a `ProxyError` as its cause, which names the proxy and holds no password.
 */
export function proxiedNetwork(settings: ProxySettings): ProxiedNetwork {
  const common = {
    // Blank instead of left out: otherwise the environment is read once more, by other rules.
    httpProxy: settings.http ?? '',
    httpsProxy: settings.https ?? '',
    noProxy: settings.except,
    proxyTls: { timeout: PROXY_LIMIT_MS },
    clientFactory: (origin: URL, options: object) => new ProxyPool(origin, options),
  };
  const direct = { agent: new Agent(), ranges: rangesIn(settings.except) };
  const dispatcher = new ProxyAgent(common, direct);
  const forwarder = new ProxyAgent({ ...common, proxyTunnel: false }, direct);
  /** Origins that no tunnel was opened to, and that a request was forwarded to. */
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
      // The proxy, once more.
      if (response.status === refusal.status) throw refusal;
      forwarded.add(new URL(input).origin);
      return response;
    } catch (error) {
      // A refusal is thrown as `fetch` throws it.
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

/** Whether a proxy that opened no tunnel may forward the request: not with a wrong password, nor when it cannot reach the server. */
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

/** What was wrong with a connection; one that was tried at several addresses has a code and no message. */
function reasonIn(error: unknown): string {
  const message = messageOf(error);
  return message === '' && error instanceof Error && 'code' in error ? String(error.code) : message;
}

function adviceFor(status: number): string {
  if (status === UNAUTHORIZED) return ': set HTTPS_PROXY to an address with the right user name and password';
  if (status === 403) return ': ask whoever runs it to allow this server, or add the server to NO_PROXY';
  return '';
}
