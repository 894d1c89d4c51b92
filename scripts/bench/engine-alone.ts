import { performance } from 'node:perf_hooks';
import type { Evaluation } from '../../src/engine/evaluation.ts';
import { evaluateHistory } from '../../src/engine/history.ts';
import type { MetricCondition, Rule } from '../../src/engine/rule.ts';
import type { Point, RunSnapshot } from '../../src/engine/run.ts';
import { startEvaluation } from '../../src/engine/start-evaluation.ts';

/**
 * The evaluation alone, in a process of its own with `--expose-gc`: how fast points pass one threshold that they do not reach,
 * beside the sum of the same numbers; and what one evaluation holds. Prints JSON. Run by `npm run bench -- --only engine`.
 */

/** What this process prints. */
export interface EngineAlone {
  /** Each a second. */
  readonly round: {
    readonly live: number;
    readonly history: number;
    readonly firings: number;
    readonly sums: number;
    readonly indexedSums: number;
  };
  readonly memory: readonly { readonly what: string; readonly heapBytes: number; readonly savedBytes: number }[];
}

/** Some pages of a history: they stay in the processor's cache, as a page does that has just been read. */
const POINTS = 20_000;
const TURNS = 100;
const EVALUATIONS = 10_000;
const WINDOW = 50;
const threshold = { metric: 'loss', kind: 'threshold', aggregate: 'average', window: WINDOW, comparison: 'above', threshold: 8 } as const;

const MEASURED: readonly (readonly [string, MetricCondition])[] = [
  ['threshold, average of 50', threshold],
  ['threshold, least of 50', { ...threshold, aggregate: 'min' }],
  [
    'change, averages of 10 and 50',
    {
      metric: 'loss',
      kind: 'change',
      aggregate: 'average',
      window: 10,
      priorWindow: WINDOW,
      comparison: 'increases_by',
      amount: { kind: 'relative', fraction: 0.25 },
    },
  ],
  ['z-score, 50 values', { metric: 'loss', kind: 'zscore', window: WINDOW, threshold: 3, direction: 'either', over: 'values' }],
  ['stall, 50 values', { metric: 'loss', kind: 'stall', window: WINDOW, lessThan: { kind: 'relative', fraction: 0.01 } }],
];

function ruleOf(condition: MetricCondition): Rule {
  return {
    key: 'bench',
    version: '0123456789abcdef',
    name: 'bench',
    type: 'run_metric',
    engine: 'relay',
    entity: 'acme',
    project: 'vision',
    runs: undefined,
    condition,
    refireMs: 86_400_000,
    forPoints: 1,
    resolve: false,
    dryRun: false,
  };
}

const numbers = Array.from({ length: POINTS }, (_, index) => 4 + 3.9 * Math.sin(index / 100) + (index % 7) / 100);
const points: Point[] = numbers.map((value, index) => ({ metric: 'loss', x: index, at: 1_790_000_000_000 + index * 1000, value }));
const run: RunSnapshot = {
  id: '',
  name: 'bench',
  displayName: 'bench',
  state: 'finished',
  createdAt: 0,
  heartbeatAt: 0,
  username: undefined,
  userName: undefined,
  tags: [],
  group: undefined,
  jobType: undefined,
  sweep: undefined,
  lastStep: POINTS,
  loggedMetrics: new Set(['loss']),
  summary: {},
};
const LIVE = { fill: false, now: 1_900_000_000_000 };

function sumOf(values: readonly number[]): number {
  let sum = 0;
  for (const value of values) sum += value;
  return sum;
}

/** The same with an index, which V8 makes some ten times faster. */
function indexedSumOf(values: readonly number[]): number {
  let sum = 0;
  for (let index = 0; index < values.length; index += 1) sum += values[index] ?? 0;
  return sum;
}

function evaluate(evaluation: Evaluation, all: readonly Point[]): number {
  let firings = 0;
  for (const point of all) firings += evaluation.add(point, LIVE).length;
  return firings;
}

/** The best of some turns: what disturbs a turn only makes it longer. */
function perSecond(turn: () => number): number {
  let best = Number.POSITIVE_INFINITY;
  for (let count = 0; count < TURNS; count += 1) {
    const begin = performance.now();
    const result = turn();
    best = Math.min(best, performance.now() - begin);
    if (!Number.isFinite(result)) throw new Error('not a number');
  }
  return POINTS / (best / 1000);
}

function collectedBytes(): number {
  for (let count = 0; count < 4; count += 1) globalThis.gc?.();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

function memoryOf(condition: MetricCondition): { heapBytes: number; savedBytes: number } {
  const rule = ruleOf(condition);
  const some = points.slice(0, 3 * WINDOW);
  const before = collectedBytes();
  const evaluations = Array.from({ length: EVALUATIONS }, () => {
    const evaluation = startEvaluation(rule);
    for (const point of some) evaluation.add(point, LIVE);
    return evaluation;
  });
  const heapBytes = (collectedBytes() - before) / EVALUATIONS;
  return { heapBytes, savedBytes: Buffer.byteLength(JSON.stringify(evaluations[0]?.save())) };
}

const round = {
  live: perSecond(() => evaluate(startEvaluation(ruleOf(threshold)), points)),
  history: perSecond(() => evaluateHistory(ruleOf(threshold), { run, points }).points),
  firings: perSecond(() => evaluateHistory(ruleOf(threshold), { run, points, onlyFirings: true }).points),
  sums: perSecond(() => sumOf(numbers)),
  indexedSums: perSecond(() => indexedSumOf(numbers)),
};
const memory = MEASURED.map(([what, condition]) => ({ what, ...memoryOf(condition) }));
console.log(JSON.stringify({ round, memory } satisfies EngineAlone));
