import type { RelayEvent } from '../../src/event/event.ts';
import { finiteIn, pointsToJson } from '../../src/event/metric-points.ts';
import { messageOf } from '../../src/lib/error-message.ts';
import { isJsonObject, type JsonObject } from '../../src/lib/json.ts';
import type { WandbClient } from '../../src/wandb/client.ts';
import { fetchPoints, type HistoryQuery } from '../../src/wandb/history.ts';
import type { Extension } from '../receiver.ts';
import type { Runtime } from '../runtime.ts';
import type { EventView } from '../store/delivery.ts';
import type { Store } from '../store/store.ts';

export interface MetricHistoryOptions extends Pick<Runtime, 'now' | 'log' | 'redactor'> {
  readonly client: WandbClient;
  readonly store: Pick<Store, 'event' | 'keepHistory'>;
  /** Something was stored that may have to be sent. */
  readonly wake: () => void;
  /** How long W&B has for its answer, in milliseconds; default 20 seconds. Nobody waits for it. */
  readonly limitMs?: number;
}

/** Adds a metric's last values to its event, after the message about it: for the chart. */
export interface MetricHistory extends Extension {
  /**
   * Asks W&B, once per event and in the background, and updates the messages that show the event. Does nothing for events
   * without a metric of a run. Best effort: without an answer, and when the process ends before, there is no chart.
   */
  request(eventId: string): void;
  /** Resolves when nothing is under way. */
  runOnce(): Promise<void>;
  stop(): Promise<void>;
}

const LIMIT_MS = 20_000;
/** Requests at a time. */
const CONCURRENCY = 4;
/** More than this wait for W&B, and the next event gets no chart: an outage is not remembered for all of its events. */
const MOST_WAITING = 1_000;
/** How many events are remembered as asked. */
const MEMORY = 10_000;

const METRIC_EVENTS: ReadonlySet<RelayEvent['type']> = new Set([
  'run_metric',
  'run_metric_change',
  'run_metric_zscore',
  'run_metric_nonfinite',
  'run_metric_stall',
]);

export function createMetricHistory(options: MetricHistoryOptions): MetricHistory {
  const { client, store, now, log, redactor, wake } = options;
  const asked = new Set<string>();
  const waiting: string[] = [];
  const stopping = new AbortController();
  const workers = new Set<Promise<void>>();

  async function find(eventId: string): Promise<void> {
    const view = await store.event(eventId);
    const query = view && historyQuery(view);
    if (query === undefined) return;
    const signal = AbortSignal.any([stopping.signal, AbortSignal.timeout(options.limitMs ?? LIMIT_MS)]);
    const points = await fetchPoints(client, query, signal);
    if (!points.ok) {
      log.warn({ event: eventId, status: points.error.status ?? undefined }, `no chart: ${points.error.message}`);
      return;
    }
    if (points.value === null) return;
    const history = redactor.json(pointsToJson(points.value)) as JsonObject;
    if (await store.keepHistory(eventId, history, now())) wake();
  }

  async function work(): Promise<void> {
    for (let eventId = waiting.shift(); eventId !== undefined && !stopping.signal.aborted; eventId = waiting.shift()) {
      try {
        await find(eventId);
      } catch (error) {
        log.warn({ event: eventId, error: messageOf(error) }, 'no chart: the store failed, or there is a bug');
      }
    }
  }

  async function idle(): Promise<void> {
    while (workers.size > 0) await Promise.all(workers);
  }

  return {
    request: (eventId) => {
      if (stopping.signal.aborted || asked.has(eventId) || waiting.length >= MOST_WAITING) return;
      const [oldest] = asked;
      if (asked.size >= MEMORY && oldest !== undefined) asked.delete(oldest);
      asked.add(eventId);
      waiting.push(eventId);
      if (workers.size >= CONCURRENCY) return;
      const worker = work().finally(() => workers.delete(worker));
      workers.add(worker);
    },
    runOnce: idle,
    stop: async () => {
      stopping.abort();
      await idle();
    },
  };
}

/** What to ask for the event's chart; `undefined`: nothing, or it is there. */
function historyQuery({ event, wandb }: EventView): HistoryQuery | undefined {
  const { type, entity, project, metric } = event;
  if (!METRIC_EVENTS.has(type) || entity === undefined || project === undefined || metric === undefined) return undefined;
  const run = wandb?.run;
  if (!isJsonObject(run) || wandb?.history !== undefined || typeof run.name !== 'string') return undefined;
  const summary = isJsonObject(run.summary) ? run.summary : {};
  return {
    entity,
    project,
    run: run.name,
    metric,
    isLogged: Object.hasOwn(summary, metric),
    lastStep: finiteIn(summary._step),
    durationSeconds: finiteIn(run.duration_seconds),
  };
}
