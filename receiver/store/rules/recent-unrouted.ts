import type { LatestEvent } from '../delivery.ts';
import type { Incoming, Routed, Taken } from '../unrouted.ts';

/** Of so many subjects the latest unrouted event is remembered. */
const MOST = 10_000;

/**
 * The latest unrouted event of each subject, of those that this process has stored. In memory, because an index of subjects would
 * double what a burst writes. It only decides what a sender is told: what is a duplicate is decided when it is routed.
 */
export class RecentUnrouted {
  readonly #latest = new Map<string, LatestEvent>();

  get(subjectKey: string): LatestEvent | undefined {
    return this.#latest.get(subjectKey);
  }

  /** To be called with each slice that was routed, once it is committed. */
  routed(slice: Routed): Routed {
    if (slice.events === 0) this.#latest.clear();
    return slice;
  }

  /** To be called once a batch is committed. */
  stored(incoming: readonly Incoming[], taken: readonly Taken[]): void {
    // Nothing was unrouted by then: what is stored says it.
    if (taken.some(({ status }) => status !== 'unrouted')) this.#latest.clear();
    for (const [i, each] of taken.entries()) {
      const given = incoming[i];
      if (given === undefined || each.status !== 'unrouted' || each.duplicateOf !== undefined) continue;
      const { id, bodyHash, receivedAt } = given.unrouted;
      // The oldest are forgotten first.
      this.#latest.delete(given.subjectKey);
      this.#latest.set(given.subjectKey, { id, bodyHash, receivedAt });
    }
    for (const key of this.#latest.keys()) {
      if (this.#latest.size <= MOST) break;
      this.#latest.delete(key);
    }
  }
}
