/** How long a server asks to wait. Pure. */

/**
 * The longest accepted wait, in milliseconds. GitHub's rate limit windows are an hour long, those of W&B and Slack are
 * shorter. A longer wait comes from a faulty server or proxy, and must not stop deliveries for days.
 */
export const LONGEST_WAIT_MS = 2 * 3_600_000;

/** The three forms of an HTTP date all begin with the name of a day (RFC 9110, section 5.6.7). */
const HTTP_DATE = /^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*,? /i;

/**
 * Reads `Retry-After`: a number of seconds, or an HTTP date (RFC 9110, section 10.2.3).
 *
 * @param now milliseconds since 1970
 * @returns the end of the wait, from `now` to `now + LONGEST_WAIT_MS`, in whole milliseconds; `undefined` for any other value
 */
export function retryAfter(value: string | number | null | undefined, now: number): number | undefined {
  const text = String(value ?? '').trim();
  if (text === '') return undefined;
  const seconds = Number(text);
  if (!Number.isNaN(seconds)) return waitEnd(seconds, now);
  return HTTP_DATE.test(text) ? waitEnd((Date.parse(text) - now) / 1000, now, 'past') : undefined;
}

/**
 * The end of a wait in seconds from now, at most `LONGEST_WAIT_MS` away.
 *
 * @param past what a time before now means: a date that has passed is over; a negative number of seconds is no wait at all
 * @returns milliseconds since 1970; `undefined` when the number is no wait
 */
export function waitEnd(seconds: number, now: number, past?: 'past'): number | undefined {
  if (Number.isNaN(seconds)) return undefined;
  if (seconds < 0) return past === undefined ? undefined : now;
  return now + Math.min(LONGEST_WAIT_MS, Math.ceil(seconds * 1000));
}
