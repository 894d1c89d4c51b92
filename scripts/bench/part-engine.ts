import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import type { EngineAlone } from './engine-alone.ts';
import { type Figure, figureOf } from './figures.ts';
import type { Bench } from './part.ts';

/** What one evaluation may hold, and what it may save. KB. */
const MOST_KB = 2;

/** The evaluation of run automations: points a second through one threshold, and the memory of one evaluation. */
export async function enginePart(bench: Bench): Promise<Figure[]> {
  const rounds: EngineAlone['round'][] = [];
  let memory: EngineAlone['memory'] = [];
  // A process for each round: what V8 makes of a loop differs between processes, by a factor of four for the sums.
  for (let round = 1; round <= bench.rounds; round += 1) {
    bench.progress(`engine, round ${round} of ${bench.rounds}`);
    const alone = measureAlone();
    rounds.push(alone.round);
    memory = alone.memory;
  }
  const part = 'engine';
  const ratio = (name: string, top: 'live' | 'history' | 'firings', bottom: 'sums' | 'indexedSums', target?: Figure['target']) =>
    figureOf(
      { part, name, unit: '', ...(target && { target }) },
      rounds.map((round) => round[top] / round[bottom]),
    );
  return [
    ratio('points through one threshold, firings of a history ÷ sum of the numbers', 'firings', 'sums', { atLeast: 0.2 }),
    ratio('the same with nearest misses ÷ sum', 'history', 'sums'),
    ratio('live, point by point ÷ sum', 'live', 'sums'),
    ratio('firings of a history ÷ sum in a loop with an index', 'firings', 'indexedSums'),
    ratio('live, point by point ÷ sum in a loop with an index', 'live', 'indexedSums'),
    ...(['firings', 'history', 'live', 'sums', 'indexedSums'] as const).map((name) =>
      figureOf(
        { part, name: `${LABELS[name]}, a second`, unit: '/s' },
        rounds.map((round) => round[name]),
      ),
    ),
    ...memory.flatMap(({ what, heapBytes, savedBytes }): Figure[] => [
      { part, name: `memory of one evaluation, ${what}`, unit: 'KB', measured: heapBytes / 1024, target: { below: MOST_KB } },
      { part, name: `saved, ${what}`, unit: 'KB', measured: savedBytes / 1024, target: { below: MOST_KB } },
    ]),
  ];
}

const LABELS = {
  firings: 'points, firings of a history',
  history: 'points, with nearest misses',
  live: 'points, live',
  sums: 'numbers summed',
  indexedSums: 'numbers summed with an index',
} as const;

function measureAlone(): EngineAlone {
  const output = execFileSync(process.execPath, ['--expose-gc', join(import.meta.dirname, 'engine-alone.ts')], { encoding: 'utf8' });
  return JSON.parse(output) as EngineAlone;
}
