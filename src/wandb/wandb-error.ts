/**
 * Why W&B did not do what was asked.
 *
 * - `unauthorized`: the key is wrong, or may not do this
 * - `not_found`: it does not exist, or the key may not see it (W&B does not tell the two apart)
 * - `conflict`: the name is taken
 * - `invalid`: W&B understood and refused
 * - `unclear`: a mutation got no readable answer; only listing again shows whether it was carried out
 * - `unavailable`: no usable answer, and nothing was changed
 */
export type WandbErrorKind = 'unauthorized' | 'not_found' | 'conflict' | 'invalid' | 'unclear' | 'unavailable';

export interface WandbError {
  readonly kind: WandbErrorKind;
  /** The HTTP status; `null` when there was no answer, or when the finding is ours (a name that is not among those listed). */
  readonly status: number | null;
  /** For people, without the API key. */
  readonly message: string;
}
