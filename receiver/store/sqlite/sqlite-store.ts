import { type ClockCorrected, timesGate } from '../rules/stored-times.ts';
import type { Store } from '../store.ts';
import { findApproval, listOpenApprovals } from './approval-rows.ts';
import { decideApproval, expireDue } from './approvals.ts';
import { changeDelivery } from './changes.ts';
import { channelIdOf, forgetMessage, listMutes, markSeen, setMute, storyOfConversation, tellEvent } from './conversations.ts';
import { countAll, findDelivery, findEvent, keepWandb, listDeliveries, listEvents, listHoldBacks, listRejected } from './desk.ts';
import type { SqlDriver } from './driver.ts';
import { acceptEvent, keepRejected } from './inbox.ts';
import { pruneEvents } from './prune.ts';
import { claimDue, completeClaim, completeHeld, earliestDue, heldToComplete, takeUpInFlight } from './queue.ts';
import { keepRepositoryId } from './repositories.ts';
import { earliestLook, findRuns, markRun, recordReport, takeRuns } from './runs.ts';
import { migrate } from './schema.ts';
import { keepHoldBack, settleClaim } from './settle.ts';
import { aheadMs, correctTimes } from './stored-times.ts';

/**
 * How long work waits for a foreign lock. `none`: the caller repeats it itself. `long`: it was done already and has to be
 * written down, so it waits for a disk that is full as well.
 */
export type Patience = 'none' | 'usual' | 'long';

/**
 * Runs a piece of the store's work, which is synchronous and does all or nothing. A failure is a rejected promise, never an
 * exception in the caller's turn.
 */
export type Runner = <T>(work: () => T, patience?: Patience) => Promise<T>;

const atOnce: Runner = async (work) => work();

/**
 * The store on SQLite, over whatever drives it. Migrates first.
 *
 * @throws NewerSchemaError when a newer program wrote the database
 */
export function sqliteStore(driver: SqlDriver): Store {
  migrate(driver);
  return storeOver(driver, atOnce);
}

/** The store over a database that is migrated by the time it is used. */
export function storeOver(driver: SqlDriver, reading: Runner): Store {
  const inTransaction: Runner = (work, patience) => reading(() => driver.transaction(work), patience);
  const isDue = timesGate();
  let heard: ClockCorrected = () => undefined;
  /**
   * Before stored times are compared with `now`, what a clock that was ahead has planned is planned again. Not where the
   * caller's time may be an older one: when an event was received, when an attempt ended.
   */
  const corrected = (now: number, inside: (work: () => void) => void): void => {
    const ahead = isDue(now) ? aheadMs(driver, now) : 0;
    if (ahead === 0) return;
    inside(() => correctTimes(driver, now));
    heard(ahead);
  };
  const inTransactionAt = <T>(now: number, work: () => T): Promise<T> =>
    inTransaction(() => {
      corrected(now, (correct) => correct());
      return work();
    });
  const readingAt = <T>(now: number, work: () => T): Promise<T> =>
    reading(() => {
      corrected(now, (correct) => driver.transaction(correct));
      return work();
    });
  return {
    accept: (events, { dedupeWindowMs }) => inTransaction(() => events.map((event) => acceptEvent(driver, event, dedupeWindowMs)), 'none'),
    keepRejected: (rejected) => inTransaction(() => keepRejected(driver, rejected)),
    claim: (options) => inTransactionAt(options.now, () => claimDue(driver, options)),
    nextDueAt: (serves = () => true) => reading(() => earliestDue(driver, serves)),
    complete: (claim, request) => inTransaction(() => completeClaim(driver, claim, request)),
    heldToComplete: (eventId) => reading(() => heldToComplete(driver, eventId)),
    completeHeld: (id, request) => inTransaction(() => completeHeld(driver, id, request)),
    keepEnrichment: (eventId, wandb) => inTransaction(() => keepWandb(driver, eventId, wandb)),
    settle: (claim, attempt, settlement, holdBack) =>
      inTransaction(() => settleClaim(driver, claim, attempt, settlement, holdBack), 'long'),
    recoverInFlight: (now) => inTransactionAt(now, () => takeUpInFlight(driver, now)),
    deliveries: (filter) => reading(() => listDeliveries(driver, filter)),
    delivery: (id) => reading(() => findDelivery(driver, id)),
    events: (filter) => reading(() => listEvents(driver, filter)),
    event: (id) => reading(() => findEvent(driver, id)),
    rejected: (limit) => reading(() => listRejected(driver, limit)),
    counts: () => reading(() => countAll(driver)),
    holdBacks: (now) => readingAt(now, () => listHoldBacks(driver, now)),
    replay: (ids, now, options) => inTransaction(() => ids.map((id) => changeDelivery(driver, id, 'replay', now, options))),
    approve: (ids, now, options) => inTransaction(() => ids.map((id) => changeDelivery(driver, id, 'approve', now, options))),
    cancel: (ids, now, options) => inTransaction(() => ids.map((id) => changeDelivery(driver, id, 'cancel', now, options))),
    approval: (eventId, route) => reading(() => findApproval(driver, eventId, route)),
    openApprovals: (limit) => reading(() => listOpenApprovals(driver, limit)),
    decide: (decision) => inTransactionAt(decision.at, () => decideApproval(driver, decision)),
    expireApprovals: (now) => inTransactionAt(now, () => expireDue(driver, now)),
    story: (conversation, now, eventId) => readingAt(now, () => storyOfConversation(driver, conversation, now, eventId)),
    channelId: (channel) => reading(() => channelIdOf(driver, channel)),
    forgetMessage: (conversation, ts) => inTransaction(() => forgetMessage(driver, conversation, ts)),
    tell: (eventId, now) => inTransaction(() => tellEvent(driver, eventId, now)),
    mute: (mute, eventId, now) =>
      inTransactionAt(now, () => {
        setMute(driver, mute, now);
        tellEvent(driver, eventId, now);
      }),
    mutes: (now) => readingAt(now, () => listMutes(driver, now)),
    firstSeen: (key, now) => inTransaction(() => markSeen(driver, key, now)),
    runsToLookAt: (options) => inTransactionAt(options.now, () => takeRuns(driver, options)),
    nextLookAt: () => reading(() => earliestLook(driver)),
    runsOf: (report) => reading(() => findRuns(driver, report)),
    recordRuns: (reports, now, consequences) =>
      inTransaction(() => reports.flatMap((report) => recordReport(driver, report, now, consequences))),
    markRun: (deliveryId, status, text, now) => inTransaction(() => markRun(driver, deliveryId, status, text, now)),
    keepRepositoryId: (repository, id) => inTransaction(() => keepRepositoryId(driver, repository, id)),
    holdBack: (holdBack, now) => inTransaction(() => keepHoldBack(driver, holdBack, now)),
    prune: (options) => inTransaction(() => pruneEvents(driver, options)),
    onClockCorrected: (listener) => {
      heard = listener;
    },
    check: () =>
      inTransaction(() => {
        // As much room as an event may need: a nearly full disk still takes a row of a few bytes.
        driver.run('UPDATE health SET checks = checks + 1, room = zeroblob(65536 + checks % 2) WHERE id = 1');
      }, 'none'),
    close: async () => driver.close(),
  };
}
