/** Redirects of GitHub: a repository that was renamed or moved to another owner. */

type Fetch = typeof globalThis.fetch;

/** GitHub answers 301 for a repository with a new name, 307 for what is elsewhere for a while (REST documentation, "Best practices": redirects). */
const FOLLOWED: ReadonlySet<number> = new Set([301, 307, 308]);
const MOST_REDIRECTS = 3;
const NOT_MODIFIED = 304;

/** A redirect that is not followed. Nothing was done by the request. */
export class RedirectError extends Error {
  override readonly name = 'RedirectError';
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/**
 * A `fetch` that follows 301, 307 and 308 with the same method, headers and body, at most three times, and only to the
 * same origin: the request carries a token. (What `fetch` itself follows turns a POST that got a 301 into a GET.)
 *
 * @param onMove is called with the final address of a redirected request
 * @throws RedirectError for any other redirect
 */
export function followRedirects(fetch: Fetch, onMove: (to: URL) => void = () => {}): Fetch {
  return async (input, init) => {
    let url = new URL(input instanceof Request ? input.url : input);
    for (let redirects = 0; ; redirects++) {
      const response = await fetch(url.href, { ...init, redirect: 'manual' });
      const { status } = response;
      if (status < 300 || status >= 400 || status === NOT_MODIFIED) {
        if (redirects > 0) onMove(url);
        return response;
      }
      await response.body?.cancel();
      url = nextUrl(url, status, response.headers.get('location'), redirects);
    }
  };
}

function nextUrl(from: URL, status: number, location: string | null, redirects: number): URL {
  const to = location === null ? null : URL.parse(location, from.href);
  if (to === null) throw new RedirectError(status, 'a redirect that names no address');
  if (to.origin !== from.origin) {
    throw new RedirectError(status, `a redirect to another server, ${to.origin}, which is not followed: the request carries a token`);
  }
  if (!FOLLOWED.has(status)) throw new RedirectError(status, `a redirect to ${to.pathname}, which GitHub's API does not give`);
  if (redirects >= MOST_REDIRECTS) throw new RedirectError(status, `more than ${MOST_REDIRECTS} redirects, the last to ${to.pathname}`);
  // `fetch` refuses an address with these, and the token says already who asks.
  to.username = '';
  to.password = '';
  return to;
}

/** The repository that an address of GitHub's API is about: by its id, or by its name, as the address has it. */
export function repositoryOfUrl({ pathname }: URL): { readonly id: string } | { readonly name: string } | undefined {
  const id = /\/repositories\/(\d+)(?:\/|$)/.exec(pathname)?.[1];
  if (id !== undefined) return { id };
  const name = /\/repos\/([^/]+\/[^/]+)(?:\/|$)/.exec(pathname)?.[1];
  return name === undefined ? undefined : { name };
}
