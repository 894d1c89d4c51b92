/** W&B's rate limit: for each project so many requests in a window; the headers are numbers with a fraction, scaled to 1000. */
export interface RateLimit {
  readonly requests: number;
  readonly windowSeconds: number;
}

export class RateLimiter {
  readonly #windows = new Map<string, { startedAt: number; used: number }>();

  readonly #limit: RateLimit;
  readonly #now: () => number;

  constructor(limit: RateLimit, now: () => number) {
    this.#limit = limit;
    this.#now = now;
  }

  /** Counts a request about a project. */
  take(project: string): { readonly isExceeded: boolean; readonly headers: Record<string, string> } {
    const at = this.#now();
    const windowMs = this.#limit.windowSeconds * 1000;
    const known = this.#windows.get(project);
    const window = known === undefined || at - known.startedAt >= windowMs ? { startedAt: at, used: 0 } : known;
    this.#windows.set(project, window);
    window.used += 1;
    const left = Math.max(0, 1 - window.used / this.#limit.requests);
    const isExceeded = window.used > this.#limit.requests;
    const reset = (window.startedAt + windowMs - at) / 1000;
    const headers = { 'ratelimit-limit': '1000', 'ratelimit-remaining': (left * 1000).toFixed(3), 'ratelimit-reset': reset.toFixed(3) };
    return { isExceeded, headers: isExceeded ? { ...headers, 'retry-after': String(Math.ceil(reset)) } : headers };
  }
}
