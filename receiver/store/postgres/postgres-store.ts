import { randomUUID } from 'node:crypto';
import { countedEvents, failedDeliveries } from '../rules/activity.ts';
import { aliasPage } from '../rules/alias-page.ts';
import { approvalsDue, expireApproval, findApproval, listNotAsked, listOpenApprovals } from '../rules/approvals.ts';
import { auditEvents } from '../rules/audit.ts';
import { changeDeliveries } from '../rules/changes.ts';
import { viewConversation } from '../rules/conversation-view.ts';
import { channelIdOf, keepLastReply } from '../rules/conversations.ts';
import { decideApproval } from '../rules/decisions.ts';
import {
  advanceEngine,
  engineProject,
  engineProjects,
  engineRuns,
  leaseProject,
  liveEngineRuns,
  pruneEngineRuns,
  releaseProjects,
} from '../rules/engine.ts';
import { eraseCandidates, eraseRows } from '../rules/erase.ts';
import { keepHistory } from '../rules/history.ts';
import { aliasHistory, correctAlias, listAliases, promotionEvent } from '../rules/ledger.ts';
import type { Change } from '../rules/may-change.ts';
import { listMutes } from '../rules/mutes.ts';
import { nudgeApproval, nudgesDue } from '../rules/nudges.ts';
import { acceptOccurrence, lastOccurrence } from '../rules/occurrences.ts';
import { deliveryPage, eventPage, rejectedPage } from '../rules/pages.ts';
import { holdRestored, listPauses, listResumed, pause, resume } from '../rules/pauses.ts';
import { oldEvents, removeEvents, removeOldRecords } from '../rules/prune.ts';
import {
  countAll,
  findDelivery,
  findEvent,
  keepEnrichment,
  keepRejected,
  listDeliveries,
  listEvents,
  listRejected,
  markSeen,
} from '../rules/queries.ts';
import { RecentUnrouted } from '../rules/recent-unrouted.ts';
import { forgetConversationMessage, muteAndRefresh, refreshEvent } from '../rules/refresh.ts';
import { keepRepositoryId } from '../rules/repositories.ts';
import { heldToEnrich, updateHeldRequest, updateRequest } from '../rules/requests.ts';
import { earliestPoll, findRuns, markRun, recordReports, takeRuns } from '../rules/runs.ts';
import { deliveriesToChange, oldestToSend, revision, routeActivity, searchEvents, undelivered } from '../rules/search.ts';
import { settleClaim } from '../rules/settle.ts';
import { aheadMs, type ClockCorrected, correctTimes, futureTimes, timesGate } from '../rules/stored-times.ts';
import { keepThrottle, listThrottles } from '../rules/throttles.ts';
import { isUnrouted, readBacklog, retrySkipped, routeUnrouted, skipOldestUnrouted } from '../rules/unrouted.ts';
import type { Work } from '../rules/work.ts';
import type { ChangeOptions, ChangeResult, Store } from '../store.ts';
import { acceptBatch, takeBatch } from './accept.ts';
import { claimOffers } from './claim-offers.ts';
import { CLOSE_LIMIT_MS, DatabaseAwayError, type DriverOptions, openDriver, type PostgresDriver } from './driver.ts';
import { postgresLookUp } from './look-up.ts';
import { createNotifier } from './notify.ts';
import { beginService, claimPurpose } from './purpose.ts';
import { type Claimer, claimDue, claimWithin, earliestDue, isClaimOf, keepLease } from './queue.ts';
import { runInTransaction, runWork } from './run-work.ts';
import { migrate, SCHEMA_VERSION } from './schema.ts';
import { openSession, type ReceiverSession, type SessionChange } from './session.ts';

export interface PostgresOptions extends DriverOptions {
  /** What a receiver is going to do with the database; left out by commands that only read or change deliveries. */
  readonly purpose?: 'live' | 'sandbox';
  /** Called when the connection that listens cannot be made. */
  readonly warn?: (text: string) => void;
  /** Called when a newer program has used the database, and this one can use it too. */
  readonly usedByNewer?: (versions: { readonly schema: number; readonly known: number }) => void;
  /** Called when the session that proves this receiver to be alive is lost or regained, or cannot be had. */
  readonly sessionChanged?: (change: SessionChange) => void;
}

/**
 * The store on PostgreSQL 14 or newer, for any number of receivers. Migrates first. The receivers' clocks must agree, as
 * far as pace (a few hundred milliseconds) and leases (two minutes) go.
 *
 * With a `purpose` it claims as a receiver whose end the others notice, see `session.ts`; without one, by leases alone.
 *
 * @throws NewerSchemaError when a newer program wrote the database in a form that this one does not understand
 * @throws WrongPurposeError, UnfinishedCopyError when a receiver must not serve it
 */
export async function openPostgres(url: string, options: PostgresOptions = {}): Promise<Store> {
  const driver = openDriver(url, options);
  let session: ReceiverSession | undefined;
  try {
    const taken = await migrate(driver);
    if (taken > SCHEMA_VERSION) options.usedByNewer?.({ schema: taken, known: SCHEMA_VERSION });
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

const FUTURE_TIMES = futureTimes(() => `state = 'in_flight'`);

/** Over a database that has been migrated. */
export function postgresStore(driver: PostgresDriver, warn: (text: string) => void, session?: ReceiverSession): Store {
  const others = createNotifier(driver, randomUUID(), warn);
  /** Notifies other receivers once it is done. */
  const notifying = async <T>(work: Promise<T>): Promise<T> => {
    const result = await work;
    others.notify();
    return result;
  };
  const known = new Set<string>();
  const recent = new RecentUnrouted();
  /** `none`: nothing may be claimed. Left out: leases count for their time only. */
  const claimerNow = (): Claimer | 'none' | undefined => {
    const standing = session?.standing() ?? { kind: 'leases' };
    if (standing.kind === 'lost') return 'none';
    return standing.kind === 'leases' ? undefined : { receiver: standing.receiver, reclaims: false };
  };
  const offers = claimOffers((sql, options) => {
    const claimer = claimerNow();
    return claimer === 'none' ? Promise.resolve([]) : claimWithin(sql, known, options, claimer);
  });
  const isDue = timesGate();
  let corrected: ClockCorrected = () => undefined;
  /**
   * Before stored times are compared with `now`, what a clock that was ahead has planned is planned again. Not where the
   * caller's time may be an older one: when an event was received, when an attempt ended.
   */
  const at = async <T>(now: number, work: () => Promise<T>): Promise<T> => {
    const ahead = isDue(now) ? await runWork(driver, aheadMs(FUTURE_TIMES, now)) : 0;
    // Another receiver may be faster.
    if (ahead > 0 && (await runInTransaction(driver, () => correctTimes(FUTURE_TIMES, now))) > 0) corrected(ahead);
    return work();
  };
  const write = <T>(work: () => Work<T>): Promise<T> => runInTransaction(driver, work);
  /** Each statement is a transaction of its own: for rules of one statement, or whose statements do not belong together. */
  const autocommit = <T>(work: () => Work<T>): Promise<T> => runWork(driver, work());
  /** Reads of several statements that must fit together. */
  const snapshot = <T>(work: () => Work<T>): Promise<T> => driver.snapshot((sql) => runWork(sql, work()));
  const change = (ids: readonly string[], kind: Change, now: number, options?: ChangeOptions): Promise<ChangeResult[]> =>
    notifying(changeInParts(driver, ids, kind, now, options));
  return {
    accept: (events, { dedupeWindowMs }) => notifying(offers.during((also) => acceptBatch(driver, events, dedupeWindowMs, also))),
    take: (incoming, { dedupeWindowMs }) => notifying(offers.during((also) => takeBatch(driver, incoming, dedupeWindowMs, recent, also))),
    claimWhileAccepting: offers.add,
    routeUnrouted: async (options) => recent.routed(await notifying(write(() => routeUnrouted(options, postgresLookUp)))),
    skipOldestUnrouted: (reason) => autocommit(() => skipOldestUnrouted(reason)),
    retrySkipped: () => autocommit(retrySkipped),
    isUnrouted: (id) => autocommit(() => isUnrouted(id)),
    backlog: () => autocommit(readBacklog),
    keepRejected: (rejected) => write(() => keepRejected(rejected)),
    claim: (options) =>
      at(options.now, async () => {
        const claimer = claimerNow();
        if (claimer === 'none') return [];
        return claimDue(driver, known, options, claimer && { ...claimer, reclaims: session?.isTimeToReclaim() === true });
      }),
    nextDueAt: async (serves = () => true) => (session?.standing().kind === 'lost' ? undefined : earliestDue(driver, serves)),
    holds: async (claim) => {
      const standing = session?.standing() ?? { kind: 'leases' };
      if (standing.kind === 'leases') return true;
      const receiver = standing.kind === 'alive' ? standing.receiver : null;
      // Without a session in between, nobody can have reclaimed it.
      return receiver !== null && isClaimOf(claim, receiver) ? true : keepLease(driver, claim, receiver);
    },
    updateRequest: (claim, request) => autocommit(() => updateRequest(claim, request)),
    heldToEnrich: (eventId) => autocommit(() => heldToEnrich(eventId)),
    updateHeldRequest: (id, request, builtWith) => autocommit(() => updateHeldRequest(id, request, builtWith)),
    keepEnrichment: (eventId, wandb) => autocommit(() => keepEnrichment(eventId, wandb)),
    keepHistory: (eventId, history, now) => notifying(write(() => keepHistory(eventId, history, now))),
    settle: (claim, attempt, settlement, throttle) => persistently(() => write(() => settleClaim(claim, attempt, settlement, throttle))),
    // What is in flight is another receiver's; when that one is gone, the others reclaim it.
    recoverInFlight: (now) => at(now, async () => 0),
    deliveries: (filter) => snapshot(() => listDeliveries(filter)),
    deliveryPage: (options) => snapshot(() => deliveryPage(options)),
    delivery: (id) => snapshot(() => findDelivery(id)),
    events: (filter) => autocommit(() => listEvents(filter)),
    eventPage: (options) => snapshot(() => eventPage(options)),
    event: (id) => autocommit(() => findEvent(id)),
    rejected: (limit) => autocommit(() => listRejected(limit)),
    rejectedPage: (options) => snapshot(() => rejectedPage(options)),
    counts: () => snapshot(countAll),
    throttles: (now) => at(now, () => autocommit(() => listThrottles(now))),
    replay: (ids, now, options) => change(ids, 'replay', now, options),
    approve: (ids, now, options) => change(ids, 'approve', now, options),
    reject: (ids, now, options) => change(ids, 'reject', now, options),
    cancel: (ids, now, options) => change(ids, 'cancel', now, options),
    approval: (eventId, route) => autocommit(() => findApproval(eventId, route)),
    openApprovals: (limit) => autocommit(() => listOpenApprovals(limit)),
    approvalsNotAsked: (limit) => autocommit(() => listNotAsked(limit)),
    decide: (decision) => notifying(at(decision.at, () => write(() => decideApproval(decision)))),
    expireApprovals: (now) =>
      at(now, async () => {
        let expired = 0;
        // One transaction each: they have nothing to do with each other.
        for (const approval of await autocommit(() => approvalsDue(now))) if (await write(() => expireApproval(approval, now))) expired++;
        return expired;
      }),
    nudgeApprovals: (now, followUps) =>
      at(now, async () => {
        let nudged = 0;
        for (const approval of await autocommit(() => nudgesDue(now))) nudged += await write(() => nudgeApproval(approval, now, followUps));
        return nudged;
      }),
    viewConversation: (conversation, now, eventId) => at(now, () => snapshot(() => viewConversation(conversation, now, eventId))),
    channelId: (channel) => autocommit(() => channelIdOf(channel)),
    forgetMessage: (conversation, ts) => write(() => forgetConversationMessage(conversation, ts)),
    keepLastReply: (conversation, text) => write(() => keepLastReply(conversation, text)),
    refreshConversations: (eventId, now) => notifying(write(() => refreshEvent(eventId, now))),
    mute: (mute, eventId, now) => notifying(at(now, () => write(() => muteAndRefresh(mute, eventId, now)))),
    mutes: (now) => at(now, () => autocommit(() => listMutes(now))),
    firstSeen: (key, now) => autocommit(() => markSeen(key, now)),
    runsToPoll: (options) => at(options.now, () => write(() => takeRuns(options))),
    earliestPollAt: () => autocommit(earliestPoll),
    runsOf: (report) => autocommit(() => findRuns(report)),
    recordRuns: (reports, now, followUps, alerts) => notifying(write(() => recordReports(reports, now, followUps, alerts))),
    markRun: (deliveryId, status, text, now, alerts) => write(() => markRun(deliveryId, status, text, now, alerts)),
    keepRepositoryId: (repository, id) => autocommit(() => keepRepositoryId(repository, id)),
    aliases: (filter) => snapshot(() => listAliases(filter)),
    aliasPage: (search) => snapshot(() => aliasPage(search)),
    aliasHistory: (key, limit) => autocommit(() => aliasHistory(key, limit)),
    promotionEvent: (key, version) => autocommit(() => promotionEvent(key, version)),
    correctAlias: (seen) => write(() => correctAlias(seen)),
    pause: (pausing) => write(() => pause(pausing)),
    resume: (scope, by, at) => notifying(write(() => resume(scope, by, at))),
    resumed: (since) => autocommit(() => listResumed(since)),
    pauses: () => autocommit(listPauses),
    holdRestored: (hold) => write(() => holdRestored(hold)),
    searchEvents: (search, options) => snapshot(() => searchEvents(search, options)),
    countedEvents: (options) => snapshot(() => countedEvents(options)),
    failedDeliveries: (options) => autocommit(() => failedDeliveries(options)),
    deliveriesToChange: (search, states, limit) => autocommit(() => deliveriesToChange(search, states, limit)),
    routeActivity: (options) => autocommit(() => routeActivity(options)),
    oldestToSend: () => autocommit(oldestToSend),
    revision: () => autocommit(revision),
    auditEvents: (options) => snapshot(() => auditEvents(options)),
    eraseStep: async (options) => {
      const candidates = await autocommit(() => eraseCandidates(options));
      return options.dryRun ? autocommit(() => eraseRows(options, candidates)) : write(() => eraseRows(options, candidates));
    },
    undelivered: () => autocommit(undelivered),
    throttle: (throttle, now) => write(() => keepThrottle(throttle, now)),
    leaseProject: (lease, now, leaseMs, options) => at(now, () => autocommit(() => leaseProject(lease, now, leaseMs, options?.renew))),
    releaseProjects: (owner) => autocommit(() => releaseProjects(owner)),
    engineProject: (project, now) => autocommit(() => engineProject(project, now)),
    engineProjects: () => autocommit(engineProjects),
    engineRuns: (project, runs) => autocommit(() => engineRuns(project, runs)),
    liveEngineRuns: (project) => autocommit(() => liveEngineRuns(project)),
    advanceEngine: (lease, progress) => {
      const stored = at(progress.now, () => write(() => advanceEngine(lease, progress, postgresLookUp)));
      return progress.events.length === 0 ? stored : notifying(stored);
    },
    pruneEngineRuns: (before, limit) => write(() => pruneEngineRuns(before, limit)),
    acceptOccurrence: (name, dueAt, event) => notifying(write(() => acceptOccurrence(name, dueAt, event, postgresLookUp))),
    lastOccurrence: (name) => autocommit(() => lastOccurrence(name)),
    prune: async (options) => {
      const old = await autocommit(() => oldEvents(options));
      const removed = await write(() => removeEvents(old));
      await autocommit(() => removeOldRecords(options.before));
      return removed;
    },
    onClockCorrected: (listener) => {
      corrected = listener;
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

/** So many deliveries are changed in one transaction, so that nobody waits for long. */
const CHANGED_AT_ONCE = 50;

async function changeInParts(
  driver: PostgresDriver,
  ids: readonly string[],
  change: Change,
  now: number,
  options?: ChangeOptions,
): Promise<ChangeResult[]> {
  const results: ChangeResult[] = [];
  for (let i = 0; i < ids.length; i += CHANGED_AT_ONCE) {
    const some = ids.slice(i, i + CHANGED_AT_ONCE);
    results.push(...(await runInTransaction(driver, () => changeDeliveries(some, change, now, options))));
  }
  return results;
}

/** How often, and how far apart, settling is tried while the database is away: a restart takes seconds. */
const SETTLE_TRIES = 20;
const SETTLE_PAUSE_MS = 500;

/**
 * The outcome of an attempt is worth some patience: otherwise the run has to be searched when the lease has run out. The
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
