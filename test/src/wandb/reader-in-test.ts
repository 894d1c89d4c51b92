import type { Point } from '../../../src/engine/run.ts';
import type { PointsAnswer, PointsQuery, RunReader } from '../../../src/engine/run-reader.ts';
import type { Result } from '../../../src/lib/result.ts';
import { createRunReader, type RunReaderOptions } from '../../../src/wandb/run-reader.ts';
import { type TestClient, testClient, wandbServer } from '../../stand-ins/wandb-in-test.ts';
import { type LiveRun, type LiveRunOptions, liveRun } from '../../stand-ins/wandb-runs.ts';
import type { WandbStandIn, WandbStandInOptions } from '../../stand-ins/wandb-server.ts';

export const PROJECT = { entity: 'acme', project: 'train' };

export interface ReaderInTest extends TestClient {
  readonly server: WandbStandIn;
  readonly reader: RunReader;
  readonly signal: AbortSignal;
  addRun(name: string, options?: LiveRunOptions): LiveRun;
}

/** A reader over real sockets, with a clock of the test's own, which the stand-in's runs share. */
export async function readerInTest(
  options: WandbStandInOptions & { readonly patience?: RunReaderOptions['patience']; readonly maxResponseBytes?: number } = {},
): Promise<ReaderInTest> {
  const { patience, maxResponseBytes, ...serverOptions } = options;
  const clock = { now: Date.parse('2026-03-01T12:00:00Z') };
  const server = await wandbServer({ now: () => new Date(clock.now), ...serverOptions });
  const { client, sleeps, log } = testClient(server, {
    ...(maxResponseBytes === undefined ? {} : { maxResponseBytes }),
    now: () => clock.now,
    sleep: async (ms) => {
      sleeps.push(ms);
      clock.now += ms;
    },
  });
  const reader = createRunReader({ client, now: () => clock.now, ...(patience === undefined ? {} : { patience }) });
  const train = server.world.project('train');
  return {
    client,
    sleeps,
    log,
    clock,
    server,
    reader,
    signal: AbortSignal.timeout(60_000),
    addRun: (name, given) => liveRun(server.world, train, name, { now: () => clock.now, ...given }),
  };
}

/** The value of a result that must be one. */
export function okValue<T>(result: Result<T, { readonly message: string }>): T {
  if (!result.ok) throw new Error(result.error.message);
  return result.value;
}

export function pointsQuery(run: string, changes: Partial<PointsQuery> = {}): PointsQuery {
  return { run, metrics: ['loss'], afterStep: -1, upToStep: 0, systemAfter: 0, systemUpTo: Number.POSITIVE_INFINITY, ...changes };
}

/** `[step, value]` of a metric. */
export function valuesOf({ points }: Pick<PointsAnswer, 'points'>, metric = 'loss'): [number, number][] {
  return points.filter((point: Point) => point.metric === metric).map(({ x, value }) => [x, value]);
}
