import { type AlarmInfo, DurableObject, type ObjectNamespace, type ObjectState } from 'cloudflare:workers';
import process from 'node:process';
import type { Config } from '../../src/config/config.ts';
import { DEFAULT_SOURCE } from '../../src/event/event.ts';
import { messageOf } from '../../src/lib/error-message.ts';
import { redactorOf } from '../../src/lib/redact.ts';
import { compileRoute } from '../../src/route/route.ts';
import type { AttemptBy } from '../admin/sign-in-memory.ts';
import { composeReceiver } from '../compose.ts';
import type { Jurisdiction } from '../environment.ts';
import type { PlatformBindings } from '../http/body-source.ts';
import type { Verified } from '../http/verified.ts';
import type { Logger } from '../log/log.ts';
import { BUILD_INFO } from '../metrics/definitions.ts';
import type { Family } from '../metrics/families.ts';
import { single } from '../metrics/gauges.ts';
import type { Receiver } from '../receiver.ts';
import type { SqlDriver } from '../store/sqlite/driver.ts';
import { type NextWork, nextWork } from '../store/sqlite/next-work.ts';
import { objectDriver } from '../store/sqlite/object-driver.ts';
import { sqliteStore } from '../store/sqlite/sqlite-store.ts';
import { consoleLogger } from './console-log.ts';
import { heldBodies } from './held-body.ts';
import { type KeptObjectCounts, keptCounts } from './kept-counts.ts';
import { type KeptSignIns, keptSignIns } from './kept-sign-ins.ts';
import { objectOf } from './object-name.ts';
import { CLOUDFLARE, CONCURRENCY, outgoing, type Platform } from './outgoing.ts';
import { askToStandAside, type FirstPlace, standAside, takePlace, UnusedObjectError, WrongPlaceError } from './place.ts';
import { rayOf } from './ray.ts';
import { mostWritesPerSecond, type Setup, setUp } from './setup.ts';
import { type SharedPace, sharedPace } from './shared-pace.ts';
import type { Subrequests } from './subrequests.ts';
import { unavailable } from './unavailable.ts';
import { noSuchSource, UnusedSourceError, wasUsed } from './unused-source.ts';
import { VERSION } from './version.ts';
import { type WakeUp, wakeUp } from './wake-up.ts';

/** An alarm waits for what it has begun to send at most so long; the rest goes on without it. Milliseconds. */
const ALARM_LIMIT_MS = 90_000;

/**
 * How often runs are looked at. Each look is an alarm, a few rows that are written, and keeps the object in memory for some
 * seconds: at the pace of a process an object would never rest (Cloudflare documentation, "Durable Objects: pricing").
 */
const WATCH_EVERY_MS = 60_000;

const NOTHING: NextWork = { sendAt: undefined, checkAt: undefined };

/** What runs in an object, once it has started. */
interface Running {
  readonly receiver: Receiver;
  readonly outgoing: Subrequests;
  readonly pace: SharedPace;
  /** Where nobody looks at runs, none is waited for. */
  readonly watchesRuns: boolean;
  /** Left out: nobody may read metrics. */
  readonly counts?: KeptObjectCounts;
}

/**
 * One source's receiver: the same HTTP and the same outbox as everywhere, over the database of a Durable Object.
 *
 * An object may end at any moment and starts again with the next request or alarm. While there is something to do an alarm
 * is set, at the time of the next work and never further ahead than an hour.
 */
export function relayObject(config: Config, now: () => number, platform: Platform = CLOUDFLARE) {
  // Not the Worker's, which holds a body until the object has answered.
  const bodyOf = heldBodies(() => performance.now());
  return class RelayObject extends DurableObject<Readonly<Record<string, unknown>>> {
    readonly #driver: SqlDriver;
    readonly #wakeUp: WakeUp;
    readonly #signIns: KeptSignIns;
    #log: Logger = consoleLogger(console, (line) => line, now);
    #running: Running | undefined;
    /** No source of this name is configured, and none ever was. */
    #isUnused = false;
    /** What it has waits for another configuration, so it needs no alarm. */
    #isAtRest = false;

    constructor(ctx: ObjectState, env: Readonly<Record<string, unknown>>) {
      super(ctx, env);
      this.#wakeUp = wakeUp(ctx.storage, now, (error) => this.#log.error({ error: messageOf(error) }, 'the alarm could not be set'));
      this.#signIns = keptSignIns(ctx.storage, now);
      this.#driver = objectDriver(ctx.storage, () => this.#wakeUp.soon());
      // It must not throw: an alarm whose object does not come up six times is gone for good.
      ctx.blockConcurrencyWhile(() => this.#start({ isFirst: true }));
    }

    /** Checks every request itself. The Worker does so before, and calls `receiveVerified`. */
    override fetch(request: Request): Promise<Response> {
      return this.#answer(request, rayOf(request));
    }

    /** See `callObject`. The secrets of this object may be old; the Worker's count. */
    receiveVerified(request: Request, verified: Verified): Promise<Response> {
      return this.#answer(request, { ...rayOf(request), verified });
    }

    async #answer(request: Request, bindings: PlatformBindings): Promise<Response> {
      this.#wakeUp.opened();
      this.#running?.outgoing.renew();
      if (this.#running === undefined) await this.ctx.blockConcurrencyWhile(() => this.#start());
      if (this.#isUnused) return noSuchSource();
      const body = bodyOf(request);
      try {
        return (await this.#running?.receiver.app.fetch(request, { ...bindings, body })) ?? unavailable();
      } finally {
        body.release();
      }
    }

    override async alarm(info?: AlarmInfo): Promise<void> {
      // Outside: when it fails it is for the runtime to repeat this alarm.
      await this.#wakeUp.rung(info?.retryCount ?? 0);
      try {
        if (this.#running === undefined) await this.ctx.blockConcurrencyWhile(() => this.#start());
        const running = this.#running;
        if (running === undefined) return await (this.#isAtRest ? this.#wakeUp.settle(NOTHING) : this.#wakeUp.failed());
        running.outgoing.renew();
        await within(ALARM_LIMIT_MS, Promise.race([running.receiver.runOnce(), running.outgoing.spent()]));
        await this.#wakeUp.settle(this.#nextWork(running));
      } catch (error) {
        this.#log.error({ error: messageOf(error) }, 'an alarm failed; the next one comes within a minute');
        await this.#wakeUp.failed();
      }
    }

    /** Called by the object of the same name in a jurisdiction, see `place.ts`. Returns where the data is instead. */
    async standAside(jurisdiction: Jurisdiction): Promise<FirstPlace | undefined> {
      const first = standAside(this.#driver, jurisdiction);
      if (first === undefined && this.#running !== undefined) {
        // It has stored nothing yet. What is on its way to it must not be stored here either.
        await this.ctx.storage.sync();
        this.ctx.abort('this object stands aside for one in a jurisdiction');
      }
      return first;
    }

    /**
     * Called by the object of a source that was removed, which still sends what it has acknowledged.
     *
     * @returns how many sources share GitHub's limit from now on
     */
    async sharePace(source: string, until: number): Promise<number> {
      this.#wakeUp.opened();
      if (this.#running === undefined) await this.ctx.blockConcurrencyWhile(() => this.#start());
      return this.#running?.pace.heardOf(source, until) ?? 0;
    }

    /**
     * What `/metrics` shows of this source, for the Worker's. Called by the Worker, as the rest of what is here is.
     *
     * @returns `undefined` when the receiver of this source does not run; `unused`: there is no such source
     */
    async metrics(): Promise<readonly Family[] | 'unused' | undefined> {
      this.#wakeUp.opened();
      if (this.#running === undefined) await this.ctx.blockConcurrencyWhile(() => this.#start());
      if (this.#isUnused) return 'unused';
      await this.#running?.counts?.asked();
      return this.#running?.receiver.metrics();
    }

    /** See `KeptSignIns`; also where no receiver runs. */
    signInAttempt(address: string, isRight: boolean, by: AttemptBy = 'form'): Promise<number | undefined> {
      return this.#signIns.attempt(address, isRight, by);
    }

    endSession(id: string, endsAt: number): Promise<void> {
      return this.#signIns.end({ id, endsAt });
    }

    isSessionEnded(id: string): Promise<boolean> {
      return this.#signIns.isEnded(id);
    }

    /** Opens the store and begins to send. When that fails the object stays up without a receiver, to be started again. */
    async #start({ isFirst = false } = {}): Promise<void> {
      if (this.#running !== undefined) return;
      try {
        const setup = setUp(config, this.env);
        if (!setup.ok) throw new Error(setup.error.join('; '));
        this.#running = await this.#run(setup.value);
        const { sendAt, checkAt } = this.#nextWork(this.#running);
        if (sendAt !== undefined || checkAt !== undefined) this.#wakeUp.soon();
      } catch (error) {
        this.#isUnused = error instanceof UnusedSourceError;
        this.#isAtRest = this.#isUnused || (error instanceof WrongPlaceError && error.isAtRest);
        // It may only be asked to stand aside.
        const isExpected = this.#isUnused || (isFirst && error instanceof UnusedObjectError);
        if (!isExpected) this.#log.error({ error: messageOf(error) }, 'the receiver of this source could not start');
        if (this.#isAtRest) await this.#wakeUp.settle(NOTHING);
      }
    }

    /** What is stored, and what the receiver's parts do by themselves. */
    #nextWork(running: Running): NextWork {
      const { sendAt, checkAt } = nextWork(this.#driver, running);
      const checks = [checkAt, running.receiver.nextAt()].filter((at) => at !== undefined);
      return { sendAt, checkAt: checks.length === 0 ? undefined : Math.min(...checks) };
    }

    async #run(setup: Setup): Promise<Running> {
      const { environment, settings, sandbox, sources } = setup;
      const redactor = redactorOf(environment.secrets);
      const log = consoleLogger(console, redactor.text, now);
      this.#log = log;
      const source = sourceOfObject(this.ctx.id.name) ?? sources[0] ?? '';
      const isRemoved = !sources.includes(source);
      if (isRemoved && !wasUsed(this.#driver)) throw new UnusedSourceError(source);
      await this.#wakeUp.load();
      const objects = this.env.RELAY as ObjectNamespace;
      await takePlace(this.#driver, {
        sandbox,
        configured: environment.jurisdiction,
        own: this.ctx.id.jurisdiction,
        reserve: (jurisdiction) => askToStandAside(objects, this.ctx.id.name, jurisdiction),
      });
      const store = sqliteStore(this.#driver);
      const recovered = await store.recoverInFlight(now());
      if (recovered > 0) log.warn({ deliveries: recovered }, 'reclaimed deliveries that were in flight when the object last ended');
      if (isRemoved) log.warn({ source }, 'no secret or token is configured for this source any more: it delivers what it has stored');
      const pace = sharedPace({ source, sources, now, tell: (other, until) => objectOf(objects, other, setup).sharePace(source, until) });
      const out = outgoing({ platform, environment, now, beforeGitHub: pace.beforeSending, askForInvocation: this.#wakeUp.atOnce });
      const counts = await this.#countsFor(environment);
      const randomBytes = () => crypto.getRandomValues(new Uint8Array(16));
      const receiver = await composeReceiver({
        runtime: { now, random: Math.random, randomBytes, fetch: out.fetch, log, redactor },
        environment,
        routes: config.routes.map(compileRoute),
        settings,
        organization: config.organization,
        config: () => config,
        // One object of a Worker watches, or each would.
        ...(source === DEFAULT_SOURCE
          ? { watch: { automations: config.automations, entity: config.entity, everyMs: WATCH_EVERY_MS } }
          : {}),
        store,
        sandbox,
        source: { name: source, all: sources },
        ...(counts === undefined ? {} : { metrics: counts.metrics }),
        startsSteady: true,
        // One object of a Worker sends them, or each would.
        ...(source === DEFAULT_SOURCE ? { digests: { definitions: config.digests, entity: config.entity } } : {}),
        wakeLater: this.#wakeUp.by,
        concurrency: CONCURRENCY,
        githubWritesPerSecond: () => Math.min(settings.githubWritesPerSecond, mostWritesPerSecond(environment, pace.sharing())),
      });
      receiver.start();
      const watchesRuns = !sandbox && environment.github !== undefined;
      return { receiver, outgoing: out, pace, watchesRuns, ...(counts === undefined ? {} : { counts }) };
    }

    /** Counted only where somebody may read it. */
    async #countsFor({ access }: Setup['environment']): Promise<KeptObjectCounts | undefined> {
      if (access.people.length === 0 && access.proxy === undefined && !access.metricsArePublic) return undefined;
      const build = single(BUILD_INFO, 1, { version: VERSION, store: 'durable object', node: process.version });
      return keptCounts(this.ctx.storage, now, build, (error) => this.#log.warn({ error: messageOf(error) }, 'metrics could not be kept'));
    }
  };
}

/** An object has the name of its source, which has no colon in it. */
function sourceOfObject(name: string | undefined): string | undefined {
  return name?.split(':').at(-1);
}

/** Waits for `work`, but not longer. */
async function within(milliseconds: number, work: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, milliseconds);
  });
  await Promise.race([work, limit]);
  clearTimeout(timer);
}
