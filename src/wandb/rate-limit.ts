import { dueAfter } from '../lib/clock.ts';
import { retryAfter, waitEnd } from '../lib/retry-after.ts';

/** What is left of a rate limit. */
export interface RateLimitLeft {
  /** From 0 (used up) to 1. */
  readonly remaining: number;
  /** When it is full again, milliseconds since 1970. */
  readonly resetAt: number;
}

/**
 * W&B's rate limits, as its answers show them. W&B counts per project (MCP server, Python client `core/internal/api`), so each
 * is kept under a key; '' is for requests that belong to no project.
 */
export interface RateLimits {
  /**
   * Reads an answer's headers: numbers with a fraction, the reset in seconds from now, the quota scaled to 1000.
   *
   * @returns when the same request may be sent again, if W&B said it or the limit is used up
   */
  read(response: Pick<Response, 'headers' | 'status'>, key: string, writes: boolean): number | undefined;
  /** Until when nothing may be sent; in the past: now. */
  throttledUntil(key: string): number;
  /** As of the latest answer; full after the reset. Without a key: the limit of which the least is left. */
  left(key?: string): RateLimitLeft | undefined;
}

/** Where `RateLimit-Limit` is missing (facts: the quota is scaled to 1000). */
const FULL = 1000;
/** Projects come and go; those whose limit is full again are forgotten. */
const MOST_KEYS = 1_000;

interface Limit {
  until: number;
  writtenAt: number;
  left: RateLimitLeft | undefined;
}

export function createRateLimits(now: () => number): RateLimits {
  const limits = new Map<string, Limit>();

  function limitOf(key: string): Limit {
    const known = limits.get(key);
    if (known !== undefined) return known;
    if (limits.size >= MOST_KEYS) forgetFull();
    const limit: Limit = { until: 0, writtenAt: 0, left: undefined };
    limits.set(key, limit);
    return limit;
  }

  function forgetFull(): void {
    const at = now();
    for (const [key, { until, left }] of limits) if (until <= at && (left?.resetAt ?? 0) <= at) limits.delete(key);
  }

  /** A clock that is set back does not lengthen the wait. */
  function throttledUntil(key: string): number {
    const limit = limits.get(key);
    if (limit === undefined) return 0;
    const at = now();
    const until = dueAfter(limit.until, limit.writtenAt, at);
    if (until !== limit.until) Object.assign(limit, { until, writtenAt: at });
    return until;
  }

  function throttle(key: string, until: number): void {
    Object.assign(limitOf(key), { until: Math.max(throttledUntil(key), until), writtenAt: now() });
  }

  function current(left: RateLimitLeft | undefined): RateLimitLeft | undefined {
    return left !== undefined && left.resetAt <= now() ? { remaining: 1, resetAt: left.resetAt } : left;
  }

  return {
    read: ({ headers, status }, key, writes) => {
      const reset = numberIn(headers, 'ratelimit-reset');
      const remaining = numberIn(headers, 'ratelimit-remaining');
      if (reset !== undefined && remaining !== undefined) {
        const resetAt = waitEnd(reset, now()) ?? now();
        const full = numberIn(headers, 'ratelimit-limit') ?? FULL;
        limitOf(key).left = { remaining: Math.min(1, Math.max(0, remaining / (full > 0 ? full : FULL))), resetAt };
        if (remaining <= 0 && reset > 0) throttle(key, resetAt);
      }
      const asked = retryAfter(headers.get('retry-after'), now());
      // A mutation is not retried, so the next request, the list, has to wait.
      if (writes && status === 429 && asked !== undefined) throttle(key, asked);
      const until = throttledUntil(key);
      return asked ?? (until > now() ? until : undefined);
    },
    throttledUntil,
    left: (key) => {
      if (key !== undefined) return current(limits.get(key)?.left);
      const all = [...limits.values()].flatMap(({ left }) => current(left) ?? []);
      return all.reduce<RateLimitLeft | undefined>(
        (least, one) => (least === undefined || one.remaining < least.remaining ? one : least),
        undefined,
      );
    },
  };
}

function numberIn(headers: Headers, name: string): number | undefined {
  const text = headers.get(name);
  const value = text === null || text.trim() === '' ? Number.NaN : Number(text);
  return Number.isFinite(value) ? value : undefined;
}
