import { CLOCK_TOLERANCE_MS } from '../../src/lib/clock.ts';
import type { Runtime } from '../runtime.ts';

/** A step forward of more than this is a jump, and after one nothing is ended for as long. Milliseconds. */
export const JUMP_MS = 60_000;
/** Times that were stored by another clock that stays wrong are reported again after this. Milliseconds. */
const REPORT_EVERY_MS = 10 * 60_000;

/** `now` is the clock that may jump. */
export interface ClockWatchOptions extends Pick<Runtime, 'now' | 'log'> {
  /** Milliseconds since some moment, by a clock that only goes on. */
  readonly elapsed: () => number;
  /** What starts again with each piece of work does not wait after its start; it would wait for ever. */
  readonly startsSteady?: boolean;
}

/** Detects jumps of this machine's clock, and logs each once. */
export interface ClockWatch {
  /** True for a minute after a jump forward: what looks overdue may have just begun, and the clock may be corrected at once. */
  hasJumped(): boolean;
  /** False for as long, and for a minute after the start, as a machine may boot with a wrong clock: nothing is removed for good. */
  isSteady(): boolean;
  /** The store found times that lay ahead, see `Store.onClockCorrected`. */
  storedAhead(aheadMs: number): void;
}

/** To be asked often: a jump is the difference between two clocks since the question before. */
export function createClockWatch({ now, elapsed, log, startsSteady = false }: ClockWatchOptions): ClockWatch {
  const start = { now: now(), elapsed: elapsed() };
  let last = start;
  /** When the latest jump forward was noticed, by the clock that jumps: a jump back ends the wait. */
  let jumpedAt = Number.NEGATIVE_INFINITY;
  let backAt = Number.NEGATIVE_INFINITY;

  const measure = (): void => {
    const at = { now: now(), elapsed: elapsed() };
    const step = at.now - last.now - (at.elapsed - last.elapsed);
    // The minute after a jump may pass in one step, where nobody asks for as long.
    const passes = last.now - jumpedAt < JUMP_MS && step <= 2 * JUMP_MS;
    last = at;
    if (step < -CLOCK_TOLERANCE_MS) {
      jumpedAt = Number.NEGATIVE_INFINITY;
      backAt = at.elapsed;
      log.warn(
        { seconds: seconds(-step) },
        `the clock went back by ${inWords(-step)}: what was planned for later is planned again from now`,
      );
    } else if (step > JUMP_MS && !passes) {
      jumpedAt = at.now;
      log.warn(
        { seconds: seconds(step) },
        `the clock jumped forward by ${inWords(step)}: for a minute no approval expires, no delivery is given up and no event is removed`,
      );
    }
  };
  const hasJumped = (): boolean => {
    measure();
    const since = last.now - jumpedAt;
    return since >= 0 && since < JUMP_MS;
  };
  return {
    hasJumped,
    // By the clock that may jump, too: a jump has a wait of its own.
    isSteady: () => !hasJumped() && (startsSteady || Math.max(last.now - start.now, last.elapsed - start.elapsed) >= JUMP_MS),
    storedAhead: (aheadMs) => {
      measure();
      if (last.elapsed - backAt < REPORT_EVERY_MS) return;
      backAt = last.elapsed;
      log.warn(
        { seconds: seconds(aheadMs) },
        `stored times lay ${inWords(aheadMs)} ahead: the clock that wrote them was ahead of this one; what they had planned is planned again from now`,
      );
    },
  };
}

function seconds(milliseconds: number): number {
  return Math.round(milliseconds / 1000);
}

function inWords(milliseconds: number): string {
  const total = seconds(milliseconds);
  if (total < 120) return `${total} seconds`;
  if (total < 7_200) return `${Math.round(total / 60)} minutes`;
  return total < 172_800 ? `${Math.round(total / 3_600)} hours` : `${Math.round(total / 86_400)} days`;
}
