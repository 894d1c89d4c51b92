import { describe, expect, it } from 'vitest';
import type { RunReader } from '../../../src/engine/run-reader.ts';
import { createRunReader } from '../../../src/wandb/run-reader.ts';
import { testClient, wandbServer } from '../../stand-ins/wandb-in-test.ts';
import type { MisbehaviourKind } from '../../stand-ins/wandb-misbehaviour.ts';
import { type LoggedRow, stepOf, valueAt } from '../../stand-ins/wandb-rows.ts';
import { type LiveRun, liveRun } from '../../stand-ins/wandb-runs.ts';
import type { WandbStandIn } from '../../stand-ins/wandb-server.ts';
import { PROJECT } from './reader-in-test.ts';

/** A sequence of numbers from 0 to 1 that a seed determines (mulberry32). */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

const METRICS = ['loss', 'val/acc', 'deep.er.value', 'rare', 'never'];
const KINDS: readonly MisbehaviourKind[] = [
  ...(['reset', '502', '429', 'cut', 'cut-connection', 'html', 'empty-pages', 'repeated-runs', 'stuck-cursor'] as const),
  ...(['fewer-specs', 'no-history', 'repeated-rows', 'mixed-rows', 'late-rows', 'refused-filters', 'hang'] as const),
];

/** What a watcher keeps of a run. */
interface Watched {
  readUpTo: number;
  readonly points: Map<string, [number, number][]>;
}

/** Polls as a watcher does: runs by heartbeat and by name, then the new steps. Notes whatever comes twice or out of order. */
class Poller {
  readonly watched = new Map<string, Watched>();
  readonly faults: string[] = [];
  since = 0;

  readonly #reader: RunReader;

  constructor(reader: RunReader) {
    this.#reader = reader;
  }

  /** @returns whether all that the runs have was read */
  async poll(): Promise<boolean> {
    const signal = AbortSignal.timeout(60_000);
    const listed = await this.#reader.runsSince(PROJECT, { since: this.since, signal });
    if (!listed.ok) return false;
    const named = await this.#reader.runsNamed(PROJECT, [...this.watched.keys()], { signal });
    if (!named.ok) return false;
    const runs = new Map([...listed.value, ...named.value].map((run) => [run.name, run]));
    for (const { name, lastStep = -1 } of runs.values()) {
      const one = this.watched.get(name) ?? { readUpTo: -1, points: new Map() };
      this.watched.set(name, one);
      if (lastStep < one.readUpTo) rewind(one, lastStep);
    }
    const queries = [...runs.values()].flatMap(({ name, lastStep = -1 }) => {
      const afterStep = this.watched.get(name)?.readUpTo ?? -1;
      return lastStep > afterStep
        ? [{ run: name, metrics: METRICS, afterStep, upToStep: lastStep, systemAfter: 0, systemUpTo: Number.POSITIVE_INFINITY }]
        : [];
    });
    const answers = await this.#reader.points(PROJECT, queries, signal);
    if (!answers.ok) return false;
    for (const { run, points, readUpTo } of answers.value) {
      const one = this.watched.get(run);
      if (one === undefined) continue;
      for (const { metric, x, value } of points) this.#take(run, one, metric, x, value);
      one.readUpTo = readUpTo;
    }
    this.since = Math.max(this.since, ...listed.value.map(({ heartbeatAt }) => heartbeatAt));
    return queries.every(({ run, upToStep }) => this.watched.get(run)?.readUpTo === upToStep);
  }

  #take(run: string, one: Watched, metric: string, x: number, value: number): void {
    const known = one.points.get(metric) ?? [];
    one.points.set(metric, known);
    const last = known.at(-1)?.[0] ?? Number.NEGATIVE_INFINITY;
    if (x <= last) this.faults.push(`${run} ${metric}: step ${x} came after ${last}`);
    known.push([x, value]);
  }
}

function rewind(one: Watched, step: number): void {
  one.readUpTo = step;
  for (const [metric, points] of one.points) {
    one.points.set(
      metric,
      points.filter(([x]) => x <= step),
    );
  }
}

/** What a run has of a metric, each step once; of a step that was logged twice the latest counts. */
function truthOf(run: LiveRun, metric: string): [number, number][] {
  const values = new Map<number, number>();
  for (let i = 0; i < run.history.length; i++) {
    const row = run.history.at(i) ?? {};
    const value = valueAt(row, metric);
    if (typeof value === 'number') values.set(stepOf(row), value);
  }
  return [...values].sort(([a], [b]) => a - b);
}

function randomRow(random: () => number): LoggedRow {
  const value = () => {
    const die = random();
    if (die < 0.1) return Number.NaN;
    return die < 0.15 ? Number.NEGATIVE_INFINITY : die;
  };
  return {
    ...(random() < 0.8 ? { loss: value() } : {}),
    ...(random() < 0.3 ? { 'val/acc': value() } : {}),
    ...(random() < 0.3 ? { deep: { er: { value: value() } } } : {}),
    ...(random() < 0.03 ? { rare: value() } : {}),
    note: 'NaN',
  };
}

async function watchOneWorld(seed: number): Promise<void> {
  const random = randomFrom(seed);
  const whole = (below: number) => Math.floor(random() * below);
  const clock = { now: Date.parse('2026-03-01T12:00:00Z') };
  const server: WandbStandIn = await wandbServer({
    now: () => new Date(clock.now),
    ...(seed % 3 === 0 ? { lacks: ['sampledHistory', 'summaryMetrics(keys)'] } : {}),
  });
  const sleep = async (ms: number) => {
    clock.now += ms;
  };
  const { client } = testClient(server, { now: () => clock.now, timeoutMs: 100, sleep });
  const poller = new Poller(createRunReader({ client, now: () => clock.now }));
  const runs: LiveRun[] = [];
  const holdsBack = seed % 2 === 0;
  for (let action = 0; action < 60; action++) {
    clock.now += 1_000;
    const run = runs[whole(runs.length)];
    const die = random();
    if (run === undefined || die < 0.08) {
      runs.push(liveRun(server.world, server.world.project('train'), `r${runs.length}`, { now: () => clock.now, holdsBack }));
    } else if (die < 0.6) {
      for (let rows = whole(30); rows >= 0; rows--) {
        const gap = random() < 0.2 ? whole(3_000) : random() < 0.3 ? 0.25 : 1;
        const step = random() < 0.5 ? { step: Math.max(0, run.lastStep) + gap } : {};
        run.log(randomRow(random), { ...step, ...(random() < 0.02 ? { timestamp: null } : {}) });
      }
    } else if (die < 0.65) run.setState(['finished', 'failed', 'killed', 'crashed'][whole(4)] ?? 'finished');
    else if (die < 0.7) run.resume();
    else if (die < 0.75 && run.history.length > 0) run.repeat(stepOf(run.history.at(whole(run.history.length)) ?? {}));
    else if (die < 0.78) {
      run.rewind(Math.floor(run.lastStep / 2));
      server.behave();
      while (!(await poller.poll())) clock.now += 1_000;
    } else if (die < 0.9) server.misbehave(KINDS[whole(KINDS.length)] ?? 'reset', { times: 1 + whole(4) });
    else await poller.poll();
  }
  server.behave();
  while (!(await poller.poll())) clock.now += 15_000;
  expect(poller.faults).toEqual([]);
  for (const run of runs) {
    for (const metric of METRICS) {
      expect([run.name, metric, poller.watched.get(run.name)?.points.get(metric) ?? []]).toEqual([run.name, metric, truthOf(run, metric)]);
    }
  }
}

describe('whatever is logged, and however W&B answers', () => {
  it.each(Array.from({ length: 6 }, (_none, i) => i + 1))('nothing is lost and nothing comes twice (seed %d)', watchOneWorld);
});
