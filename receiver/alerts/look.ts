import type { NewEvent } from '../store/delivery.ts';
import type { EngineStore } from '../store/engine.ts';
import { type AlertNews, type AlertState, type Condition, keyOf } from './condition.ts';

/** What is open is said again after this. Milliseconds. */
export const REPEAT_MS = 60 * 60_000;
/** An alert opens at most once in this time. Milliseconds. */
export const REOPEN_MS = 15 * 60_000;
/** Whoever sees that something is wrong writes it down this often. Milliseconds. */
export const SEEN_MS = 5 * 60_000;
/** A receiver that finds it well has found it so for this long. Milliseconds. */
const WELL_MS = 60_000;

export interface AlertLookOptions {
  readonly store: Pick<EngineStore, 'acceptOccurrence' | 'lastOccurrence'>;
  readonly now: () => number;
  /** The event that keeps the news, and takes it to Slack. */
  readonly eventOf: (news: AlertNews) => NewEvent;
  /** Called with news that this receiver was the first to store. */
  readonly told: (news: AlertNews) => void;
}

/**
 * Compares conditions with what was told, and tells the difference: once, also by several receivers and after a restart.
 *
 * Receivers see different things: the token of one is refused, and that of another is not. So an alert has ended only when no
 * receiver has seen it for five to ten minutes. It opens at most once in a quarter of an hour, and is told once an hour while it goes on.
 *
 * What was told is in the store, as occurrences: the number of the latest opening and of the latest end, and the latest time, as the
 * number of a stretch of time, in which it was opened, told or seen. So no table of its own is needed.
 */
export interface AlertLook {
  look(conditions: readonly Condition[]): Promise<void>;
  /** What was bad at the latest look, in order of the conditions. */
  open(): readonly Condition[];
}

export function createAlertLook({ store, now, eventOf, told }: AlertLookOptions): AlertLook {
  /** Since when each has been well, by its key. */
  const wellSince = new Map<string, number>();
  let open: readonly Condition[] = [];

  const tell = async (name: string, number: number, condition: Condition, state: AlertState): Promise<void> => {
    const { kind, what, summary, action, count, since } = condition;
    const news = { kind, what, state, summary, action, count, since, at: now() };
    if (await store.acceptOccurrence(name, number, eventOf(news))) told(news);
  };
  /** The number of this stretch of time, and whether something was noted in it or in the one after it. A clock that was ahead silences nothing. */
  const stretch = async (name: string, ms: number): Promise<{ number: number; isNoted: boolean; last: number }> => {
    const number = Math.floor(now() / ms) + 1;
    const last = (await store.lastOccurrence(name)) ?? 0;
    return { number, isNoted: last === number || last === number + 1, last: last > number + 1 ? 0 : last };
  };

  const lookAt = async (condition: Condition): Promise<void> => {
    const key = keyOf(condition);
    const name = (what: string): string => `alert/${key}/${what}`;
    if (condition.state !== 'ok') wellSince.delete(key);
    if (condition.state === 'unknown') return;
    const [opened, ended = 0] = await Promise.all([store.lastOccurrence(name('opened')), store.lastOccurrence(name('ended'))]);
    const isOpen = opened !== undefined && ended < opened;
    if (condition.state === 'bad') await lookAtBad(condition, name, opened ?? 0, isOpen);
    else if (isOpen) await lookAtWell(condition, key, name, opened);
  };

  const lookAtBad = async (condition: Condition, name: (what: string) => string, opened: number, isOpen: boolean): Promise<void> => {
    const seen = await stretch(name('seen'), SEEN_MS);
    if (!seen.isNoted) await store.acceptOccurrence(name('seen'), seen.number, null);
    const said = await stretch(name('said'), REPEAT_MS);
    if (isOpen) {
      if (!said.isNoted) await tell(name('said'), said.number, condition, 'continues');
      return;
    }
    const reopened = await stretch(name('reopened'), REOPEN_MS);
    if (reopened.isNoted) return;
    // First, so that no other receiver says that it goes on. Late in an hour it is not said again at the next full one.
    const quietTo = now() % REPEAT_MS > REPEAT_MS / 2 ? said.number + 1 : said.number;
    if (said.last < quietTo) await store.acceptOccurrence(name('said'), quietTo, null);
    await store.acceptOccurrence(name('reopened'), reopened.number, null);
    await tell(name('opened'), opened + 1, condition, 'opened');
  };

  const lookAtWell = async (condition: Condition, key: string, name: (what: string) => string, opened: number): Promise<void> => {
    const since = wellSince.get(key) ?? now();
    wellSince.set(key, since);
    if (now() - since < WELL_MS) return;
    const seen = await stretch(name('seen'), SEEN_MS);
    if (seen.last >= seen.number - 1) return;
    wellSince.delete(key);
    await tell(name('ended'), opened, condition, 'recovered');
  };

  return {
    look: async (conditions) => {
      open = conditions.filter(({ state }) => state === 'bad');
      for (const condition of conditions) await lookAt(condition);
    },
    open: () => open,
  };
}
