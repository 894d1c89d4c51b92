import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { type Figure, figureOf } from './figures.ts';
import { inRounds, type LoadSample, measureLoad } from './measure.ts';
import type { Bench } from './part.ts';
import { startBare, startRelay } from './servers.ts';
import { type Round, ratios } from './statistics.ts';

/**
 * What durable acceptance costs: the receiver as shipped beside the bare app. Its database is a file on disk that grows by
 * many times SQLite's checkpoint interval (1,000 pages, 4 MB) in each run, so the p99 holds checkpoints; how much was
 * written is printed.
 */
export async function acceptPart(bench: Bench): Promise<Figure[]> {
  const few = await beside(bench, 32);
  const many = await beside(bench, 128);
  bench.print(
    `the receivers' databases grew to ${megabytesOf(bench.folder, 'accept-')
      .map((size) => size.toFixed(0))
      .join(', ')} MB`,
  );
  return [...figuresOf(few, 32, true), ...figuresOf(many, 128, false)];
}

function beside(bench: Bench, connections: number): Promise<Round<LoadSample>[]> {
  const { folder, target, rounds, seconds } = bench;
  let turn = 0;
  return inRounds(
    rounds,
    { a: () => startRelay({ folder, name: 'accept', githubUrl: target.url }), b: () => startBare(folder) },
    (server, side) => {
      bench.progress(`accept, ${connections} connections, turn ${++turn} of ${rounds * 4}: ${side === 'a' ? 'relay' : 'bare app'}`);
      return measureLoad(server, { connections, seconds });
    },
  );
}

function figuresOf(rounds: readonly Round<LoadSample>[], connections: number, main: boolean): Figure[] {
  const at = `${connections} connections`;
  const part = 'accept';
  const all = (side: 'a' | 'b', value: (sample: LoadSample) => number) => rounds.flatMap((round) => round[side]).map(value);
  const target = { atMost: 3 };
  return [
    figureOf(
      { part, name: `events/s, relay ÷ bare app, ${at}`, unit: '', ...(main ? { target: { atLeast: 0.6 } } : {}) },
      ratios(rounds, (sample) => sample.perSecond),
    ),
    figureOf(
      { part, name: `p99, relay ÷ bare app, ${at}`, unit: '', target },
      ratios(rounds, (sample) => sample.p99),
    ),
    figureOf(
      { part, name: `server CPU an event, bare app ÷ relay, ${at}`, unit: '' },
      ratios(rounds, (sample) => sample.serverCpuUs).map((ratio) => 1 / ratio),
    ),
    figureOf(
      { part, name: `events/s until all are routed, relay ÷ bare app, ${at}`, unit: '' },
      ratios(rounds, (sample) => sample.wholePerSecond),
    ),
    figureOf(
      { part, name: `server CPU an event until all are routed, bare app ÷ relay, ${at}`, unit: '' },
      ratios(rounds, (sample) => sample.wholeCpuUs).map((ratio) => 1 / ratio),
    ),
    ...(['a', 'b'] as const).flatMap((side) => {
      const who = side === 'a' ? 'relay' : 'bare app';
      return [
        figureOf(
          { part, name: `${who}, ${at}`, unit: '/s' },
          all(side, (sample) => sample.perSecond),
        ),
        figureOf(
          { part, name: `${who}, p50, ${at}`, unit: 'ms' },
          all(side, (sample) => sample.p50),
        ),
        figureOf(
          { part, name: `${who}, p99, ${at}`, unit: 'ms' },
          all(side, (sample) => sample.p99),
        ),
        figureOf(
          { part, name: `${who}, server CPU an event, ${at}`, unit: 'µs' },
          all(side, (sample) => sample.serverCpuUs),
        ),
        figureOf(
          { part, name: `${who}, until all are routed, ${at}`, unit: '/s' },
          all(side, (sample) => sample.wholePerSecond),
        ),
        figureOf(
          { part, name: `${who}, server CPU an event until all are routed, ${at}`, unit: 'µs' },
          all(side, (sample) => sample.wholeCpuUs),
        ),
        figureOf(
          { part, name: `${who}, load generator's CPU ÷ server's, ${at}`, unit: '' },
          all(side, (sample) => sample.clientCpuUs / sample.serverCpuUs),
        ),
      ];
    }),
  ];
}

function megabytesOf(folder: string, prefix: string): number[] {
  const folders = readdirSync(folder).filter((name) => name.startsWith(prefix));
  return folders.map((name) => statSync(join(folder, name, 'relay.db')).size / 1e6);
}
