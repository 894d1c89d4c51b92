import type { Store } from '../store.ts';
import { changeDelivery, countAll, findDelivery, findEvent, listDeliveries, listEvents, listHoldBacks, listRejected } from './desk.ts';
import type { SqlDriver } from './driver.ts';
import { acceptEvent, keepRejected } from './inbox.ts';
import { claimDue, earliestDue, settleClaim, takeUpInFlight } from './queue.ts';
import { migrate } from './schema.ts';

/**
 * The store on SQLite, over whatever drives it. Migrates first.
 *
 * @throws NewerSchemaError when a newer program wrote the database
 */
export function sqliteStore(driver: SqlDriver): Store {
  migrate(driver);
  /** A transaction whose failure is a rejected promise, never an exception in the caller's turn. */
  const inTransaction = async <T>(work: () => T): Promise<T> => driver.transaction(work);
  const reading = async <T>(work: () => T): Promise<T> => work();
  return {
    accept: (events, { dedupeWindowMs }) => inTransaction(() => events.map((event) => acceptEvent(driver, event, dedupeWindowMs))),
    keepRejected: (rejected) => inTransaction(() => keepRejected(driver, rejected)),
    claim: (options) => inTransaction(() => claimDue(driver, options)),
    nextDueAt: () => reading(() => earliestDue(driver)),
    settle: (claim, attempt, settlement, holdBack) => inTransaction(() => settleClaim(driver, claim, attempt, settlement, holdBack)),
    recoverInFlight: (now) => inTransaction(() => takeUpInFlight(driver, now)),
    deliveries: (filter) => reading(() => listDeliveries(driver, filter)),
    delivery: (id) => reading(() => findDelivery(driver, id)),
    events: (filter) => reading(() => listEvents(driver, filter)),
    event: (id) => reading(() => findEvent(driver, id)),
    rejected: (limit) => reading(() => listRejected(driver, limit)),
    counts: () => reading(() => countAll(driver)),
    holdBacks: (now) => reading(() => listHoldBacks(driver, now)),
    replay: (ids, now) => inTransaction(() => ids.map((id) => changeDelivery(driver, id, 'replay', now))),
    approve: (ids, now) => inTransaction(() => ids.map((id) => changeDelivery(driver, id, 'approve', now))),
    cancel: (ids, now) => inTransaction(() => ids.map((id) => changeDelivery(driver, id, 'cancel', now))),
    check: () =>
      inTransaction(() => {
        // As much room as an event may need: a nearly full disk still takes a row of a few bytes.
        driver.run('UPDATE health SET checks = checks + 1, room = zeroblob(65536 + checks % 2) WHERE id = 1');
      }),
    close: async () => driver.close(),
  };
}
