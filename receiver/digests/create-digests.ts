import type { Digest } from '../../src/digest/definition.ts';
import type { DigestFacts } from '../../src/digest/facts.ts';
import { DEFAULT_TIMEZONE, type Due, dueOf, latestOf, nextOf, type Schedule } from '../../src/digest/schedule.ts';
import { messageOf } from '../../src/lib/error-message.ts';
import type { NewId } from '../../src/lib/id.ts';
import { type AlertPolicyOf, DEFAULT_ALERT_POLICY } from '../../src/route/alert-policy.ts';
import type { Extension } from '../receiver.ts';
import type { Runtime } from '../runtime.ts';
import type { EngineStore } from '../store/engine.ts';
import { StoreUnavailableError } from '../store/store-failure.ts';
import { createLoop } from '../watch/loop.ts';
import { digestEvent, digestRoute } from './digest-event.ts';
import { type DigestStore, digestBefore, readEvents } from './read-events.ts';
import { type DigestReader, readRuns } from './read-runs.ts';

export interface DigestsOptions extends Pick<Runtime, 'now' | 'log' | 'redactor'> {
  readonly digests: readonly Digest[];
  /** The team of projects without one of their own. */
  readonly entity: string | undefined;
  readonly store: DigestStore & Pick<EngineStore, 'acceptOccurrence' | 'lastOccurrence'>;
  /** Left out: there is no key for W&B's API, and digests show no runs. */
  readonly reader?: DigestReader;
  /** Who hears of a digest that could not be sent; left out: nobody. */
  readonly alerts?: AlertPolicyOf;
  readonly newId: NewId;
  /** Something was stored that is to be sent. */
  readonly wake: () => void;
  /** Whether the clock can be trusted; nothing is sent while it cannot. Left out: always. */
  readonly isSteady?: () => boolean;
}

/** The clock may be moved, so no pause is longer. Milliseconds. */
const LONGEST_PAUSE_MS = 60_000;
/** W&B or the store is asked again after so long. Milliseconds. */
const RETRY_MS = 60_000;
/** A digest waits so long for W&B, and then goes out without runs. Milliseconds. */
const WAIT_FOR_WANDB_MS = 15 * 60_000;
/** How long W&B has for all of one digest. Milliseconds. */
const READ_LIMIT_MS = 5 * 60_000;
/** The digest before may be as old, for its best values. Milliseconds. */
const LOOK_BACK_MS = 40 * 86_400_000;

/** Sends digests when they are due: each once, also by several receivers that share a store. */
export interface Digests extends Extension {
  /** Sends what is due, once. Never rejects. */
  runOnce(): Promise<void>;
  nextAt(): number | undefined;
  stop(): Promise<void>;
}

export function createDigests(options: DigestsOptions): Digests {
  const { digests, store, now, log, isSteady = () => true } = options;
  const stopping = new AbortController();
  /** When each is looked at next. */
  const nextAt = new Map<string, number>(digests.map(({ name }) => [name, 0]));
  /** Since when each waits for W&B. */
  const waitingSince = new Map<string, number>();

  /** Sends it if it is due; when to look at it again. */
  const look = async (digest: Digest): Promise<number> => {
    const schedule = scheduleOf(digest);
    const last = await store.lastOccurrence(digest.name);
    if (last === undefined) {
      // Seen for the first time: what was due before is not sent, and the first one is about the time since.
      await store.acceptOccurrence(digest.name, latestOf(schedule, now()) ?? now(), null);
      return nextOf(schedule, now()) ?? Number.POSITIVE_INFINITY;
    }
    const due = dueOf(schedule, last, now());
    if (due !== undefined) {
      const since = waitingSince.get(digest.name) ?? now();
      const mayWait = now() - since < WAIT_FOR_WANDB_MS;
      if (!(await send(digest, { ...due, mayWait }, options, stopping.signal))) {
        waitingSince.set(digest.name, since);
        return now() + RETRY_MS;
      }
    }
    waitingSince.delete(digest.name);
    return nextOf(schedule, now()) ?? Number.POSITIVE_INFINITY;
  };

  const failed = (error: unknown): void => {
    if (error instanceof StoreUnavailableError) return;
    log.error({ error: messageOf(error) }, 'a digest could not be made; it is tried again in a minute');
  };

  const work = async (): Promise<number> => {
    if (!isSteady()) return RETRY_MS;
    for (const digest of digests) {
      if (stopping.signal.aborted || (nextAt.get(digest.name) ?? 0) > now()) continue;
      nextAt.set(digest.name, now() + RETRY_MS);
      nextAt.set(digest.name, await look(digest));
    }
    return Math.max(1_000, Math.min(LONGEST_PAUSE_MS, Math.min(...nextAt.values()) - now()));
  };

  const loop = createLoop({ work, failed, retryMs: RETRY_MS });
  return {
    details: () => (options.reader === undefined ? missingKey(digests) : []),
    start: loop.start,
    runOnce: async () => {
      await work().catch(failed);
    },
    nextAt: () => {
      const next = Math.min(...nextAt.values());
      return Number.isFinite(next) ? next : undefined;
    },
    stop: async () => {
      stopping.abort(new Error('the receiver is stopping'));
      await loop.stop();
    },
  };
}

/** Makes and stores the digest. False: W&B could not be read, and it is tried again. */
async function send(
  digest: Digest,
  due: Due & { readonly mayWait: boolean },
  options: DigestsOptions,
  stopping: AbortSignal,
): Promise<boolean> {
  const { store, now, log, entity, redactor, wake } = options;
  const { name, slack } = digest;
  const signal = AbortSignal.any([stopping, AbortSignal.timeout(READ_LIMIT_MS)]);
  const { facts, isUnavailable } = await factsOf(digest, due, options, signal);
  if (stopping.aborted) return false;
  if (isUnavailable && due.mayWait) {
    log.warn({ digest: name, why: facts.notes.join(' ') }, 'W&B could not be read for a digest; it is tried again in a minute');
    return false;
  }
  const event = digestEvent(digest, facts, {
    entity,
    now: now(),
    newId: options.newId,
    redact: redactor.json,
    alerts: options.alerts?.(digestRoute(name)) ?? DEFAULT_ALERT_POLICY,
  });
  const isStored = await store.acceptOccurrence(name, due.dueAt, event);
  if (!isStored) return true;
  log.info(
    { digest: name, event: event.id, channel: slack, due: new Date(due.dueAt).toISOString(), skipped: due.skipped },
    'a digest is sent',
  );
  wake();
  return true;
}

async function factsOf(
  digest: Digest,
  { dueAt, since, skipped }: Due,
  { store, reader, entity, now }: DigestsOptions,
  signal: AbortSignal,
): Promise<{ facts: DigestFacts; isUnavailable: boolean }> {
  const period = { since, until: dueAt };
  const before = await digestBefore(store, digest.name, now() - LOOK_BACK_MS);
  const runs = await readRuns({ digest, entity, period, before, signal, ...(reader === undefined ? {} : { reader }) });
  const { notes, ...events } = await readEvents({ digest, entity, period, store });
  const facts = {
    digest: digest.name,
    about: aboutOf(digest, entity),
    since,
    dueAt,
    madeAt: now(),
    timezone: digest.timezone ?? DEFAULT_TIMEZONE,
    skipped,
    runs: runs.runs,
    metrics: runs.metrics,
    ...events,
    notes: [...runs.notes, ...notes],
  };
  return { facts, isUnavailable: runs.isUnavailable };
}

function aboutOf({ scope }: Digest, entity: string | undefined): string {
  const whole = scope.project === undefined || scope.project.includes('/') ? scope.project : `${entity}/${scope.project}`;
  const place = whole ?? (scope.registry === undefined ? `team ${scope.team}` : `registry ${scope.registry}`);
  return typeof scope.collection === 'string' ? `${scope.collection} in ${place}` : place;
}

function scheduleOf({ schedule, timezone = DEFAULT_TIMEZONE }: Digest): Schedule {
  return { schedule, timezone };
}

function missingKey(digests: readonly Digest[]): string[] {
  const names = digests.filter(({ scope }) => scope.registry === undefined).map(({ name }) => name);
  return names.length === 0 ? [] : [`the digests ${names.join(', ')} show no runs: set WANDB_API_KEY`];
}
