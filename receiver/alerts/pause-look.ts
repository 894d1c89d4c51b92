import type { Runtime } from '../runtime.ts';
import type { NewEvent } from '../store/delivery.ts';
import { type Pause, pauseKey } from '../store/pause.ts';
import type { Store } from '../store/store.ts';
import type { AlertNews } from './condition.ts';
import { pauseAlert } from './pause-alert.ts';
import { type PauseNews, pauseChanges } from './pause-news.ts';

export interface PauseLookOptions extends Pick<Runtime, 'now' | 'log'> {
  readonly store: Pick<Store, 'resumed' | 'acceptOccurrence' | 'lastOccurrence'>;
  readonly wake: () => void;
  /** The event that takes the news to Slack. */
  readonly eventOf: (news: AlertNews) => NewEvent;
}

/** What was resumed longer ago, while no receiver ran, is no news. Milliseconds. */
const NEWS_MS = 7 * 86_400_000;

/** Says once, of all receivers, what people have paused and resumed since the latest look; what was said of before, also while none ran. */
export function createPauseLook({ store, now, log, wake, eventOf }: PauseLookOptions): (pauses: readonly Pause[]) => Promise<void> {
  let paused: readonly Pause[] = [];
  const known = new Set<string>();

  const say = async (change: PauseNews): Promise<void> => {
    const news = pauseAlert(change, now());
    const name = `alert/${change.isResumed ? 'resumed' : 'paused'}/${pauseKey(change.pause)}`;
    if (!(await store.acceptOccurrence(name, change.pause.at, eventOf(news)))) return;
    log.info({ by: change.isResumed ? change.resumedBy : change.pause.by }, news.summary);
    wake();
  };
  const sayWhoResumed = async (): Promise<void> => {
    for (const { scope, pausedAt, at, by } of await store.resumed(now() - NEWS_MS)) {
      const pause = { scope, at: pausedAt, by: '', reason: null };
      const key = pauseKey(pause);
      if (known.has(`${key} ${at}`)) continue;
      // A pause that nobody heard of is not said to be over.
      const wasSaid = (await store.lastOccurrence(`alert/paused/${key}`)) !== undefined;
      if (wasSaid) await say({ pause, isResumed: true, resumedBy: by });
      known.add(`${key} ${at}`);
    }
  };
  return async (pauses) => {
    await sayWhoResumed();
    for (const change of pauseChanges(paused, pauses)) await say(change);
    paused = pauses;
  };
}
