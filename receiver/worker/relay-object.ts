import { DurableObject, type ObjectState } from 'cloudflare:workers';
import type { Config } from '../../src/config.ts';
import { messageOf } from '../../src/error-message.ts';
import { redactorOf } from '../../src/redact.ts';
import { compileRoute } from '../../src/route.ts';
import { githubTargets, sandboxTargets } from '../github/targets.ts';
import type { Logger } from '../log.ts';
import type { SqlDriver } from '../outbox/sqlite/driver.ts';
import { nextWorkAt } from '../outbox/sqlite/next-work.ts';
import { objectDriver } from '../outbox/sqlite/object-driver.ts';
import { claimPurpose } from '../outbox/sqlite/schema.ts';
import { sqliteStore } from '../outbox/sqlite/sqlite-store.ts';
import { createReceiver, type Receiver } from '../receiver.ts';
import { consoleLogger } from './console-log.ts';
import { type Setup, setUp } from './setup.ts';
import { unavailable } from './unavailable.ts';
import { type WakeUp, wakeUp } from './wake-up.ts';

/** An alarm waits for what it has begun to send at most so long; the rest goes on without it. Milliseconds. */
const ALARM_LIMIT_MS = 90_000;
/** Nothing watches runs on Workers yet: see `extensionsOf`. */
const WATCHES_RUNS = false;

/**
 * One source's receiver: the same HTTP and the same outbox as everywhere, over the database of a Durable Object.
 *
 * An object may end at any moment and begins anew with the next request or alarm. While there is something to do an alarm
 * is set, never further ahead than a minute.
 */
export function relayObject(config: Config, now: () => number) {
  return class RelayObject extends DurableObject<Readonly<Record<string, unknown>>> {
    readonly #driver: SqlDriver;
    readonly #wakeUp: WakeUp;
    #log: Logger = consoleLogger(console, (line) => line, now);
    #receiver: Receiver | undefined;

    constructor(ctx: ObjectState, env: Readonly<Record<string, unknown>>) {
      super(ctx, env);
      this.#wakeUp = wakeUp(ctx.storage, now, (error) => this.#log.error({ error: messageOf(error) }, 'the alarm could not be set'));
      this.#driver = objectDriver(ctx.storage, () => this.#wakeUp.soon());
      // It must not throw: an alarm whose object does not come up six times is gone for good.
      ctx.blockConcurrencyWhile(() => this.#start());
    }

    override async fetch(request: Request): Promise<Response> {
      if (this.#receiver === undefined) await this.ctx.blockConcurrencyWhile(() => this.#start());
      return (await this.#receiver?.app.fetch(request)) ?? unavailable();
    }

    override async alarm(): Promise<void> {
      try {
        await this.#wakeUp.rung();
        if (this.#receiver === undefined) await this.ctx.blockConcurrencyWhile(() => this.#start());
        if (this.#receiver === undefined) return;
        await within(ALARM_LIMIT_MS, this.#receiver.settle());
        await this.#wakeUp.settle(nextWorkAt(this.#driver, { watchesRuns: WATCHES_RUNS }));
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
        const redactor = redactorOf(setup.value.environment.secrets);
        this.#log = consoleLogger(console, redactor.text, now);
        await this.#wakeUp.load();
        const store = sqliteStore(this.#driver);
        claimPurpose(this.#driver, setup.value.sandbox ? 'sandbox' : 'live');
        const recovered = await store.recoverInFlight(now());
        if (recovered > 0) this.#log.warn({ deliveries: recovered }, 'took up what was in flight when the object last ended');
        const receiver = createReceiver({
          store,
          routes: config.routes.map(compileRoute),
          settings: setup.value.settings,
          authentication: setup.value.environment.authentication,
          adminToken: setup.value.environment.adminToken,
          ...(await connectionsOf(setup.value, this.#log, now)),
          wakeLater: (at) => this.#wakeUp.by(at),
          redactor,
          log: this.#log,
          now,
          random: Math.random,
          randomBytes: () => crypto.getRandomValues(new Uint8Array(16)),
        });
        receiver.start();
        this.#receiver = receiver;
        if (nextWorkAt(this.#driver, { watchesRuns: WATCHES_RUNS }) !== undefined) this.#wakeUp.soon();
      } catch (error) {
        this.#log.error({ error: messageOf(error) }, 'the receiver of this source could not be started');
      }
    }
  };
}

/** Where deliveries go. Slack's target, its app, the watch over runs and W&B's API belong here, as in `serve`. */
async function connectionsOf({ environment, sandbox }: Setup, log: Logger, now: () => number) {
  if (sandbox) return sandboxTargets(log, environment.githubApiUrl);
  // As a method of nothing: the runtime's fetch insists on it.
  return githubTargets(environment, { fetch: (input, init) => fetch(input, init), now });
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
