import { CLOCK_TOLERANCE_MS } from '../../src/lib/clock.ts';
import { TIMERS_REACH_MS } from '../outbox/outbox.ts';
import type { NextWork } from '../store/sqlite/next-work.ts';

/** The alarm of a Durable Object: there is one, and it is durable. Times are milliseconds since 1970. */
export interface AlarmStorage {
  getAlarm(): Promise<number | null>;
  setAlarm(at: number): Promise<void>;
}

/** An object with something to do is woken at least so often, whatever happened to it since. Milliseconds. */
export const BACKSTOP_MS = 3_600_000;
/** When what is overdue is tried again; twice as long each time, up to the backstop. Milliseconds. */
const OVERDUE_MS = 60_000;
/** An alarm that should have come so long ago does not come any more. Milliseconds. */
const LOST_MS = 60_000;
/** The runtime repeats an alarm that fails six times (Cloudflare documentation, "Alarms"). From here on it is not relied on. */
const LAST_REPEATS = 4;

/** Wakes an object that was evicted while it had something to do. Each alarm that is set is a row that is written. */
export interface WakeUp {
  /** Reads which alarm is set, and brings one forward that a clock that was ahead has set. Once, before anything else. */
  load(): Promise<void>;
  /** The object was woken by a request: from now on alarms are set. What its start asked for is not lost. */
  opened(): void;
  /** Makes sure that the alarm comes by then, and within the hour. */
  by(at: number): void;
  /** Something changed: makes sure that the alarm comes within ten seconds. */
  soon(): void;
  /** A new invocation is needed to go on: the alarm comes at once. */
  atOnce(): void;
  /**
   * The alarm has come. Until it ends none is set, because the runtime repeats an alarm that ends in the middle. When it has
   * nearly given up repeating, one is set first of all; when that fails this rejects, and so must the handler of the alarm.
   *
   * @param repeats how often this alarm has been repeated
   */
  rung(repeats: number): Promise<void>;
  /** Everything has been tried; sets the alarm for when there is something to do next, or none when nothing waits. */
  settle(next: NextWork): Promise<void>;
  /** What was to be done could not be: the alarm comes again in a minute. */
  failed(): Promise<void>;
}

/** Keeps an object's alarm: at the time of the next work, and never further ahead than an hour. */
export function wakeUp(storage: AlarmStorage, now: () => number, reportFailure: (error: unknown) => void): WakeUp {
  let alarmAt = Number.POSITIVE_INFINITY;
  /** `starting` and `ringing`: what is asked for waits for what woke the object. */
  let phase: 'starting' | 'ringing' | 'open' = 'starting';
  let wantedAt = Number.POSITIVE_INFINITY;
  let isNeededAtOnce = false;
  let overdueTimes = 0;

  const set = async (at: number): Promise<void> => {
    alarmAt = at;
    try {
      await storage.setAlarm(at);
    } catch (error) {
      // Which alarm is set now is not known: the next change sets one.
      alarmAt = Number.POSITIVE_INFINITY;
      throw error;
    }
  };
  const by = (at: number): void => {
    const wanted = Math.min(Math.max(at, now()), now() + BACKSTOP_MS);
    if (phase !== 'open') {
      wantedAt = Math.min(wantedAt, wanted);
      return;
    }
    const lost = alarmAt < now() - LOST_MS;
    if (lost || wanted < alarmAt) set(wanted).catch(reportFailure);
  };
  /** What is to be sent within seconds, or is under way, is a timer's: the alarm is there in case the object ends before. */
  const nextSendAt = (at: number): number => (at <= now() ? now() + OVERDUE_MS : Math.max(at, now() + TIMERS_REACH_MS));
  /** What is overdue although it was just tried is somebody else's, such as a run that nobody may look at. */
  const nextCheckAt = (at: number): number => {
    overdueTimes = at <= now() ? overdueTimes + 1 : 0;
    return overdueTimes === 0 ? at : now() + OVERDUE_MS * 2 ** Math.min(overdueTimes - 1, 10);
  };
  const nextAt = ({ sendAt, checkAt }: NextWork): number | undefined => {
    const times = [sendAt === undefined ? sendAt : nextSendAt(sendAt), checkAt === undefined ? checkAt : nextCheckAt(checkAt)];
    const next = Math.min(...times.filter((at) => at !== undefined));
    return next === Number.POSITIVE_INFINITY ? undefined : Math.min(next, now() + BACKSTOP_MS);
  };
  const end = async (at: number | undefined): Promise<void> => {
    phase = 'open';
    wantedAt = Number.POSITIVE_INFINITY;
    const next = isNeededAtOnce ? now() : at;
    isNeededAtOnce = false;
    if (next !== undefined && (next < alarmAt || alarmAt < now())) await set(next);
  };
  return {
    load: async () => {
      alarmAt = (await storage.getAlarm()) ?? Number.POSITIVE_INFINITY;
      // None is ever set further ahead: the clock that set it was ahead.
      if (Number.isFinite(alarmAt) && alarmAt > now() + BACKSTOP_MS + CLOCK_TOLERANCE_MS) await set(now() + BACKSTOP_MS);
    },
    opened: () => {
      if (phase !== 'starting') return;
      phase = 'open';
      if (wantedAt < Number.POSITIVE_INFINITY) by(wantedAt);
      wantedAt = Number.POSITIVE_INFINITY;
    },
    by,
    soon: () => by(now() + TIMERS_REACH_MS),
    atOnce: () => {
      if (phase === 'open') by(now());
      else isNeededAtOnce = true;
    },
    rung: async (repeats) => {
      phase = 'ringing';
      alarmAt = Number.POSITIVE_INFINITY;
      if (repeats >= LAST_REPEATS) await set(now() + OVERDUE_MS);
    },
    settle: (next) => end(nextAt(next)),
    failed: () => end(now() + OVERDUE_MS),
  };
}
