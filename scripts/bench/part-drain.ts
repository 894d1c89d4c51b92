import { sleep } from './client.ts';
import { type Figure, figureOf } from './figures.ts';
import type { Bench } from './part.ts';
import { startUnpaced, timesToLeave, warmUpSeconds } from './part-leaving.ts';

/**
 * What one event costs from beginning to end, at 100 events a second: the receiver's CPU time for accepting it, sending the
 * dispatch and settling it. What accepting leaves for later is in this figure; in the part `accept` it is not.
 */
export async function drainPart(bench: Bench): Promise<Figure[]> {
  const { folder, target, rounds, seconds, short } = bench;
  const costs: number[] = [];
  for (let round = 0; round < rounds; round++) {
    bench.progress(`drain, round ${round + 1} of ${rounds}`);
    const server = await startUnpaced({ folder, name: 'drain', githubUrl: target.url });
    try {
      await timesToLeave(server, target, warmUpSeconds(short));
      const before = server.usage().cpuUs;
      const times = await timesToLeave(server, target, seconds);
      // The last ones are settled.
      await sleep(short ? 100 : 500);
      costs.push((server.usage().cpuUs - before) / times.length);
    } finally {
      await server.stop();
    }
  }
  return [figureOf({ part: 'drain', name: 'server CPU an event, from acceptance to settlement, 100 events/s', unit: 'µs' }, costs)];
}
