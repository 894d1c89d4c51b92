import { sleep } from './client.ts';
import { type Figure, figureOf } from './figures.ts';
import { measureLoad } from './measure.ts';
import type { Bench } from './part.ts';
import { startBare, startRelay } from './servers.ts';
import { ratios } from './statistics.ts';

const STARTS = 5;
/** Memory is at rest so long after the start. */
const REST_MS = 5_000;

/** From the start of the process to its first answer, and memory: at rest, and the peak under load. */
export async function startPart(bench: Bench): Promise<Figure[]> {
  const { folder, target, seconds, short } = bench;
  const startOnce = async (start: () => ReturnType<typeof startBare>): Promise<number> => {
    const server = await start();
    await server.stop();
    return server.readyMs;
  };
  const relay = () => startRelay({ folder, name: 'start', githubUrl: target.url });
  const rounds: { a: number[]; b: number[] }[] = [];
  for (let round = 0; round < (short ? 2 : STARTS); round++) {
    bench.progress(`start, round ${round + 1}`);
    rounds.push({ a: [await startOnce(relay)], b: [await startOnce(() => startBare(folder))] });
  }
  const memory = { rest: [] as number[], peak: [] as number[], bareRest: [] as number[], barePeak: [] as number[] };
  for (let round = 0; round < bench.rounds; round++) {
    bench.progress(`memory, round ${round + 1} of ${bench.rounds}`);
    for (const which of ['relay', 'bare'] as const) {
      const server = await (which === 'relay' ? relay() : startBare(folder));
      try {
        await sleep(short ? 500 : REST_MS);
        memory[which === 'relay' ? 'rest' : 'bareRest'].push(server.usage().residentMb);
        for (const connections of [32, 128]) await measureLoad(server, { connections, seconds });
        memory[which === 'relay' ? 'peak' : 'barePeak'].push(server.usage().peakMb);
      } finally {
        await server.stop();
      }
    }
  }
  const part = 'start';
  const times = (side: 'a' | 'b') => rounds.flatMap((round) => round[side]);
  return [
    figureOf(
      { part, name: 'start to ready, relay ÷ bare app', unit: '', target: { atMost: 3 } },
      ratios(rounds, (ms) => ms),
    ),
    figureOf({ part, name: 'start to ready, relay', unit: 'ms' }, times('a')),
    figureOf({ part, name: 'start to ready, bare app', unit: 'ms' }, times('b')),
    figureOf({ part, name: 'memory at rest, relay', unit: 'MB', target: { below: 95 } }, memory.rest),
    figureOf({ part, name: 'memory at rest, bare app', unit: 'MB' }, memory.bareRest),
    figureOf({ part, name: 'peak memory under load, relay', unit: 'MB', target: { below: 150 } }, memory.peak),
    figureOf({ part, name: 'peak memory under load, bare app', unit: 'MB' }, memory.barePeak),
  ];
}
