import type { Attempt } from '../store/delivery.ts';
import { ATTEMPT_LIMIT_MS } from './attempt.ts';
import type { TimeWindow } from './target.ts';

/**
 * When a delivery may have been sent without anybody knowing: during its ambiguous attempts, oldest first. An attempt that was
 * reclaimed lasted until it was reclaimed, but sends nothing after its time limit. In a database that was restored it may have been sent
 * at any time since the backup. Pure.
 *
 * @param since attempts that ended before belong to an earlier replay
 */
export function sendingTimes(attempts: readonly Attempt[], since: number): TimeWindow[] {
  return attempts
    .filter(({ outcome }) => outcome === 'ambiguous' || outcome === 'restored')
    .map(({ startedAt, durationMs, outcome }) => ({
      from: startedAt,
      to: startedAt + (outcome === 'restored' ? durationMs : Math.min(durationMs, ATTEMPT_LIMIT_MS)),
    }))
    .filter(({ to }) => to >= since);
}
