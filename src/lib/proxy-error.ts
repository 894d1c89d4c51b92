/** A request did not get past a proxy: nothing of it reached the server. */
export class ProxyError extends Error {
  override readonly name = 'ProxyError';
  /** Unlike the codes of sockets, this one is no reason for undici to try the connection again. */
  readonly code = 'ERR_PROXY';
  /** What the proxy answered, if it did. */
  readonly status: number | undefined;

  constructor(message: string, options: ErrorOptions & { readonly status?: number } = {}) {
    super(message, options);
    this.status = options.status;
  }
}

/** The failure of a proxy that a failed request has as its cause. */
export function proxyErrorIn(error: unknown): ProxyError | undefined {
  for (let at = error; at instanceof Error; at = at.cause) if (at instanceof ProxyError) return at;
  return undefined;
}
