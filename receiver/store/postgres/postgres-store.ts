import { randomUUID } from 'node:crypto';
import { type ClockCorrected, timesGate } from '../rules/stored-times.ts';
import type { Store } from '../store.ts';
import { decideApproval, expireDue, findApproval, listOpenApprovals } from './approvals.ts';
import { changeDeliveries } from './changes.ts';
import { channelIdOf, forgetMessage, listMutes, markSeen, setMute, tellEvent } from './conversations.ts';
import { countAll, findDelivery, findEvent, keepWandb, listDeliveries, listEvents, listHoldBacks, listRejected } from './desk.ts';
import { CLOSE_LIMIT_MS, DatabaseAwayError, type DriverOptions, openDriver, type PostgresDriver } from './driver.ts';
import { acceptEvents, keepRejected } from './inbox.ts';
import { linesOfEvents } from './line-names.ts';
import { lineLock } from './locks.ts';
import { createNotifier } from './notify.ts';
import { pruneEvents } from './prune.ts';
import { beginService, claimPurpose } from './purpose.ts';
import { claimDue, completeClaim, completeHeld, earliestDue, heldToComplete, isClaimOf, keepLease } from './queue.ts';
import { keepRepositoryId } from './repositories.ts';
import { earliestLook, findRuns, markRun, recordReports, takeRuns } from './runs.ts';
import { migrate } from './schema.ts';
import { openSession, type ReceiverSession, type SessionChange } from './session.ts';
import { keepHoldBack, settleClaim } from './settle.ts';
import { correctTimes } from './stored-times.ts';
import { storyOfConversation } from './story.ts';

export interface PostgresOptions extends DriverOptions {
  /** What a receiver is going to do with the database; left out by commands that only look or step in. */
  readonly purpose?: 'live' | 'sandbox';
  /** Told when the connection that listens cannot be made. */
  readonly warn?: (text: string) => void;
  /** Told when the session that proves this receiver to be alive is lost or regained, or cannot be had. */
  readonly sessionChanged?: (change: SessionChange) => void;
}

/**
 * The store on PostgreSQL 14 or newer, for any number of receivers. Migrates first. The receivers' clocks must agree, as
 * far as pace (a few hundred milliseconds) and leases (two minutes) go.
 *
 * With a `purpose` it claims as a receiver whose end the others notice, see `session.ts`; without one, by leases alone.
 *
 * @throws NewerSchemaError when a newer program wrote the database
 * @throws WrongPurposeError, UnfinishedCopyError when a receiver must not serve it
 */
export async function openPostgres(url: string, options: PostgresOptions = {}): Promise<Store> {
  const driver = openDriver(url, options);
  let session: ReceiverSession | undefined;
  try {
    await migrate(driver);
    if (options.purpose !== undefined) {
      await claimPurpose(driver, options.purpose);
      await beginService(driver);
      session = await openSession(driver, { report: options.sessionChanged ?? (() => undefined) });
    }
  } catch (error) {
    await driver.close();
    throw error;
  }
  return postgresStore(driver, options.warn ?? (() => undefined), session);
}

/** Over a database that has been migrated. */
export function postgresStore(driver: PostgresDriver, warn: (text: string) => void, session?: ReceiverSession): Store {
  const others = createNotifier(driver, randomUUID(), warn);
  /** Tells other receivers once it is done. */
  const told = async <T>(work: Promise<T>): Promise<T> => {
    const result = await work;
    others.tell();
    return result;
  };
  const isDue = timesGate();
  let heard: ClockCorrected = () => undefined;
  /**
   * Before stored times are compared with `now`, what a clock that was ahead has planned is planned again. Not where the
   * caller's time may be an older one: when an event was received, when an attempt ended.
   */
  const at = async <T>(now: number, work: () => Promise<T>): Promise<T> => {
    const aheadMs = isDue(now) ? await correctTimes(driver, now) : 0;
    if (aheadMs > 0) heard(aheadMs);
    return work();
  };
  const touching = async (eventId: string, work: Parameters<typeof driver.transaction<void>>[1]): Promise<void> =>
    driver.transaction(await linesOfEvents(driver, [eventId]), work);
  return {
    accept: (events, { dedupeWindowMs }) => told(acceptEvents(driver, events, dedupeWindowMs)),
    keepRejected: (rejected) => keepRejected(driver, rejected),
    claim: (options) =>
      at(options.now, async () => {
        const standing = session?.standing() ?? { kind: 'leases' };
        if (standing.kind === 'lost') return [];
        if (session === undefined || standing.kind === 'leases') return claimDue(driver, options);
        return claimDue(driver, options, { receiver: standing.receiver, reclaims: session.isTimeToReclaim() });
      }),
    nextDueAt: async (serves = () => true) => (session?.standing().kind === 'lost' ? undefined : earliestDue(driver, serves)),
    holds: async (claim) => {
      const standing = session?.standing() ?? { kind: 'leases' };
      if (standing.kind === 'leases') return true;
      const receiver = standing.kind === 'alive' ? standing.receiver : null;
      // Without a session in between, nobody can have taken it over.
      return receiver !== null && isClaimOf(claim, receiver) ? true : keepLease(driver, claim, receiver);
    },
    complete: (claim, request) => completeClaim(driver, claim, request),
    heldToComplete: (eventId) => heldToComplete(driver, eventId),
    completeHeld: (id, request) => completeHeld(driver, id, request),
    keepEnrichment: (eventId, wandb) => keepWandb(driver, eventId, wandb),
    settle: (claim, attempt, settlement, holdBack) => persistently(() => settleClaim(driver, claim, attempt, settlement, holdBack)),
    // What is in flight is another receiver's; when that one is gone, its leases run out.
    recoverInFlight: (now) => at(now, async () => 0),
    deliveries: (filter) => listDeliveries(driver, filter),
    delivery: (id) => driver.snapshot((sql) => findDelivery(sql, id)),
    events: (filter) => listEvents(driver, filter),
    event: (id) => findEvent(driver, id),
    rejected: (limit) => listRejected(driver, limit),
    counts: () => driver.snapshot(countAll),
    holdBacks: (now) => at(now, () => listHoldBacks(driver, now)),
    replay: (ids, now, options) => told(changeDeliveries(driver, ids, 'replay', now, options)),
    approve: (ids, now, options) => told(changeDeliveries(driver, ids, 'approve', now, options)),
    cancel: (ids, now, options) => told(changeDeliveries(driver, ids, 'cancel', now, options)),
    approval: (eventId, route) => findApproval(driver, eventId, route),
    openApprovals: (limit) => listOpenApprovals(driver, limit),
    decide: (decision) => told(at(decision.at, () => decideApproval(driver, decision))),
    expireApprovals: (now) => at(now, () => expireDue(driver, now)),
    story: (conversation, now, eventId) => at(now, () => driver.snapshot((sql) => storyOfConversation(sql, conversation, now, eventId))),
    channelId: (channel) => channelIdOf(driver, channel),
    forgetMessage: (conversation, ts) => driver.transaction([lineLock(conversation)], (sql) => forgetMessage(sql, conversation, ts)),
    tell: (eventId, now) => told(touching(eventId, (sql) => tellEvent(sql, eventId, now))),
    mute: (mute, eventId, now) =>
      told(
        at(now, () =>
          touching(eventId, async (sql) => {
            await setMute(sql, mute, now);
            await tellEvent(sql, eventId, now);
          }),
        ),
      ),
    mutes: (now) => at(now, () => listMutes(driver, now)),
    firstSeen: (key, now) => markSeen(driver, key, now),
    runsToLookAt: (options) => at(options.now, () => takeRuns(driver, options)),
    nextLookAt: () => earliestLook(driver),
    runsOf: (report) => findRuns(driver, report),
    recordRuns: (reports, now, consequences) => told(recordReports(driver, reports, now, consequences)),
    markRun: (deliveryId, status, text, now) => markRun(driver, deliveryId, status, text, now),
    keepRepositoryId: (repository, id) => keepRepositoryId(driver, repository, id),
    holdBack: (holdBack, now) => keepHoldBack(driver, holdBack, now),
    prune: (options) => pruneEvents(driver, options),
    onClockCorrected: (listener) => {
      heard = listener;
    },
    listen: (wake) => others.listen(wake),
    check: async () => {
      await driver.run('UPDATE health SET checks = checks + 1 WHERE id = 1');
    },
    close: async () => {
      const late = new Promise<void>((resolve) => void setTimeout(resolve, CLOSE_LIMIT_MS).unref());
      await Promise.race([Promise.all([others.close(), session?.close()]), late]);
      await driver.close();
    },
  };
}

/** How often, and how far apart, settling is tried while the database is away: a restart takes seconds. */
const SETTLE_TRIES = 20;
const SETTLE_PAUSE_MS = 500;

/**
 * What came of an attempt is worth some patience: otherwise it is found out by looking, when the lease has run out. The
 * lease is longer than this goes on, and settling twice does nothing the second time.
 */
async function persistently<T>(work: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof DatabaseAwayError) || tries >= SETTLE_TRIES) throw error;
      await new Promise((resolve) => setTimeout(resolve, SETTLE_PAUSE_MS));
    }
  }
}
