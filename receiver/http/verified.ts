import type { Identity } from '../admin/identity.ts';

/**
 * A request that was authenticated before it came here, by the same rules: the Worker in front of a Durable Object does that.
 * It comes as a value beside the request, never in it, so nothing that a sender writes can be taken for it.
 */
export interface Verified {
  /** The id of the event that the webhook becomes. It is the same each time one webhook is handed over. */
  readonly eventId?: string;
  /** True when the webhook may have been handed over before, with the same `eventId`. */
  readonly isRepeat?: boolean;
  /** When the webhook arrived, if it has waited since. Milliseconds since 1970. */
  readonly receivedAt?: number;
  /** Who sent it, where it is for the pages or the admin API. */
  readonly identity?: Identity;
}

/** `undefined`: nobody has authenticated the request yet. */
export function verifiedOf(c: { readonly env: { readonly verified?: Verified } | undefined }): Verified | undefined {
  return c.env?.verified;
}
