import { DurableObject, type ObjectState } from 'cloudflare:workers';
import type { Config } from '../../src/config/config.ts';
import { messageOf } from '../../src/lib/error-message.ts';
import { redactorOf } from '../../src/lib/redact.ts';
import { compileRoute } from '../../src/route/route.ts';
import { composeReceiver } from '../compose.ts';
import type { PlatformBindings } from '../http/body-source.ts';
import type { Verified } from '../http/verified.ts';
import type { Logger } from '../log/log.ts';
import type { Receiver } from '../receiver.ts';
import type { SqlDriver } from '../store/sqlite/driver.ts';
import { nextWorkAt } from '../store/sqlite/next-work.ts';
import { objectDriver } from '../store/sqlite/object-driver.ts';
import { claimPurpose } from '../store/sqlite/schema.ts';
import { sqliteStore } from '../store/sqlite/sqlite-store.ts';
import { consoleLogger } from './console-log.ts';
import { heldBodies } from './held-body.ts';
import { rayOf } from './ray.ts';
import { setUp } from './setup.ts';
import { unavailable } from './unavailable.ts';
import { type WakeUp, wakeUp } from './wake-up.ts';

/** An alarm waits for what it has begun to send at most so long; the rest goes on without it. Milliseconds. */
const ALARM_LIMIT_MS = 90_000;

/**
 * One source's receiver: the same HTTP and the same outbox as everywhere, over the database of a Durable Object.
 *
 * An object may end at any moment and starts again with the next request or alarm. While there is something to do an alarm
 * is set, never further ahead than a minute.
 */
export function relayObject(config: Config, now: () => number) {
  // Not the Worker's, which holds a body until the object has answered.
  const bodyOf = heldBodies(() => performance.now());
  return class RelayObject extends DurableObject<Readonly<Record<string, unknown>>> {
    readonly #driver: SqlDriver;
    readonly #wakeUp: WakeUp;
    #log: Logger = consoleLogger(console, (line) => line, now);
    #receiver: Receiver | undefined;
    /** Where nobody looks at runs, none is waited for. */
    #watchesRuns = false;

    constructor(ctx: ObjectState, env: Readonly<Record<string, unknown>>) {
      super(ctx, env);
      this.#wakeUp = wakeUp(ctx.storage, now, (error) => this.#log.error({ error: messageOf(error) }, 'the alarm could not be set'));
      this.#driver = objectDriver(ctx.storage, () => this.#wakeUp.soon());
      // It must not throw: an alarm whose object does not come up six times is gone for good.
      ctx.blockConcurrencyWhile(() => this.#start());
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
      if (this.#receiver === undefined) await this.ctx.blockConcurrencyWhile(() => this.#start());
      const body = bodyOf(request);
      try {
        return (await this.#receiver?.app.fetch(request, { ...bindings, body })) ?? unavailable();
      } finally {
        body.release();
      }
    }

    override async alarm(): Promise<void> {
      // Outside: without a next alarm it is for the runtime to repeat this one.
      await this.#wakeUp.rung();
      try {
        if (this.#receiver === undefined) await this.ctx.blockConcurrencyWhile(() => this.#start());
        if (this.#receiver === undefined) return;
        await within(ALARM_LIMIT_MS, this.#receiver.runOnce());
        await this.#wakeUp.settle(nextWorkAt(this.#driver, { watchesRuns: this.#watchesRuns }));
      } catch (error) {
        this.#log.error({ error: messageOf(error) }, 'an alarm failed; the next one comes within a minute');
      }
    }

    /** Opens the store and begins to send. When that fails the object stays up without a receiver, to be started again. */
    async #start(): Promise<void> {
      if (this.#receiver !== undefined) return;
      try {
        const setup = setUp(config, this.env);
        if (!setup.ok) throw new Error(setup.error.join('; '));
        const { environment, settings, sandbox } = setup.value;
        const redactor = redactorOf(environment.secrets);
        const log = consoleLogger(console, redactor.text, now);
        this.#log = log;
        this.#watchesRuns = !sandbox && environment.github !== undefined;
        await this.#wakeUp.load();
        const store = sqliteStore(this.#driver);
        claimPurpose(this.#driver, sandbox ? 'sandbox' : 'live');
        const recovered = await store.recoverInFlight(now());
        if (recovered > 0) log.warn({ deliveries: recovered }, 'reclaimed deliveries that were in flight when the object last ended');
        const randomBytes = () => crypto.getRandomValues(new Uint8Array(16));
        const receiver = await composeReceiver({
          runtime: { now, random: Math.random, randomBytes, fetch: workerFetch, log, redactor },
          environment,
          routes: config.routes.map(compileRoute),
          settings,
          organization: config.organization,
          store,
          sandbox,
          startsSteady: true,
          wakeLater: (at) => this.#wakeUp.by(at),
        });
        receiver.start();
        this.#receiver = receiver;
        if (nextWorkAt(this.#driver, { watchesRuns: this.#watchesRuns }) !== undefined) this.#wakeUp.soon();
      } catch (error) {
        this.#log.error({ error: messageOf(error) }, 'the receiver of this source could not start');
      }
    }
  };
}

/** The runtime's own, which insists on being called as a function of nothing. */
const workerFetch: typeof fetch = (input, init) => fetch(input, init);

/** Waits for `work`, but not longer. */
async function within(milliseconds: number, work: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, milliseconds);
  });
  await Promise.race([work, limit]);
  clearTimeout(timer);
}
