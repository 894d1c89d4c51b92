import type { OpenRun } from '../store/run.ts';

/** When runs are looked at. Pure; all times in milliseconds. */

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

/** A run that has not appeared by then is missing. Most appear within seconds; GitHub's queue is slow on bad days. */
export const MISSING_AFTER_MS = 10 * MINUTE;
/** A run that has not appeared by then is not looked for any more. */
export const GIVE_UP_AFTER_MS = 6 * HOUR;
/** GitHub cancels a run after 35 days, waiting and approvals included (GitHub documentation, "Actions limits"). */
export const WATCH_LIMIT_MS = 35 * 24 * HOUR;

/** Up to which age of the dispatch the next look comes how soon. */
type Steps = readonly { readonly upTo: number; readonly every: number }[];

const OPEN: Steps = [
  { upTo: 30 * SECOND, every: 5 * SECOND },
  { upTo: 10 * MINUTE, every: 30 * SECOND },
  { upTo: HOUR, every: MINUTE },
  { upTo: WATCH_LIMIT_MS, every: 5 * MINUTE },
];
/** With webhooks a look only finds what a webhook did not tell. */
const OPEN_WITH_WEBHOOK: Steps = [
  { upTo: HOUR, every: 5 * MINUTE },
  { upTo: WATCH_LIMIT_MS, every: 30 * MINUTE },
];
const EXPECTED: Steps = [
  { upTo: 2 * MINUTE, every: 15 * SECOND },
  { upTo: MISSING_AFTER_MS, every: 30 * SECOND },
  // Nobody could look at the moment when it counted.
  { upTo: HOUR, every: 2 * MINUTE },
  { upTo: GIVE_UP_AFTER_MS, every: 30 * MINUTE },
];
const EXPECTED_WITH_WEBHOOK: Steps = [
  { upTo: MISSING_AFTER_MS, every: 2 * MINUTE },
  { upTo: HOUR, every: 5 * MINUTE },
  { upTo: GIVE_UP_AFTER_MS, every: 30 * MINUTE },
];
const MISSING: Steps = [{ upTo: GIVE_UP_AFTER_MS, every: 30 * MINUTE }];

/**
 * When a run that is being looked at now is looked at again, whatever comes of this look; `Infinity`: never.
 *
 * @param hasWebhook GitHub's webhooks are configured, so looking only reconciles
 */
export function nextPollAt(run: OpenRun, now: number, hasWebhook: boolean): number {
  const age = now - run.dispatchedAt;
  const every = stepsFor(run, hasWebhook).find(({ upTo }) => age < upTo)?.every;
  if (every === undefined) return Number.POSITIVE_INFINITY;
  const again = now + every;
  if (run.runId !== null) return again;
  // The moment at which a run that did not appear is called missing, and the last look, are kept to.
  const deadline = run.dispatchedAt + (age < MISSING_AFTER_MS ? MISSING_AFTER_MS : GIVE_UP_AFTER_MS);
  return Math.min(again, deadline);
}

function stepsFor(run: OpenRun, hasWebhook: boolean): Steps {
  if (run.runId !== null) return hasWebhook ? OPEN_WITH_WEBHOOK : OPEN;
  if (run.status === 'missing') return MISSING;
  return hasWebhook ? EXPECTED_WITH_WEBHOOK : EXPECTED;
}
