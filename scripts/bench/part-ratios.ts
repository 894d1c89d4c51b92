import { type Figure, figureOf } from './figures.ts';
import { inRounds, type LoadSample, measureLoad } from './measure.ts';
import type { Bench } from './part.ts';
import { type RelayOptions, startRelay } from './servers.ts';
import { BENCH_CONFIG, manyRoutes } from './setup.ts';
import { type Round, ratios } from './statistics.ts';

const CONNECTIONS = 32;
const MANY_ROUTES = 1_000;

type Options = Pick<RelayOptions, 'databaseUrl' | 'config'>;

/** The receiver with one set of options beside the receiver with another one. */
export function relayBesideRelay(
  bench: Bench,
  part: string,
  a: () => Promise<Options>,
  b: () => Promise<Options>,
): Promise<Round<LoadSample>[]> {
  const { folder, target, rounds, seconds } = bench;
  const start = async (options: Promise<Options>) => startRelay({ folder, name: part, githubUrl: target.url, ...(await options) });
  let turn = 0;
  return inRounds(rounds, { a: () => start(a()), b: () => start(b()) }, (server) => {
    bench.progress(`${part}, turn ${++turn} of ${rounds * 4}`);
    return measureLoad(server, { connections: CONNECTIONS, seconds });
  });
}

/** The ratio of events a second, and that of CPU time in the same sense: below 1, the first one is slower. */
export function ratioFigures(part: string, name: string, rounds: readonly Round<LoadSample>[], atLeast: number): Figure[] {
  return [
    figureOf(
      { part, name: `events/s, ${name}`, unit: '', target: { atLeast } },
      ratios(rounds, (sample) => sample.perSecond),
    ),
    figureOf(
      { part, name: `server CPU an event, ${name} (inverted)`, unit: '' },
      ratios(rounds, (sample) => sample.serverCpuUs).map((ratio) => 1 / ratio),
    ),
    ...(['a', 'b'] as const).map((side, i) =>
      figureOf(
        { part, name: `${name.split(' ÷ ')[i]}, events/s`, unit: '/s' },
        rounds.flatMap((round) => round[side]).map((sample) => sample.perSecond),
      ),
    ),
  ];
}

/** PostgreSQL on this machine, whose commits wait for the disk as SQLite's do. Its CPU time is not in the receiver's. */
export async function postgresPart(bench: Bench): Promise<Figure[]> {
  const rounds = await relayBesideRelay(
    bench,
    'postgres',
    async () => ({ databaseUrl: await bench.newPostgres() }),
    async () => ({}),
  );
  return ratioFigures('postgres', 'PostgreSQL with one receiver ÷ SQLite', rounds, 0.6);
}

export async function routesPart(bench: Bench): Promise<Figure[]> {
  const withRoutes = (config: string) => async () => ({ config });
  const rounds = await relayBesideRelay(bench, 'routes', withRoutes(manyRoutes(MANY_ROUTES)), withRoutes(BENCH_CONFIG));
  return ratioFigures('routes', `${MANY_ROUTES} routes ÷ one route`, rounds, 0.5);
}
