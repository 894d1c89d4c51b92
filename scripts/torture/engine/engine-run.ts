import { setTimeout as sleep } from 'node:timers/promises';
import type { Store } from '../../../receiver/store/store.ts';
import { isJsonObject } from '../../../src/lib/json.ts';
import type { MisbehaviourKind } from '../../../test/stand-ins/wandb-misbehaviour.ts';
import { type LiveRun, liveRun } from '../../../test/stand-ins/wandb-runs.ts';
import { startWandb, type WandbStandIn } from '../../../test/stand-ins/wandb-server.ts';
import type { Dice } from '../seeded.ts';
import { type RunScript, type RunStep, scriptsFor } from './scenario.ts';
import { firingName, Truth } from './truth.ts';
import { Watchers } from './watchers.ts';

export interface EngineRunOptions {
  readonly dice: Dice;
  /** DATABASE_URL of the watchers. */
  readonly databaseUrl: string;
  /** The same store, read from here. */
  readonly store: Pick<Store, 'events' | 'engineRuns' | 'engineProject'>;
  readonly watchers: number;
  readonly runs: number;
  /** So many times each run logs a few rows. */
  readonly parts: number;
  /** Between two disturbances, at most; milliseconds. */
  readonly pauseMs: number;
  /** Longest time for all of it; milliseconds. */
  readonly limitMs: number;
}

export interface EngineAccount {
  /** What did not fire, and what fired although it should not, or once too often. */
  readonly missing: readonly string[];
  readonly surplus: readonly string[];
  readonly fired: number;
  readonly kills: number;
  readonly stops: number;
  readonly freezes: number;
  readonly faults: number;
  /** Of the watchers, when something is wrong. */
  readonly complaints: readonly string[];
}

const PROJECT = 'acme/train';
const FAULTS: readonly MisbehaviourKind[] = [
  'reset',
  '502',
  'html',
  'cut',
  'cut-connection',
  'empty-pages',
  'repeated-runs',
  'fewer-specs',
  'no-history',
  'repeated-rows',
  'mixed-rows',
  'late-rows',
];
const POLL_MS = 25;
/** How long it is looked for what fires too late or too often. */
const SETTLE_MS = 700;

/** Runs go on at a W&B that misbehaves while those that watch them are killed; then everything that fired is counted. */
export async function engineRun(options: EngineRunOptions): Promise<EngineAccount> {
  const { dice, store, databaseUrl, limitMs } = options;
  const until = Date.now() + limitMs;
  const wandb = await startWandb();
  const watchers = new Watchers(options.watchers, {
    PATH: process.env.PATH,
    NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE,
    DATABASE_URL: databaseUrl,
    WANDB_API_KEY: wandb.apiKey,
    WANDB_BASE_URL: wandb.url,
    GITHUB_TOKEN: 'a-token-that-nobody-uses',
  });
  try {
    await watchers.start();
    // What is there before the first look never fires.
    await waitFor(async () => ((await store.engineProject(PROJECT, Date.now()))?.readAt ?? null) !== null, until, 'the first look');
    const chaos = new AbortController();
    let faults = 0;
    const disturbing = (async () => {
      const mood = dice.fork('chaos');
      while (!chaos.signal.aborted) {
        await sleep(mood.between(20, options.pauseMs));
        if (mood.chance(0.6)) {
          wandb.misbehave(mood.pick(FAULTS), { times: mood.between(1, 3) });
          faults += 1;
        } else await watchers.disturb(mood);
      }
    })();
    const played = scriptsFor(dice.fork('runs'), options.runs, options.parts).map((script) =>
      playRun(script, { wandb, store, dice: dice.fork(script.name), until }),
    );
    const truths = await Promise.all(played);
    chaos.abort();
    await disturbing;
    wandb.behave();
    const expected = truths.flatMap(({ fired }) => fired);
    await waitFor(async () => (await firedIn(store)).length >= expected.length, until, 'all that must fire').catch(() => undefined);
    await sleep(SETTLE_MS);
    const fired = await firedIn(store);
    const { kills, stops, freezes, complaints } = watchers;
    return {
      missing: without(expected, fired),
      surplus: without(fired, expected),
      fired: fired.length,
      kills,
      stops,
      freezes,
      faults,
      complaints,
    };
  } finally {
    await watchers.end();
    await wandb.close();
  }
}

interface Play {
  readonly wandb: WandbStandIn;
  readonly store: EngineRunOptions['store'];
  readonly dice: Dice;
  readonly until: number;
}

/** Lets everything happen to one run, and says what must fire. */
async function playRun({ name, steps }: RunScript, play: Play): Promise<Truth> {
  const { wandb, dice } = play;
  await sleep(dice.between(0, 300));
  const truth = new Truth(name);
  const run = liveRun(wandb.world, wandb.world.project('train'), name, { now: Date.now });
  // The rows' own clock: a minute behind, and even.
  let at = Date.parse(run.createdAt) - 60_000;
  truth.state('running');
  for (const step of steps) {
    await sleep(dice.between(5, 120));
    if (step.do === 'log') {
      for (const value of step.values) {
        at += 10;
        const x = run.lastStep < 0 ? 0 : run.lastStep + 1;
        run.log({ loss: value }, { timestamp: at / 1000 });
        truth.log({ metric: 'loss', x, at, value });
      }
    } else await change(step, run, truth, play);
  }
  return truth;
}

/** What would not be noticed if it came together with what follows is waited for. */
async function change(step: Exclude<RunStep, { do: 'log' }>, run: LiveRun, truth: Truth, play: Play): Promise<void> {
  if (step.do === 'end') {
    run.setState(step.state);
    truth.state(step.state);
    return;
  }
  await evaluated(run, play);
  if (step.do === 'resume') {
    run.resume();
    truth.state('running');
  } else {
    run.rewind(step.rows - 1);
    truth.rewind(step.rows);
  }
  await evaluated(run, play);
}

/** The watchers have seen the run as it is now. */
async function evaluated(run: LiveRun, { store, until }: Play): Promise<void> {
  const isSeen = async (): Promise<boolean> => {
    const [memory] = await store.engineRuns(PROJECT, [run.name]);
    if (memory === undefined || memory.state.state !== run.state || memory.state.lastStep !== run.lastStep) return false;
    const rules = isJsonObject(memory.state.rules) ? Object.values(memory.state.rules) : [];
    return rules.length > 0 && rules.every((rule) => isJsonObject(rule) && typeof rule.step === 'number' && rule.step >= run.lastStep);
  };
  await waitFor(isSeen, until, `${run.name}: ${run.state} at step ${run.lastStep}`);
}

async function firedIn(store: EngineRunOptions['store']): Promise<string[]> {
  const events = await store.events({ limit: 100_000 });
  return events.map(({ event }) => firingName(event.automation, event.run, event.step ?? event.status));
}

/** Of equal ones so many as are too many. */
function without(all: readonly string[], others: readonly string[]): string[] {
  const left = new Map<string, number>();
  for (const other of others) left.set(other, (left.get(other) ?? 0) + 1);
  return all.filter((one) => {
    const count = left.get(one) ?? 0;
    left.set(one, count - 1);
    return count <= 0;
  });
}

async function waitFor(check: () => Promise<boolean>, until: number, what: string): Promise<void> {
  while (!(await check())) {
    if (Date.now() >= until) throw new Error(`it took too long: ${what}`);
    await sleep(POLL_MS);
  }
}
