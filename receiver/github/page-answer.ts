import { isHtml } from './special-refusals.ts';

type Fetch = typeof globalThis.fetch;

/** A page came with a status of success: from a login or a proxy. GitHub's API gives none. */
export class PageError extends Error {
  override readonly name = 'PageError';
  readonly status: number;
  /** All of it, with whatever it holds. */
  readonly page: string;

  constructor(status: number, page: string) {
    super(`a page came instead of an answer (${status})`);
    this.status = status;
    this.page = page;
  }
}

/**
 * A `fetch` that hands no HTML on as a success: what reads it would miss all that it looks for. The body must be short,
 * as `limitedFetch` makes it.
 *
 * @throws PageError
 */
export function refusePages(fetch: Fetch): Fetch {
  return async (input, init) => {
    const response = await fetch(input, init);
    const type = response.headers.get('content-type') ?? '';
    if (!response.ok || response.body === null || /\bjson\b/i.test(type)) return response;
    const text = await response.clone().text();
    if (isHtml({ 'content-type': type }, text)) throw new PageError(response.status, text);
    return response;
  };
}

/** JSON with a status of success that is not what GitHub's API gives. @throws Error unless it has what was asked for */
export function expectInAnswer(isThere: boolean, what: string): void {
  if (!isThere) throw new Error(`the answer has no ${what}: does GITHUB_API_URL point to GitHub's API?`);
}
