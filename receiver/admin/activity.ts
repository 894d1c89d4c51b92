import { messageOf } from '../../src/lib/error-message.ts';
import type { Logger } from '../log/log.ts';
import type { ActivityLog, CountedEvent, FailedDelivery } from '../store/activity.ts';
import {
  type AutomationFacts,
  automationKey,
  automationOf,
  DAY_MS,
  HOUR_MS,
  newTally,
  type Series,
  SHOWN_DAYS,
  SHOWN_HOURS,
  sumOf,
  type Tally,
} from './activity-counts.ts';

export interface ActivityOptions {
  readonly store: ActivityLog;
  readonly now: () => number;
  readonly log: Logger;
  /** Between two looks at the store: others get their turn. */
  readonly pause?: () => Promise<void>;
  /** Events of one look at the store. */
  readonly perStep?: number;
}

/** What was counted by some moment. */
export interface Activity {
  /** Milliseconds since 1970; `null`: nothing was. */
  readonly at: number | null;
  /** All events since then are counted; `null`: none are, yet. */
  readonly since: number | null;
  /** Everything that is stored is counted. */
  readonly isWhole: boolean;
  /** The 24 hours, and the 30 days, are counted. */
  readonly hasHours: boolean;
  readonly hasDays: boolean;
  /** More deliveries have failed than are counted. */
  readonly isFailedCut: boolean;
  readonly fired: Read;
  /** Deliveries that have failed and were not sent again since; an event counts once. */
  readonly failed: Read;
  /** Events that no route took, or that were in a cooldown: of automations only. */
  readonly notRouted: Pick<Read, 'automation'>;
}

interface Read {
  route(name: string): Series;
  /** Of all places that `isMeant` is true for. */
  automation(isMeant: (facts: AutomationFacts) => boolean): Series;
}

export interface ActivityCounter {
  /** What is counted by now; counts on when that is some time ago, and waits for it no longer than `waitMs`. */
  read(waitMs?: number): Promise<Activity>;
  /** For tests: until everything is counted. */
  idle(): Promise<void>;
}

/** So long what was counted is shown without another look. Milliseconds. */
const FRESH_MS = 15_000;
/** Events that are older do not come any more: on PostgreSQL a transaction may be seen after one that began later. Milliseconds. */
const SETTLED_MS = 120_000;
/** A page waits no longer. Milliseconds. */
const WAIT_MS = 120;
/** Each look is a few milliseconds. */
const PER_STEP = 400;
const PAUSE_MS = 4;
/** More failed deliveries are not counted. */
const MOST_FAILED = 20_000;

/** Of one kind of fact, by routes and by automations. */
interface Sums {
  readonly routes: Tally;
  readonly automations: Tally;
}

const newSums = (): Sums => ({ routes: newTally(), automations: newTally() });

interface Counted {
  readonly fired: Sums;
  readonly notRouted: Tally;
}

const newCounted = (): Counted => ({ fired: newSums(), notRouted: newTally() });

function addCounted({ fired, notRouted }: Counted, more: Counted): void {
  fired.routes.addAll(more.fired.routes);
  fired.automations.addAll(more.fired.automations);
  notRouted.addAll(more.notRouted);
}

function countEvent({ fired, notRouted }: Counted, { seq, receivedAt, isDuplicate, facts, routes }: CountedEvent): void {
  for (const route of routes) fired.routes.add(route, receivedAt, seq);
  if (facts.automation === undefined || isDuplicate) return;
  const key = automationKey(facts);
  fired.automations.add(key, receivedAt, seq);
  if (routes.length === 0) notRouted.add(key, receivedAt, seq);
}

/**
 * Counts how often routes and automations fire. What has happened never changes, so each event is read once, newest first, a few
 * at a time while others get their turn; the sums are this process's. Afterwards only what came since is read. It begins when
 * somebody asks for the first time.
 */
export function createActivityCounter({ store, now, log, pause = aMoment, perStep = PER_STEP }: ActivityOptions): ActivityCounter {
  const settled = newCounted();
  let recent = newCounted();
  let failed: { readonly sums: Sums; readonly isCut: boolean } = { sums: newSums(), isCut: false };
  /** Events up to here are in `settled`, or are still to be read by going back. */
  let settledTo: number | undefined;
  /** Going back: the oldest event that is counted; `whole`: there is none before it. */
  let back: { readonly seq: number; readonly at: number } | 'whole' | undefined;
  let at: number | null = null;
  let counting: Promise<void> | undefined;

  const countNews = async (): Promise<void> => {
    const began = now();
    const isFirst = back === undefined;
    const [news, unsettled] = [newCounted(), newCounted()];
    let mark: number | undefined;
    let oldest: CountedEvent | undefined;
    for (let isDone = false; !isDone; ) {
      const page = await store.countedEvents({ limit: perStep, ...(oldest === undefined ? {} : { before: oldest.seq }) });
      isDone = page.length < perStep;
      for (const event of page) {
        if (settledTo !== undefined && event.seq <= settledTo) {
          isDone = true;
          break;
        }
        oldest = event;
        if (mark === undefined && event.receivedAt <= began - SETTLED_MS) mark = event.seq;
        countEvent(mark === undefined ? unsettled : news, event);
      }
      // The first time, what is old is counted by going back.
      if (isFirst && mark !== undefined) isDone = true;
      if (!isDone) await pause();
      if (isFirst && isDone) back = oldest === undefined || page.length < perStep ? 'whole' : { seq: oldest.seq, at: oldest.receivedAt };
    }
    addCounted(settled, news);
    settledTo = mark ?? settledTo;
    recent = unsettled;
    at = began;
  };

  const goBack = async (): Promise<void> => {
    while (back !== undefined && back !== 'whole') {
      const page = await store.countedEvents({ limit: perStep, before: back.seq });
      for (const event of page) countEvent(settled, event);
      const last = page.at(-1);
      back = last === undefined || page.length < perStep ? 'whole' : { seq: last.seq, at: last.receivedAt };
      await pause();
    }
    for (const tally of [settled.fired.routes, settled.fired.automations, settled.notRouted]) tally.forgetBefore(now());
  };

  const countFailed = async (): Promise<void> => {
    const sums = newSums();
    const seen = new Set<string>();
    const since = now() - (SHOWN_DAYS + 1) * DAY_MS;
    let before: number | undefined;
    let read = 0;
    for (let isDone = false; !isDone; ) {
      const page = await store.failedDeliveries({ limit: perStep, ...(before === undefined ? {} : { before }) });
      for (const delivery of page) countFailure(sums, seen, delivery);
      read += page.length;
      before = page.at(-1)?.seq;
      isDone = page.length < perStep || (page.at(-1)?.receivedAt ?? 0) < since || read >= MOST_FAILED;
      if (!isDone) await pause();
    }
    failed = { sums, isCut: read >= MOST_FAILED };
  };

  const count = async (): Promise<void> => {
    try {
      await countFailed();
      await countNews();
      await goBack();
    } catch (error) {
      log.debug({ error: messageOf(error) }, 'how often routes fired could not be counted');
    } finally {
      counting = undefined;
    }
  };

  const snapshot = (): Activity => {
    const since = back === undefined ? null : back === 'whole' ? Number.NEGATIVE_INFINITY : back.at;
    const reaches = (time: number): boolean => since !== null && since < time;
    const read = (some: readonly Sums[]): Read => ({
      route: (name) => sumOf(some.map(({ routes }) => routes.series(name))),
      automation: (isMeant) =>
        ofAutomation(
          some.map(({ automations }) => automations),
          isMeant,
        ),
    });
    return {
      at,
      since: since === Number.NEGATIVE_INFINITY ? null : since,
      isWhole: back === 'whole',
      hasHours: reaches((Math.floor(now() / HOUR_MS) - SHOWN_HOURS + 1) * HOUR_MS),
      hasDays: reaches((Math.floor(now() / DAY_MS) - SHOWN_DAYS + 1) * DAY_MS),
      isFailedCut: failed.isCut,
      fired: read([settled.fired, recent.fired]),
      failed: read([failed.sums]),
      notRouted: { automation: (isMeant) => ofAutomation([settled.notRouted, recent.notRouted], isMeant) },
    };
  };

  return {
    read: async (waitMs = WAIT_MS) => {
      const age = at === null ? Number.POSITIVE_INFINITY : now() - at;
      if (counting === undefined && (age < 0 || age >= FRESH_MS || back !== 'whole')) counting = count();
      if (counting !== undefined) await Promise.race([counting, wait(waitMs)]);
      return snapshot();
    },
    idle: async () => {
      await counting;
    },
  };
}

function countFailure({ routes, automations }: Sums, seen: Set<string>, { seq, eventId, route, receivedAt, facts }: FailedDelivery): void {
  const isNew = (key: string): boolean => !seen.has(key) && seen.add(key) !== undefined;
  if (isNew(JSON.stringify([eventId, route]))) routes.add(route, receivedAt, seq);
  if (facts.automation !== undefined && isNew(eventId)) automations.add(automationKey(facts), receivedAt, seq);
}

function ofAutomation(tallies: readonly Tally[], isMeant: (facts: AutomationFacts) => boolean): Series {
  return sumOf(tallies.flatMap((tally) => [...tally.entries()].flatMap(([key, series]) => (isMeant(automationOf(key)) ? [series] : []))));
}

function aMoment(): Promise<void> {
  return wait(PAUSE_MS);
}

function wait(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}
