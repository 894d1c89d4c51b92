import type { PostgresDriver } from './driver.ts';
import { LOCK_EVERYTHING } from './locks.ts';

/** The database belongs to the other kind of receiver. */
export class WrongPurposeError extends Error {}

/** A copy into this database was begun and not finished. */
export class UnfinishedCopyError extends Error {}

/**
 * Keeps a sandbox, which records dispatches as delivered without sending them, away from real deliveries, and the other
 * way round: the first receiver on a database decides what it is for.
 *
 * @throws WrongPurposeError
 */
export async function claimPurpose(driver: PostgresDriver, purpose: 'live' | 'sandbox'): Promise<void> {
  await driver.transaction([], async (sql) => {
    await sql.run(LOCK_EVERYTHING);
    const [found] = await sql.rows<{ name: string }>('SELECT name FROM purpose');
    if (found === undefined) await sql.run('INSERT INTO purpose VALUES ($1)', purpose);
    else if (found.name !== purpose)
      throw new WrongPurposeError(
        `the database belongs to a ${found.name} receiver and this is a ${purpose} one: use another database (DATABASE_URL)`,
      );
  });
}

/**
 * A receiver takes the database over: from now on nothing may be copied into it any more, because that would bring back
 * what the receiver has delivered.
 *
 * @throws UnfinishedCopyError when only a part of it is there
 */
export async function beginService(driver: PostgresDriver): Promise<void> {
  await driver.transaction([], async (sql) => {
    await sql.run(LOCK_EVERYTHING);
    const [copy] = await sql.rows<{ finished: number }>('SELECT finished FROM migration');
    if (copy?.finished === 0)
      throw new UnfinishedCopyError('"wandb-relay migrate" has not finished on this database: run it again, then start the receiver');
    await sql.run('DELETE FROM migration');
  });
}
