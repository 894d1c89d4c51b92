import { withoutHistory } from '../../src/event/enrichment.ts';
import { ageOf } from '../../src/lib/clock.ts';
import { messageOf } from '../../src/lib/error-message.ts';
import { type JsonObject, parseExactJson } from '../../src/lib/json.ts';
import type { WandbClient } from '../../src/wandb/client.ts';
import { canBeEnriched, type EventWithBody, fetchEnrichment } from '../../src/wandb/enrichment.ts';
import type { WandbError } from '../../src/wandb/wandb-error.ts';
import type { Runtime } from '../runtime.ts';
import type { EventView } from '../store/delivery.ts';
import type { Store } from '../store/store.ts';

export interface EnricherOptions extends Pick<Runtime, 'now' | 'log' | 'redactor'> {
  readonly client: WandbClient;
  readonly store: Pick<Store, 'event' | 'keepEnrichment'>;
  /** W&B's app, for links. */
  readonly appUrl: string;
  /** Metrics that are compared with those of the replaced version, see `EnrichmentOptions`. */
  readonly compare?: () => readonly string[];
  /** How long a delivery waits for W&B, in milliseconds; default 3 seconds. */
  readonly limitMs?: number;
}

/** Finds out more about events. */
export interface Enricher {
  /**
   * What W&B's API says about a stored event, as in `enrichmentSchema`, or `null`. Resolves within the time limit
   * whatever W&B does; rejects only when the store does.
   *
   * W&B is asked once per event (`fetchEnrichment`). What it says is kept with the event, also that it knows nothing or may not say; after
   * any other failure the answer is `null` for this event as long as this process lives.
   */
  enrich(eventId: string): Promise<JsonObject | null>;
}

const LIMIT_MS = 3_000;
/** So many failures in a row, and W&B is left alone for a while: an outage must not slow every delivery. */
const FAILURES_BEFORE_PAUSE = 3;
const PAUSE_MS = 30_000;
/** How many events are remembered as asked in vain. */
const MEMORY = 10_000;

export function createEnricher(options: EnricherOptions): Enricher {
  const { store, now, log } = options;
  const underWay = new Map<string, Promise<JsonObject | null>>();
  const inVain = new Set<string>();
  const breaker = createBreaker(now);

  async function find(eventId: string): Promise<JsonObject | null> {
    const event = await store.event(eventId);
    if (event === undefined) return null;
    if (event.wandb !== undefined) return event.wandb && withoutHistory(event.wandb);
    const asked = withBody(event);
    if (!canBeEnriched(asked) || inVain.has(eventId) || !breaker.mayAsk()) return null;
    const answer = await ask(eventId, asked);
    if (answer !== undefined) {
      await store.keepEnrichment(eventId, answer);
      return answer;
    }
    const [oldest] = inVain;
    if (inVain.size >= MEMORY && oldest !== undefined) inVain.delete(oldest);
    inVain.add(eventId);
    return null;
  }

  /** What is to be kept; `undefined` when W&B did not say. */
  async function ask(id: string, event: EventWithBody): Promise<JsonObject | null | undefined> {
    const signal = AbortSignal.timeout(options.limitMs ?? LIMIT_MS);
    try {
      const { appUrl, compare = () => [] } = options;
      const answer = await fetchEnrichment(options.client, event, { signal, appUrl, compare: compare() });
      if (answer.ok) {
        breaker.answered();
        return answer.value === null ? null : (options.redactor.json(answer.value) as JsonObject);
      }
      return refused(id, answer.error);
    } catch (error) {
      breaker.failed();
      log.error({ event: id, error: messageOf(error) }, 'a bug: enriching an event failed');
      return undefined;
    }
  }

  function refused(id: string, error: WandbError): null | undefined {
    const isFinal = error.kind === 'not_found' || error.kind === 'forbidden' || (error.kind === 'unauthorized' && error.status !== 401);
    // A refused key fails for every event alike; a refused query may be about this event alone.
    const isOutage = error.kind === 'unavailable' || error.status === 401;
    if (isOutage) breaker.failed();
    else breaker.answered();
    const pausedUntil = breaker.pausedUntil();
    log.warn(
      { event: id, status: error.status ?? undefined, pausedUntil: pausedUntil && new Date(pausedUntil).toISOString() },
      `not enriched: ${error.message}`,
    );
    return isFinal ? null : undefined;
  }

  return {
    enrich: (eventId) => {
      const asked = underWay.get(eventId);
      if (asked !== undefined) return asked;
      const asking = find(eventId).finally(() => underWay.delete(eventId));
      underWay.set(eventId, asking);
      return asking;
    },
  };
}

function withBody({ event, body }: EventView): EventWithBody {
  const payload = parseExactJson(body);
  return { ...event, payload: payload.ok ? payload.value : null };
}

/** After a few failures in a row W&B is not asked for a while. Then one request tries, and the others wait for its result. */
function createBreaker(now: () => number) {
  let failures = 0;
  let pausedAt = Number.NEGATIVE_INFINITY;
  let trying = false;
  // A clock that is put back does not lengthen the pause.
  const isPaused = (): boolean => ageOf(pausedAt, now()) < PAUSE_MS;
  return {
    mayAsk(): boolean {
      if (failures < FAILURES_BEFORE_PAUSE) return true;
      if (trying || isPaused()) return false;
      trying = true;
      return true;
    },
    answered(): void {
      failures = 0;
      trying = false;
    },
    failed(): void {
      failures++;
      trying = false;
      if (failures >= FAILURES_BEFORE_PAUSE) pausedAt = now();
    },
    pausedUntil: (): number | undefined => (failures >= FAILURES_BEFORE_PAUSE && isPaused() ? pausedAt + PAUSE_MS : undefined),
  };
}
