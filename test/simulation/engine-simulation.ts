import { randomUUID } from 'node:crypto';
import { planFirings } from '../../receiver/engine/plan-firings.ts';
import { watchedRule } from '../../receiver/engine/watched-rule.ts';
import { createWatcher, type Watcher } from '../../receiver/engine/watcher.ts';
import { silentLogger } from '../../receiver/log/log.ts';
import { sqliteStore } from '../../receiver/store/sqlite/sqlite-store.ts';
import type { Store } from '../../receiver/store/store.ts';
import { type RunScript, type RunStep, scriptsFor } from '../../scripts/torture/engine/scenario.ts';
import { config, firingName, Truth } from '../../scripts/torture/engine/truth.ts';
import { type Dice, seeded } from '../../scripts/torture/seeded.ts';
import { compileRules } from '../../src/engine/compile.ts';
import type { RunReader } from '../../src/engine/run-reader.ts';
import { startEvaluation } from '../../src/engine/start-evaluation.ts';
import { isJsonObject } from '../../src/lib/json.ts';
import { redactorOf } from '../../src/lib/redact.ts';
import { compileRoute } from '../../src/route/route.ts';
import { indexRoutes } from '../../src/route/route-index.ts';
import { type FakeRun, FakeWandb } from '../receiver/engine/fake-wandb.ts';
import { openMigrated } from '../stand-ins/sqlite-in-test.ts';

const SECOND = 1_000;
const PROJECT = 'acme/train';
/** More rounds than this mean that something is never read. */
const MOST_TICKS = 6_000;

/** A watcher that can die, or stand still, at each step that it takes. */
interface Mortal {
  readonly watcher: Watcher;
  isDead: boolean;
  /** Until then nothing of it goes on. */
  frozenUntil: number;
}

export interface SimulatedAccount {
  readonly expected: readonly string[];
  readonly fired: readonly string[];
  readonly deaths: number;
  readonly freezes: number;
  readonly lostAnswers: number;
}

/** Several watchers on one store, in one process, by one clock; all that happens comes from the seed. */
export class EngineSimulation {
  private now = Date.UTC(2026, 10, 27, 8, 0, 0);
  private readonly dice: Dice;
  private readonly store: Store = sqliteStore(openMigrated());
  private readonly wandb = new FakeWandb(() => this.now);
  private readonly mortals: Mortal[] = [];
  private readonly isWild: () => boolean;
  private calm = false;
  private isOver = false;
  private counts = { deaths: 0, freezes: 0, lostAnswers: 0 };

  constructor(seed: number, watchers: number) {
    this.dice = seeded(seed);
    this.isWild = () => !this.calm;
    for (let i = 0; i < watchers; i++) this.mortals.push(this.born());
    this.wandb.trouble = () => {
      this.wandb.mostSteps = this.isWild() && this.dice.chance(0.3) ? this.dice.between(0, 4) : Number.POSITIVE_INFINITY;
      return this.isWild() && this.dice.chance(0.1) ? { kind: 'unavailable', message: 'W&B: 502' } : undefined;
    };
  }

  async run(runs: number, parts: number): Promise<SimulatedAccount> {
    this.calm = true;
    await this.tick();
    this.calm = false;
    const players = scriptsFor(this.dice.fork('runs'), runs, parts).map((script) => new Player(script, this.wandb, () => this.now));
    for (let ticks = 0; players.some((player) => !player.isDone); ticks++) {
      if (ticks > MOST_TICKS) throw new Error('something is never read');
      for (const player of players) if (this.dice.chance(0.4)) await player.next((run) => this.isEvaluated(run));
      await this.tick();
    }
    this.calm = true;
    for (let i = 0; i < 60; i++) await this.tick();
    const events = await this.store.events({ limit: 100_000 });
    this.isOver = true;
    await Promise.all(this.mortals.filter(({ isDead }) => !isDead).map(({ watcher }) => watcher.stop()));
    await this.store.close();
    return {
      expected: players.flatMap(({ truth }) => truth.fired).toSorted(),
      fired: events.map(({ event }) => firingName(event.automation, event.run, event.step ?? event.status)).toSorted(),
      ...this.counts,
    };
  }

  /** Some seconds pass; who is due works, as far as it lives. */
  private async tick(): Promise<void> {
    this.now += this.dice.between(1, 9) * SECOND;
    for (const [i, mortal] of this.mortals.entries()) if (mortal.isDead) this.mortals[i] = this.born();
    for (const { watcher } of this.mortals) void watcher.runOnce();
    // Each of them takes as many steps as there are.
    for (let i = 0; i < 25; i++) await new Promise((resolve) => setImmediate(resolve));
  }

  private born(): Mortal {
    const mortal: { -readonly [K in keyof Mortal]?: Mortal[K] } & { isDead: boolean; frozenUntil: number } = {
      isDead: false,
      frozenUntil: 0,
    };
    const { routes, automations, entity } = config();
    const plan = {
      matchRoutes: indexRoutes(routes.map(compileRoute)),
      credentialFor: () => 'github',
      newId: randomUUID,
      connected: { slack: false, wandb: false },
    };
    const now = () => this.now;
    const watcher = createWatcher({
      store: this.storeOf(mortal),
      reader: this.readerOf(mortal),
      rules: compileRules(automations, entity).map((rule) => watchedRule(rule, { matches: () => true, server: undefined, fields: [] })),
      startEvaluation,
      plan: planFirings({ plan, appUrl: 'https://wandb.example', now, redactor: redactorOf([]) }),
      wake: () => undefined,
      now,
      random: this.dice.next,
      log: silentLogger,
      newId: randomUUID,
      keepMs: 90 * 86_400 * SECOND,
    });
    return Object.assign(mortal, { watcher });
  }

  /** Before each step: it may die, and then nothing of it ever goes on; or stand still for longer than its lease. */
  private async step(mortal: { isDead: boolean; frozenUntil: number }): Promise<void> {
    const fate = this.isWild() ? this.dice.next() : 1;
    if (fate < 0.02) {
      mortal.isDead = true;
      this.counts.deaths += 1;
    } else if (fate < 0.04) {
      mortal.frozenUntil = this.now + this.dice.between(5, 60) * SECOND;
      this.counts.freezes += 1;
    }
    while (mortal.isDead || mortal.frozenUntil > this.now) {
      if (mortal.isDead || this.isOver) await new Promise(() => undefined);
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  private storeOf(mortal: { isDead: boolean; frozenUntil: number }): Store {
    const { store } = this;
    return {
      ...store,
      leaseProject: async (...given) => {
        await this.step(mortal);
        return store.leaseProject(...given);
      },
      engineProject: async (...given) => {
        await this.step(mortal);
        return store.engineProject(...given);
      },
      engineRuns: async (...given) => {
        await this.step(mortal);
        return store.engineRuns(...given);
      },
      advanceEngine: async (...given) => {
        await this.step(mortal);
        const accepted = await store.advanceEngine(...given);
        await this.step(mortal);
        if (!this.isWild() || !this.dice.chance(0.05)) return accepted;
        this.counts.lostAnswers += 1;
        throw new Error('the answer of the commit was lost');
      },
    };
  }

  private readerOf(mortal: { isDead: boolean; frozenUntil: number }): RunReader {
    const { wandb } = this;
    return {
      projects: (...given) => wandb.projects(...given),
      runsSince: async (...given) => {
        await this.step(mortal);
        return wandb.runsSince(...given);
      },
      runsNamed: async (...given) => {
        await this.step(mortal);
        return wandb.runsNamed(...given);
      },
      points: async (...given) => {
        const answer = await wandb.points(...given);
        await this.step(mortal);
        return answer;
      },
      metricNames: () => wandb.metricNames(),
      stop: () => wandb.stop(),
      quota: () => undefined,
      requests: 0,
    };
  }

  private async isEvaluated({ snapshot }: FakeRun): Promise<boolean> {
    const [memory] = await this.store.engineRuns(PROJECT, [snapshot.name]);
    const lastStep = snapshot.lastStep ?? -1;
    if (memory === undefined || memory.state.state !== snapshot.state || memory.state.lastStep !== lastStep) return false;
    const rules = isJsonObject(memory.state.rules) ? Object.values(memory.state.rules) : [];
    return rules.length > 0 && rules.every((rule) => isJsonObject(rule) && typeof rule.step === 'number' && rule.step >= lastStep);
  }
}

/** What happens to one run, step by step, and what must fire. */
class Player {
  readonly truth: Truth;
  private readonly script: RunScript;
  private readonly wandb: FakeWandb;
  private readonly clock: () => number;
  private run: FakeRun | undefined;
  private at = 0;

  constructor(script: RunScript, wandb: FakeWandb, clock: () => number) {
    this.script = script;
    this.truth = new Truth(script.name);
    this.wandb = wandb;
    this.clock = clock;
  }

  get isDone(): boolean {
    return this.at >= this.script.steps.length;
  }

  /** The next step, when what it would hide has been seen. */
  async next(isEvaluated: (run: FakeRun) => Promise<boolean>): Promise<void> {
    const step = this.script.steps[this.at];
    if (step === undefined) return;
    if (this.run === undefined) {
      this.run = this.wandb.run(this.script.name);
      this.truth.state('running');
    }
    const before = this.script.steps[this.at - 1]?.do;
    const hides = step.do === 'resume' || step.do === 'rewind' || before === 'resume' || before === 'rewind';
    if (hides && !(await isEvaluated(this.run))) return;
    this.at += 1;
    this.take(step, this.run);
  }

  private take(step: RunStep, run: FakeRun): void {
    switch (step.do) {
      case 'log':
        for (const value of step.values) {
          run.log('loss', value);
          const point = run.points.at(-1);
          if (point !== undefined) {
            // Rows of one moment: each a little later, as they are logged.
            const later = { ...point, at: this.clock() - 1_000 + point.x };
            run.points[run.points.length - 1] = later;
            this.truth.log(later);
          }
        }
        return;
      case 'rewind':
        run.rewind(step.rows - 1);
        this.truth.rewind(step.rows);
        return;
      case 'end':
        if (step.state === 'finished' || step.state === 'failed') run.set({ state: step.state });
        else run.become(step.state);
        this.truth.state(step.state);
        return;
      case 'resume':
        run.set({ state: 'running' });
        this.truth.state('running');
    }
  }
}
