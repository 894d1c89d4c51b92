import { bindTimes, CORRECTIONS, LATEST_AHEAD } from '../rules/stored-times.ts';
import type { PostgresDriver } from './driver.ts';

const numbered = (index: number): string => `$${index}`;

/** Receivers that correct at once do so one after another. */
const CORRECTION_LOCK = 'stored times';

/**
 * Moves times to now that were written by a clock that was ahead; returns how far ahead the furthest was, 0 when there are
 * none, or another receiver was faster.
 */
export async function correctTimes(driver: PostgresDriver, now: number): Promise<number> {
  const look = bindTimes(LATEST_AHEAD, now, numbered);
  const [found] = await driver.rows<{ at: number | null }>(look.sql, ...look.values);
  if (found === undefined || found.at === null) return 0;
  let corrected = 0;
  await driver.transaction([CORRECTION_LOCK], async (sql) => {
    corrected = 0;
    for (const statement of CORRECTIONS) {
      const { sql: text, values } = bindTimes(statement, now, numbered);
      corrected += await sql.run(text, ...values);
    }
  });
  return corrected === 0 ? 0 : found.at - now;
}
