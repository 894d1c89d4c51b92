import type { Digest } from '../../src/digest/definition.ts';
import { isInScope, type SummarizedEvent, summarizeEvents } from '../../src/digest/event-summary.ts';
import { type DigestFacts, readDigestFacts } from '../../src/digest/facts.ts';
import type { RunPeriod } from '../../src/digest/run-summary.ts';
import { DIGEST, RELAY_ALERT, type RelayEvent } from '../../src/event/event.ts';
import { isAction } from '../../src/route/target.ts';
import { wentWrong } from '../slack/delivery-words.ts';
import type { DeliveryView } from '../store/delivery.ts';
import type { Store } from '../store/store.ts';

/** What the store knows of a digest's time. */

export type DigestStore = Pick<Store, 'eventPage' | 'event' | 'deliveryPage'>;

const PAGE = 200;
const MOST_EVENTS = 5_000;
const MOST_DELIVERIES = 5_000;
const MOST_FAILURES = 5;
/** A workflow may take so long: what it was dispatched for is older than its failure. Milliseconds. */
const LONGEST_RUN_MS = 86_400_000;

export interface ReadEventsOptions {
  readonly digest: Digest;
  readonly entity: string | undefined;
  readonly period: RunPeriod;
  readonly store: DigestStore;
}

export type EventsRead = Pick<DigestFacts, 'alerts' | 'versions' | 'promotions' | 'failures' | 'notes'>;

export async function readEvents(options: ReadEventsOptions): Promise<EventsRead> {
  const { events, isCut } = await eventsOf(options);
  return {
    ...summarizeEvents(events),
    failures: await failuresOf(options),
    notes: isCut ? [`Only the latest ${MOST_EVENTS} events were counted.`] : [],
  };
}

/** What the digest of this name said last; `undefined`: nothing, or its event is no longer kept. */
export async function digestBefore(store: DigestStore, name: string, since: number): Promise<DigestFacts | undefined> {
  let before: number | undefined;
  do {
    const page = await store.eventPage({ type: DIGEST, since, limit: PAGE, ...(before === undefined ? {} : { before }) });
    const found = page.items.find(({ event }) => event.automation === name);
    if (found !== undefined) {
      const event = await store.event(found.id);
      return event && readDigestFacts(event.body);
    }
    before = page.next;
  } while (before !== undefined);
  return undefined;
}

/** Of the digest's scope and time, oldest first. */
async function eventsOf({ digest, entity, period, store }: ReadEventsOptions): Promise<{ events: SummarizedEvent[]; isCut: boolean }> {
  const found: SummarizedEvent[] = [];
  let before: number | undefined;
  for (let read = 0; read < MOST_EVENTS; read += PAGE) {
    const page = await store.eventPage({ since: period.since, limit: PAGE, ...(before === undefined ? {} : { before }) });
    for (const { event, wandb, receivedAt, outcome } of page.items) {
      if (receivedAt >= period.until || outcome === 'duplicate' || event.type === DIGEST || event.type === RELAY_ALERT) continue;
      if (isInScope({ event, wandb }, digest, entity)) found.push({ event, wandb });
    }
    before = page.next;
    if (before === undefined) return { events: found.toReversed(), isCut: false };
  }
  return { events: found.toReversed(), isCut: true };
}

async function failuresOf({ digest, entity, period, store }: ReadEventsOptions): Promise<DigestFacts['failures']> {
  const latest: DigestFacts['failures']['latest'] = [];
  let count = 0;
  let before: number | undefined;
  for (let read = 0; read < MOST_DELIVERIES; read += PAGE) {
    const page = await store.deliveryPage({
      since: period.since - LONGEST_RUN_MS,
      limit: PAGE,
      ...(before === undefined ? {} : { before }),
    });
    for (const delivery of page.items.filter((one) => failedIn(one, period))) {
      const event = await store.event(delivery.eventId);
      if (event === undefined || !isInScope(event, digest, entity)) continue;
      count++;
      if (latest.length < MOST_FAILURES) latest.push(failureOf(delivery, event.event));
    }
    before = page.next;
    if (before === undefined) break;
  }
  return { count, latest };
}

function failedIn(delivery: DeliveryView, { since, until }: RunPeriod): boolean {
  const { request, target, updatedAt } = delivery;
  const isDispatched = request === null ? !target.startsWith('slack') : isAction(request);
  return isDispatched && wentWrong(delivery) && updatedAt >= since && updatedAt < until;
}

function failureOf({ target, run, runUrl }: DeliveryView, event: RelayEvent): DigestFacts['failures']['latest'][number] {
  return { what: whatOf(event), target: target.replace(/^[a-z_]+:/, ''), url: run?.url ?? runUrl };
}

function whatOf({ collection, version, alias, display_name, run, type }: RelayEvent): string {
  if (collection === undefined) return display_name ?? run ?? type;
  return `${[collection, version].filter((part) => part !== undefined).join(' ')}${alias === undefined ? '' : ` → ${alias}`}`;
}
