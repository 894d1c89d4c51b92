import type { Accepted, NewEvent } from '../store/delivery.ts';
import type { EventInbox } from '../store/store.ts';
import { StoreBusyError } from '../store/store-failure.ts';

/** Stores an event durably; rejects when the store can't. */
export type AcceptEvent = (event: NewEvent) => Promise<Accepted>;

/** What is stored in batches. */
export interface BatchOptions<Item, Result> {
  /** Stores a batch, all or none, and answers in its order. */
  readonly store: (items: readonly Item[]) => Promise<readonly Result[]>;
  /** How long the body of an item is. */
  readonly charsOf: (item: Item) => number;
  /** Milliseconds, for measuring. */
  readonly now: () => number;
}

export interface Batches<Item, Result> {
  /** Resolves once it is stored durably; rejects when the store can't. */
  add(item: Item): Promise<Result>;
  /** How many are not answered yet: they wait for the next batch, or for the store. */
  unanswered(): number;
}

interface Waiting<Item, Result> {
  readonly item: Item;
  readonly since: number;
  resolve(result: Result): void;
  reject(error: unknown): void;
}

/** A store that has failed for so long is not asked for the rest of a batch. Milliseconds. */
const GIVE_UP_MS = 3_000;
/** An event waits for so long, and not quite the three seconds that are promised, for another process's lock. Milliseconds. */
const BUSY_PATIENCE_MS = 2_900;
const BUSY_PAUSE_MS = 20;
/** So many are stored although more may be coming. */
const GATHERED = 64;
/** More than this in one transaction only makes the first of them wait. */
const LARGEST_BATCH = 500;
/** And more than so many characters of bodies only takes memory: a batch is there as statements, too. */
const LARGEST_BATCH_CHARS = 1024 * 1024;

/**
 * Lets requests that arrive together share one commit: whatever came in until a turn of the event loop brought no more, or
 * while the store was busy with the batch before, is stored in one transaction. Waiting for the disk is most of the cost of an
 * acceptance, so this is what makes many at once cheap.
 *
 * When a batch fails, its events are tried one by one, so that one that cannot be stored does not take others with it.
 * When it is the store that does not answer, the rest is refused after a while: waiting in line for it would be of no use
 * to those who sent it, and keep those that come after them from being refused.
 *
 * While another process holds the store's lock, events wait in the order in which they came, each for at most three
 * seconds; nothing else waits for that.
 */
export function inBatches<Item, Result>({ store, charsOf, now }: BatchOptions<Item, Result>): Batches<Item, Result> {
  type Batch = readonly Waiting<Item, Result>[];
  let waiting: Waiting<Item, Result>[] = [];
  let busy = false;
  /** So many are in the batch that is being stored. */
  let inStore = 0;

  /** Returns why the store failed, if it did. */
  const storeAll = async (batch: Batch): Promise<{ readonly error: unknown } | undefined> => {
    try {
      const results = await store(batch.map(({ item }) => item));
      batch.forEach((each, i) => {
        const result = results[i];
        if (result === undefined) each.reject(new Error('the store answered for fewer events than it was given'));
        else each.resolve(result);
      });
      return undefined;
    } catch (error) {
      if (batch.length === 1 && !(error instanceof StoreBusyError)) batch[0]?.reject(error);
      return { error };
    }
  };

  const storeEach = async (batch: Batch, since: number): Promise<void> => {
    let failure: { readonly error: unknown } | undefined;
    for (const [i, item] of batch.entries()) {
      if (failure !== undefined && now() - since >= GIVE_UP_MS) item.reject(failure.error);
      else failure = await storeAll([item]);
      if (failure?.error instanceof StoreBusyError) return waitForLock(batch.slice(i), failure.error);
    }
  };

  /** Puts back what could not be stored, before what came later, and refuses what has waited for too long. */
  const waitForLock = async (batch: Batch, error: StoreBusyError): Promise<void> => {
    const at = now();
    const inOrder = [...batch, ...waiting];
    inStore = 0;
    // A clock that was set back must not make anybody wait longer.
    waiting = inOrder.filter(({ since }) => at >= since && at - since < BUSY_PATIENCE_MS);
    const kept = new Set(waiting);
    for (const item of inOrder) if (!kept.has(item)) item.reject(error);
    if (waiting.length > 0) await new Promise((resolve) => setTimeout(resolve, BUSY_PAUSE_MS));
  };

  /** Until a turn of the event loop has brought no more: each of them would wait for a commit of its own. */
  const gather = async (): Promise<void> => {
    for (let before = 0; before !== waiting.length && waiting.length < GATHERED; ) {
      before = waiting.length;
      await new Promise<void>((resolve) => void setImmediate(resolve));
    }
  };

  const drain = async (): Promise<void> => {
    while (waiting.length > 0) {
      await gather();
      const size = batchSize(waiting, ({ item }) => charsOf(item));
      const batch = waiting.slice(0, size);
      waiting = waiting.slice(size);
      inStore = size;
      const since = now();
      const failure = await storeAll(batch);
      if (failure?.error instanceof StoreBusyError) await waitForLock(batch, failure.error);
      else if (failure !== undefined && batch.length > 1) await storeEach(batch, since);
      inStore = 0;
    }
    busy = false;
  };

  return {
    add: (item) =>
      new Promise((resolve, reject) => {
        waiting.push({ item, since: now(), resolve, reject });
        if (busy) return;
        busy = true;
        void drain();
      }),
    unanswered: () => waiting.length + inStore,
  };
}

/**
 * Accepts events in batches.
 *
 * @param dedupeWindowMs asked for each batch where it may change
 * @param now milliseconds, for measuring
 */
export function acceptInBatches(
  inbox: Pick<EventInbox, 'accept'>,
  dedupeWindowMs: number | (() => number),
  now: () => number,
): AcceptEvent {
  const windowMs = () => (typeof dedupeWindowMs === 'number' ? dedupeWindowMs : dedupeWindowMs());
  const { add } = inBatches<NewEvent, Accepted>({
    store: (events) => inbox.accept(events, { dedupeWindowMs: windowMs() }),
    charsOf: ({ body }) => body.length,
    now,
  });
  return add;
}

/** How many of the first go into one transaction: at least one. */
function batchSize<Item>(waiting: readonly Item[], charsOf: (item: Item) => number): number {
  let size = 0;
  let chars = 0;
  for (const item of waiting) {
    chars += charsOf(item);
    if (size > 0 && (size === LARGEST_BATCH || chars > LARGEST_BATCH_CHARS)) break;
    size++;
  }
  return size;
}
