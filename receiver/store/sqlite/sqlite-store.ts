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
import { acceptEvents } from '../rules/inbox.ts';
import { aliasHistory, correctAlias, listAliases, promotionEvent } from '../rules/ledger.ts';
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
import { isUnrouted, readBacklog, retrySkipped, routeUnrouted, skipOldestUnrouted, takeIncoming } from '../rules/unrouted.ts';
import type { Work } from '../rules/work.ts';
import type { Store } from '../store.ts';
import type { SqlDriver } from './driver.ts';
import { sqliteLookUp } from './look-up.ts';
import { claimDue, earliestDue, reclaimInFlight } from './queue.ts';
import { runWork } from './run-work.ts';
import { migrate } from './schema.ts';
import { Sending } from './sending.ts';

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
 * @param sending what the process that sends has in memory; its own, if left out
 * @throws NewerSchemaError when a newer program wrote the database in a form that this one does not understand
 */
export function sqliteStore(driver: SqlDriver, sending?: Sending): Store {
  migrate(driver);
  return storeOver(driver, atOnce, sending);
}

/** What is in flight is known by id. */
const FUTURE_TIMES = futureTimes((ids) => `id IN (SELECT value FROM json_each(${ids})) AND state = 'in_flight'`);

/** The store over a database that is migrated by the time it is used. */
export function storeOver(driver: SqlDriver, run: Runner, sending = new Sending()): Store {
  const inTransaction: Runner = (work, patience) => run(() => driver.transaction(work), patience);
  const write = <T>(work: () => Work<T>, patience?: Patience): Promise<T> => inTransaction(() => runWork(driver, work()), patience);
  const read = <T>(work: () => Work<T>): Promise<T> => run(() => runWork(driver, work()));
  /** Reads of several statements that must fit together, whatever the command line writes meanwhile. */
  const snapshot = <T>(work: () => Work<T>): Promise<T> => run(() => driver.snapshot(() => runWork(driver, work())));
  const isDue = timesGate();
  const recent = new RecentUnrouted();
  let corrected: ClockCorrected = () => undefined;
  /**
   * Before stored times are compared with `now`, times that a clock that was ahead has planned are planned again. Not where
   * the caller's time may be an older one: when an event was received, when an attempt ended.
   */
  const correct = (now: number, inside: (work: () => void) => void): void => {
    if (!isDue(now)) return;
    const inFlight = JSON.stringify([...sending.leases(driver).keys()]);
    const ahead = runWork(driver, aheadMs(FUTURE_TIMES, now, inFlight));
    if (ahead === 0) return;
    inside(() => runWork(driver, correctTimes(FUTURE_TIMES, now, inFlight)));
    sending.readAgain();
    corrected(ahead);
  };
  const inTransactionAt = <T>(now: number, work: () => T): Promise<T> =>
    inTransaction(() => {
      correct(now, (correction) => correction());
      return work();
    });
  const writeAt = <T>(now: number, work: () => Work<T>): Promise<T> => inTransactionAt(now, () => runWork(driver, work()));
  const readAt = <T>(now: number, work: () => Work<T>): Promise<T> =>
    run(() => {
      correct(now, (correction) => driver.transaction(correction));
      return driver.snapshot(() => runWork(driver, work()));
    });
  return {
    accept: (events, { dedupeWindowMs }) => write(() => acceptEvents(events, dedupeWindowMs, sqliteLookUp), 'none'),
    take: async (incoming, { dedupeWindowMs }) => {
      const taken = await write(() => takeIncoming(incoming, dedupeWindowMs, sqliteLookUp, recent), 'none');
      recent.stored(incoming, taken);
      return taken;
    },
    routeUnrouted: async (options) => recent.routed(await write(() => routeUnrouted(options, sqliteLookUp))),
    skipOldestUnrouted: (reason) => write(() => skipOldestUnrouted(reason)),
    retrySkipped: () => write(retrySkipped),
    isUnrouted: (id) => read(() => isUnrouted(id)),
    backlog: () => read(readBacklog),
    keepRejected: (rejected) => write(() => keepRejected(rejected)),
    claim: async (options) => {
      try {
        return await inTransactionAt(options.now, () => claimDue(driver, sending, options));
      } catch (error) {
        sending.readAgain();
        throw error;
      }
    },
    nextDueAt: (serves = () => true) => run(() => earliestDue(driver, sending, serves)),
    updateRequest: (claim, request) => write(() => updateRequest(claim, request)),
    heldToEnrich: (eventId) => read(() => heldToEnrich(eventId)),
    updateHeldRequest: (id, request, builtWith) => write(() => updateHeldRequest(id, request, builtWith)),
    keepEnrichment: (eventId, wandb) => write(() => keepEnrichment(eventId, wandb)),
    keepHistory: (eventId, history, now) => write(() => keepHistory(eventId, history, now)),
    settle: async (claim, attempt, settlement, throttle) => {
      const settled = await write(() => settleClaim(claim, attempt, settlement, throttle), 'long');
      if (settled) sending.settled(claim.id);
      return settled;
    },
    recoverInFlight: (now) => inTransactionAt(now, () => reclaimInFlight(driver, sending, now)),
    deliveries: (filter) => snapshot(() => listDeliveries(filter)),
    deliveryPage: (options) => snapshot(() => deliveryPage(options)),
    delivery: (id) => snapshot(() => findDelivery(id)),
    events: (filter) => read(() => listEvents(filter)),
    eventPage: (options) => snapshot(() => eventPage(options)),
    event: (id) => read(() => findEvent(id)),
    rejected: (limit) => read(() => listRejected(limit)),
    rejectedPage: (options) => snapshot(() => rejectedPage(options)),
    counts: () => snapshot(countAll),
    throttles: (now) => readAt(now, () => listThrottles(now)),
    replay: (ids, now, options) => write(() => changeDeliveries(ids, 'replay', now, options)),
    approve: (ids, now, options) => write(() => changeDeliveries(ids, 'approve', now, options)),
    reject: (ids, now, options) => write(() => changeDeliveries(ids, 'reject', now, options)),
    cancel: (ids, now, options) => write(() => changeDeliveries(ids, 'cancel', now, options)),
    approval: (eventId, route) => read(() => findApproval(eventId, route)),
    openApprovals: (limit) => read(() => listOpenApprovals(limit)),
    approvalsNotAsked: (limit) => read(() => listNotAsked(limit)),
    decide: (decision) => writeAt(decision.at, () => decideApproval(decision)),
    expireApprovals: (now) =>
      writeAt(now, function* () {
        let expired = 0;
        for (const approval of yield* approvalsDue(now)) if (yield* expireApproval(approval, now)) expired++;
        return expired;
      }),
    nudgeApprovals: (now, followUps) =>
      writeAt(now, function* () {
        let nudged = 0;
        for (const approval of yield* nudgesDue(now)) nudged += yield* nudgeApproval(approval, now, followUps);
        return nudged;
      }),
    viewConversation: (conversation, now, eventId) => readAt(now, () => viewConversation(conversation, now, eventId)),
    channelId: (channel) => read(() => channelIdOf(channel)),
    forgetMessage: (conversation, ts) => write(() => forgetConversationMessage(conversation, ts)),
    keepLastReply: (conversation, text) => write(() => keepLastReply(conversation, text)),
    refreshConversations: (eventId, now) => write(() => refreshEvent(eventId, now)),
    mute: (mute, eventId, now) => writeAt(now, () => muteAndRefresh(mute, eventId, now)),
    mutes: (now) => readAt(now, () => listMutes(now)),
    firstSeen: (key, now) => write(() => markSeen(key, now)),
    runsToPoll: (options) => writeAt(options.now, () => takeRuns(options)),
    earliestPollAt: () => read(earliestPoll),
    runsOf: (report) => read(() => findRuns(report)),
    recordRuns: (reports, now, followUps, alerts) => write(() => recordReports(reports, now, followUps, alerts)),
    markRun: (deliveryId, status, text, now, alerts) => write(() => markRun(deliveryId, status, text, now, alerts)),
    keepRepositoryId: (repository, id) => write(() => keepRepositoryId(repository, id)),
    aliases: (filter) => snapshot(() => listAliases(filter)),
    aliasPage: (search) => snapshot(() => aliasPage(search)),
    aliasHistory: (key, limit) => read(() => aliasHistory(key, limit)),
    promotionEvent: (key, version) => read(() => promotionEvent(key, version)),
    correctAlias: (seen) => write(() => correctAlias(seen)),
    throttle: (throttle, now) => write(() => keepThrottle(throttle, now)),
    leaseProject: (lease, now, leaseMs, options) => writeAt(now, () => leaseProject(lease, now, leaseMs, options?.renew)),
    releaseProjects: (owner) => write(() => releaseProjects(owner)),
    engineProject: (project, now) => read(() => engineProject(project, now)),
    engineProjects: () => read(engineProjects),
    engineRuns: (project, runs) => read(() => engineRuns(project, runs)),
    liveEngineRuns: (project) => read(() => liveEngineRuns(project)),
    advanceEngine: (lease, progress) => writeAt(progress.now, () => advanceEngine(lease, progress, sqliteLookUp)),
    pruneEngineRuns: (before, limit) => write(() => pruneEngineRuns(before, limit)),
    acceptOccurrence: (name, dueAt, event) => write(() => acceptOccurrence(name, dueAt, event, sqliteLookUp)),
    lastOccurrence: (name) => read(() => lastOccurrence(name)),
    prune: (options) =>
      write(function* () {
        const removed = yield* removeEvents(yield* oldEvents(options));
        yield* removeOldRecords(options.before);
        return removed;
      }),
    pause: (pausing) => write(() => pause(pausing)),
    resume: (scope, by, at) => write(() => resume(scope, by, at)),
    resumed: (since) => read(() => listResumed(since)),
    pauses: () => read(listPauses),
    holdRestored: (hold) => write(() => holdRestored(hold)),
    searchEvents: (search, options) => snapshot(() => searchEvents(search, options)),
    countedEvents: (options) => snapshot(() => countedEvents(options)),
    failedDeliveries: (options) => read(() => failedDeliveries(options)),
    deliveriesToChange: (search, states, limit) => read(() => deliveriesToChange(search, states, limit)),
    routeActivity: (options) => read(() => routeActivity(options)),
    oldestToSend: () => read(oldestToSend),
    revision: () => read(revision),
    auditEvents: (options) => snapshot(() => auditEvents(options)),
    eraseStep: async (options) => {
      const candidates = await read(() => eraseCandidates(options));
      return options.dryRun ? read(() => eraseRows(options, candidates)) : write(() => eraseRows(options, candidates));
    },
    undelivered: () => read(undelivered),
    onClockCorrected: (listener) => {
      corrected = listener;
    },
    check: () =>
      inTransaction(() => {
        if (driver.isManaged === true) return void driver.rows('SELECT checks FROM health WHERE id = 1');
        // As much room as an event may need: a nearly full disk still takes a row of a few bytes.
        driver.run('UPDATE health SET checks = checks + 1, room = zeroblob(65536 + checks % 2) WHERE id = 1');
      }, 'none'),
    close: async () => driver.close(),
  };
}
