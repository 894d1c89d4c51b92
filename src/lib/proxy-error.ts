/** A proxy did not pass a request on: nothing reached the server. */
export class ProxyError extends Error {
  override readonly name = 'ProxyError';
  /** Not a socket code, so that undici does not retry the connection. */
  readonly code = 'ERR_PROXY';
  /** The HTTP status of the proxy, if it responded. */
  readonly status: number | undefined;

  constructor(message: string, options: ErrorOptions & { readonly status?: number } = {}) {
    super(message, options);
    this.status = options.status;
  }
}

/** The proxy failure among the causes of an error. */
export function proxyErrorIn(error: unknown): ProxyError | undefined {
  for (let at = error; at instanceof Error; at = at.cause) if (at instanceof ProxyError) return at;
  return undefined;
}
