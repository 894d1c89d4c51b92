import type { NewEvent } from '../store/delivery.ts';
import type { EngineStore } from '../store/engine.ts';
import { type AlertNews, type AlertState, type Condition, keyOf } from './condition.ts';

/** What is open is said again after this, and an alert that has ended does not open again before. Milliseconds. */
export const REPEAT_MS = 60 * 60_000;
/** It has ended when it was not seen for so long. Milliseconds. */
export const RECOVER_MS = 60_000;

export interface AlertLookOptions {
  readonly store: Pick<EngineStore, 'acceptOccurrence' | 'lastOccurrence'>;
  readonly now: () => number;
  /** The event that keeps the news, and takes it to Slack. */
  readonly eventOf: (news: AlertNews) => NewEvent;
  /** Called with news that this receiver was the first to store. */
  readonly told: (news: AlertNews) => void;
}

/**
 * Compares conditions with what was told, and tells the difference: once, also by several receivers and after a restart. Of one
 * alert at most two messages are told in `REPEAT_MS`, however often it comes and goes.
 *
 * What was told is in the store, as occurrences: the number of the latest opening, that of the latest end, and the latest hour in
 * which something was said. So no table of its own is needed.
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

  const tell = async (name: string, number: number, condition: Condition, state: AlertState): Promise<boolean> => {
    const news = newsOf(condition, state, now());
    const isFirst = await store.acceptOccurrence(name, number, eventOf(news));
    if (isFirst) told(news);
    return isFirst;
  };

  const lookAt = async (condition: Condition): Promise<void> => {
    const key = keyOf(condition);
    const names = { opened: `alert/${key}/opened`, ended: `alert/${key}/ended`, said: `alert/${key}/said` };
    if (condition.state !== 'ok') wellSince.delete(key);
    if (condition.state === 'unknown') return;
    const [opened, ended = 0] = await Promise.all([store.lastOccurrence(names.opened), store.lastOccurrence(names.ended)]);
    const isOpen = opened !== undefined && ended < opened;
    const hour = Math.floor(now() / REPEAT_MS) + 1;
    if (condition.state === 'bad') {
      const said = (await store.lastOccurrence(names.said)) ?? 0;
      // A clock that was ahead must not silence it.
      if (said >= hour && said <= hour + 1) return;
      if (!isOpen) {
        // Late in an hour it is not said again at the next full one.
        const quietTo = now() % REPEAT_MS > REPEAT_MS / 2 ? hour + 1 : hour;
        if (await tell(names.opened, (opened ?? 0) + 1, condition, 'opened')) await store.acceptOccurrence(names.said, quietTo, null);
      } else await tell(names.said, hour, condition, 'continues');
      return;
    }
    if (!isOpen) return;
    const since = wellSince.get(key) ?? now();
    wellSince.set(key, since);
    if (now() - since < RECOVER_MS) return;
    wellSince.delete(key);
    await tell(names.ended, opened, condition, 'recovered');
  };

  return {
    look: async (conditions) => {
      open = conditions.filter(({ state }) => state === 'bad');
      for (const condition of conditions) await lookAt(condition);
    },
    open: () => open,
  };
}

function newsOf({ kind, what, summary, action, count, since }: Condition, state: AlertState, at: number): AlertNews {
  return { kind, what, state, summary, action, count, since, at };
}
