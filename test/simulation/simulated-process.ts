import { silentLogger } from '../../receiver/log/log.ts';
import { createOutbox, type Outbox } from '../../receiver/outbox/outbox.ts';
import type { Attempt, ClaimedDelivery, Settlement, Throttle } from '../../receiver/store/delivery.ts';
import type { SqlDriver } from '../../receiver/store/sqlite/driver.ts';
import { migrate } from '../../receiver/store/sqlite/schema.ts';
import type { Sending } from '../../receiver/store/sqlite/sending.ts';
import { sqliteStore } from '../../receiver/store/sqlite/sqlite-store.ts';
import type { ClaimOptions, Store } from '../../receiver/store/store.ts';
import type { Dice } from '../../scripts/torture/seeded.ts';
import { openMigrated } from '../stand-ins/sqlite-in-test.ts';
import { type ModelledGitHub, wait } from './modelled-github.ts';
import type { Rules } from './rules.ts';
import type { Trace } from './trace.ts';

export interface ProcessOptions {
  readonly name: string;
  readonly path: string;
  /** No other process works on the file: what is in flight when it starts is nobody's. */
  readonly isAlone: boolean;
  /** What one that is alone has in its memory. Several share it, as receivers share rows of PostgreSQL. */
  readonly sending: Sending;
  readonly dice: Dice;
  readonly github: ModelledGitHub;
  readonly rules: Rules;
  readonly trace: Trace;
  readonly now: () => number;
  readonly newToken: () => string;
  readonly isCalm: () => boolean;
  /** Called when it has crashed. */
  readonly crashed: () => void;
}

const RETRY = { firstDelayMs: 5_000, maxDelayMs: 60_000, settleMs: 5_000, retryForMs: 10 * 86_400_000 };
const PACE_MS = 200;
/** Of the moments before and after something happens, so many are a crash. */
const CRASH_CHANCE = 0.006;
/** The same for a look at the queue, which comes every second and mostly finds nothing. */
const IDLE_CRASH_CHANCE = 0.0002;
const IDLE_CALLS = ['claim', 'nextDueAt'];
/** Of all outcomes, so many are written down late: the process was frozen. */
const FREEZE_CHANCE = 0.03;
/** Longer than a lease, so that another attempt is under way meanwhile, or over. */
const LONGEST_FREEZE_MS = 300_000;
const THAW_CHECK_MS = 100;
export const DEDUPE_WINDOW_MS = 600_000;

/** A process with a store handle and an outbox of its own. After a crash it waits for ever for what it was about to do. */
export class SimulatedProcess {
  readonly #options: ProcessOptions;
  readonly #bare: Store;
  readonly #outbox: Outbox;
  #isDead = false;

  constructor(options: ProcessOptions) {
    this.#options = options;
    this.#bare = sqliteStore(openDatabase(options.path), options.sending);
    const { github, now, dice, newToken } = options;
    this.#outbox = createOutbox({
      queue: this.#watched(),
      targets: { repository_dispatch: github.targetFor((what) => this.boundary(what)) },
      retry: RETRY,
      paceMs: PACE_MS,
      now,
      random: () => dice.next(),
      newToken,
      redact: (text) => text,
      log: silentLogger,
      concurrency: 5,
    });
  }

  async start(): Promise<void> {
    const { isAlone, rules, now, trace, name } = this.#options;
    trace.add(`${name} starts`);
    if (isAlone) await rules.inTurn(async () => rules.recovered(await this.#bare.recoverInFlight(now())));
    this.#outbox.start();
  }

  get name(): string {
    return this.#options.name;
  }

  wake(): void {
    this.#outbox.wake();
  }

  /** Does something with the store, between two moments at which the process may end. */
  async call<Result>(what: string, work: (store: Store) => Promise<Result>): Promise<Result> {
    const chance = IDLE_CALLS.includes(what) ? IDLE_CRASH_CHANCE : CRASH_CHANCE;
    await this.boundary(`before ${what}`, chance);
    const result = await this.#options.rules.inTurn(() => work(this.#bare));
    await this.boundary(`after ${what}`, chance);
    return result;
  }

  /** A moment at which the process may end: then this never resolves. */
  boundary(what: string, chance = CRASH_CHANCE): Promise<void> {
    const { dice, isCalm } = this.#options;
    if (!this.#isDead && !isCalm() && dice.chance(chance)) this.crash(what);
    return this.#isDead ? new Promise(() => undefined) : Promise.resolve();
  }

  crash(what: string): void {
    if (this.#isDead) return;
    this.#isDead = true;
    this.#options.trace.add(`${this.name} crashes: ${what}`);
    this.#options.crashed();
  }

  /** Closes the file. */
  async close(): Promise<void> {
    this.#isDead = true;
    await this.#bare.close();
  }

  /** The store, with the rules held against every call of the outbox. */
  #watched(): Store {
    const { rules, trace } = this.#options;
    const claim = (claimOptions: ClaimOptions) =>
      this.call('claim', async (store) => {
        const claims = await store.claim(claimOptions);
        if (claims.length > 0) trace.add(`${this.name} claims ${claims.map(({ id }) => id).join(', ')}`);
        await rules.claimed(claims, claimOptions.leaseMs, claimOptions.paceMs);
        return claims;
      });
    const settle = async (
      lease: Pick<ClaimedDelivery, 'id' | 'leaseToken' | 'request'>,
      attempt: Attempt,
      settlement: Settlement,
      throttle?: Throttle,
    ) => {
      const now = attempt.startedAt + attempt.durationMs;
      const call = { claim: lease, settlement, throttle, now, calledAt: rules.moment() };
      await this.#freeze(lease);
      return this.call('settle', async (store) => {
        const isMine = await store.settle(lease, attempt, settlement, throttle);
        trace.add(`${this.name} settles ${lease.id}: ${attempt.outcome}${isMine ? '' : ', too late'}`);
        await rules.settled(call, isMine);
        return isMine;
      });
    };
    return new Proxy(this.#bare, {
      get: (store, name: keyof Store) => {
        if (name === 'claim') return claim;
        if (name === 'settle') return settle;
        const method = store[name];
        if (typeof method !== 'function') return method;
        return (...given: unknown[]) => this.call(name, () => (method as (...given: unknown[]) => Promise<unknown>)(...given));
      },
    });
  }

  /** Half of the time until the worst moment: another lease of the same delivery is running. */
  async #freeze({ id, leaseToken }: Pick<ClaimedDelivery, 'id' | 'leaseToken'>): Promise<void> {
    const { dice, isCalm, trace, rules } = this.#options;
    if (isCalm() || !dice.chance(FREEZE_CHANCE)) return;
    trace.add(`${this.name} is frozen before it settles ${id}`);
    const isUnlucky = dice.chance(0.5);
    const until = Date.now() + dice.between(1_000, LONGEST_FREEZE_MS);
    while (Date.now() < until && !(isUnlucky && rules.isLeasedByAnother(id, leaseToken))) await wait(THAW_CHECK_MS);
  }
}

/** The real store on the real file. What a power cut does is not simulated, so nothing waits for the disk. */
export function openDatabase(path: string): SqlDriver {
  const driver = openMigrated(path);
  driver.rows('PRAGMA synchronous = OFF');
  migrate(driver);
  return driver;
}
