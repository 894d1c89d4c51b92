import { bindTimes, CORRECTIONS, LATEST_AHEAD } from '../rules/stored-times.ts';
import { firstRow, type SqlDriver } from './driver.ts';

const mark = (): string => '?';

/** How far ahead of now the furthest time was written that a clock that was ahead has left behind, in milliseconds; 0: there is none. */
export function aheadMs(driver: SqlDriver, now: number): number {
  const { sql, values } = bindTimes(LATEST_AHEAD, now, mark);
  const latest = firstRow<{ at: number | null }>(driver, sql, ...values)?.at ?? now;
  return latest - now;
}

/** Moves such times to now. Inside the caller's transaction. */
export function correctTimes(driver: SqlDriver, now: number): void {
  for (const statement of CORRECTIONS) {
    const { sql, values } = bindTimes(statement, now, mark);
    driver.run(sql, ...values);
  }
}
