export interface PruneOptions {
  /**
   * Events received before this may go (milliseconds since 1970). Duplicates and cooldowns are decided by what is stored:
   * it must be further back than the dedupe window and the longest cooldown, see `retentionFloor`.
   */
  readonly before: number;
  /** At most so many events. */
  readonly limit: number;
}

/** What goes when it is old. */
export interface Retention {
  /**
   * Removes events, in the order in which they came, with their deliveries, attempts, notes, runs and approvals; returns how many there were:
   * fewer than `limit` when there are no more. An event stays as long as one of its deliveries is pending, in flight, held
   * or dead. A conversation shows the events that are left, and goes with the last of them. Rejected requests,
   * mutes that ended before, and occurrences of schedules but the latest of each go too.
   */
  prune(options: PruneOptions): Promise<number>;
}
