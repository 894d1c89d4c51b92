/** From when on a run can be that of a delivery. Pure. */

/** A run may carry a time a little before our own for its dispatch: the service's clock and ours differ. Milliseconds. */
export const CLOCK_DIFFERENCE_MS = 5 * 60_000;
/** A dispatched run appears within this time. Milliseconds. */
const RUN_APPEARS_WITHIN_MS = 60_000;
/** The runs that one dispatch starts, of several workflows, are created within this time of each other. Milliseconds. */
const RUNS_OF_ONE_DISPATCH_MS = 2_000;

/** What is known of a delivery before its replay. */
export interface BeforeReplay {
  /** Runs created before this were not the delivery's own either. */
  readonly runsSince: number;
  /** When its dispatch was sent, or failed for good, by our clock. */
  readonly finishedAt: number;
  /** When its run was created, by the service's clock; `null` when no report named one. */
  readonly runCreatedAt: number | null;
}

/**
 * The earliest creation time of a run that a replay can have started: as early as clocks may differ, but after the runs
 * of the dispatch before. When such a run is known, the service's own clock separates its runs from later ones. Otherwise
 * our clock has to, and the limit lies as far from the one dispatch as from the other.
 */
export function runsSinceReplay({ runsSince, finishedAt, runCreatedAt }: BeforeReplay, now: number): number {
  const earlierUntil =
    runCreatedAt === null
      ? Math.min(now, finishedAt + Math.min(RUN_APPEARS_WITHIN_MS, Math.floor((now - finishedAt) / 2)))
      : runCreatedAt + RUNS_OF_ONE_DISPATCH_MS;
  return Math.max(runsSince, now - CLOCK_DIFFERENCE_MS, earlierUntil);
}
