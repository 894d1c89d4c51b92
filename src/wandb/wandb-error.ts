/**
 * Why a request to W&B failed.
 *
 * - `unauthorized`: the key is wrong (401), so it can do nothing
 * - `forbidden`: the key may not do this (403); it may do other things
 * - `not_found`: it does not exist, or the key may not see it (W&B does not distinguish the two)
 * - `conflict`: the name is taken
 * - `invalid`: W&B understood and refused
 * - `unclear`: a mutation got no readable response; list again to see whether it was applied
 * - `unavailable`: no usable response, and nothing was changed
 */
export type WandbErrorKind = 'unauthorized' | 'forbidden' | 'not_found' | 'conflict' | 'invalid' | 'unclear' | 'unavailable';

export interface WandbError {
  readonly kind: WandbErrorKind;
  /** The HTTP status; `null` without a response, or when we found the error ourselves (a name that is not in a list). */
  readonly status: number | null;
  /** For people, without the API key. */
  readonly message: string;
  /** When to try again, where W&B said it (`Retry-After`, a rate limit that is used up): milliseconds since 1970. */
  readonly retryAt?: number;
  /** The response was longer than we read: ask for less. */
  readonly tooLong?: true;
}
