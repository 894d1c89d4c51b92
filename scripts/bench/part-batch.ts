import { type Figure, figureOf } from './figures.ts';
import { inRounds, measureLoad } from './measure.ts';
import type { Bench } from './part.ts';
import { startMode } from './servers.ts';
import type { BenchMode } from './setup.ts';
import { ratios } from './statistics.ts';
import { acceptedPerSecond } from './store-alone.ts';

const CONNECTIONS = 32;

/** What one commit for many requests gives, and what storing costs beside the same app without a store. */
export async function batchPart(bench: Bench): Promise<Figure[]> {
  const { folder, rounds, seconds } = bench;
  const durableBeside = async (other: BenchMode): Promise<number[]> => {
    bench.progress(`batch: as shipped beside ${other}`);
    const measured = await inRounds(rounds, { a: () => startMode('durable', folder), b: () => startMode(other, folder) }, (server) =>
      measureLoad(server, { connections: CONNECTIONS, seconds }),
    );
    return ratios(measured, (sample) => sample.perSecond);
  };
  const alone: number[] = [];
  for (let round = 0; round < rounds; round++) {
    bench.progress('batch: the store alone');
    alone.push((await acceptedPerSecond(folder, CONNECTIONS)) / (await acceptedPerSecond(folder, 1)));
  }
  const part = 'batch';
  return [
    figureOf(
      { part, name: 'events/s, one commit for many requests ÷ one commit per request', unit: '' },
      await durableBeside('commit-each'),
    ),
    figureOf({ part, name: `events/s of the store alone, ${CONNECTIONS} to a commit ÷ one`, unit: '' }, alone),
    figureOf({ part, name: 'events/s, with a store ÷ the same app without one', unit: '' }, await durableBeside('no-store')),
  ];
}
