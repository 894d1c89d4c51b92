import { CLOCK_TOLERANCE_MS } from '../../src/lib/clock.ts';
import { TIMERS_REACH_MS } from '../outbox/outbox.ts';

/** The alarm of a Durable Object: there is one, and it is durable. Times are milliseconds since 1970. */
export interface AlarmStorage {
  getAlarm(): Promise<number | null>;
  setAlarm(at: number): Promise<void>;
  deleteAlarm(): Promise<void>;
}

/** An object with something to do is woken at least so often, whatever happened to it since. Milliseconds. */
export const BACKSTOP_MS = 60_000;

/** Wakes an object that was evicted while it had something to do. */
export interface WakeUp {
  /** Reads which alarm is set, and brings one forward that a clock that was ahead has set. Once, before anything else. */
  load(): Promise<void>;
  /** Makes sure that the alarm comes by then, and within a minute. */
  by(at: number): void;
  /** Something changed: makes sure that the alarm comes within ten seconds. */
  soon(): void;
  /**
   * The alarm has come: sets the next one, first of all, so that nothing that goes wrong now can be the end of it. When that
   * fails it rejects, and so must the handler of the alarm: then the runtime repeats it.
   */
  rung(): Promise<void>;
  /** Everything has been tried; sets the alarm for when there is something to do next, or none when nothing waits. */
  settle(next: number | undefined): Promise<void>;
}

/**
 * Keeps an object's alarm. A handler that throws is repeated only six times (Cloudflare documentation, "Alarms"), so the
 * alarm is always set again before any work, and no work waits for longer than a minute.
 */
export function wakeUp(storage: AlarmStorage, now: () => number, failed: (error: unknown) => void): WakeUp {
  let alarmAt = Number.POSITIVE_INFINITY;
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
    // One that should have come a minute ago does not come any more.
    const lost = alarmAt < now() - BACKSTOP_MS;
    if (lost || wanted < alarmAt) set(wanted).catch(failed);
  };
  return {
    load: async () => {
      alarmAt = (await storage.getAlarm()) ?? Number.POSITIVE_INFINITY;
      // None is ever set further ahead: the clock that set it was ahead.
      if (Number.isFinite(alarmAt) && alarmAt > now() + BACKSTOP_MS + CLOCK_TOLERANCE_MS) await set(now() + BACKSTOP_MS);
    },
    by,
    soon: () => by(now() + TIMERS_REACH_MS),
    rung: () => set(now() + BACKSTOP_MS),
    settle: async (next) => {
      if (next === undefined) {
        alarmAt = Number.POSITIVE_INFINITY;
        await storage.deleteAlarm();
        return;
      }
      // What is overdue now is somebody else's (a run that nobody may look at); what comes within seconds is a timer's.
      const at = next <= now() ? now() + BACKSTOP_MS : Math.max(next, now() + TIMERS_REACH_MS);
      await set(Math.min(at, now() + BACKSTOP_MS));
    },
  };
}
