import { type LoadResult, runLoad, sleep } from './client.ts';
import { prepareRequests, type RequestForm, wandbForm } from './requests.ts';
import type { ServerProcess } from './server-process.ts';
import type { Round } from './statistics.ts';

/** How long parts measure. */
export interface Lengths {
  readonly rounds: number;
  readonly seconds: number;
}

export interface LoadSample extends LoadResult {
  /** CPU time of the server for each request, in microseconds. It holds on a busy machine, where events a second do not. */
  readonly serverCpuUs: number;
  /** The same with what the server left for later: until it was idle again. */
  readonly wholeCpuUs: number;
  /** Requests a second, until it was idle again. */
  readonly wholePerSecond: number;
}

export interface MeasureOptions {
  readonly connections: number;
  readonly seconds: number;
  readonly form?: RequestForm;
  /** The status of every answer; 202 when left out. */
  readonly status?: number;
  /** False: a server that is never idle, because it profiles itself. Default: true. */
  readonly waits?: boolean;
}

const WARM_UP_SECONDS = 1;
const WARM_UP_REQUESTS = 40_000;
/** So many times the requests are prepared that the rate so far would need. */
const RESERVE = 2;
/** A run that ended earlier than this share of its time, because no request was left, is done again with more. */
const LONG_ENOUGH = 0.8;
const ATTEMPTS = 3;

/** A server is idle when it took less than this share of a core for so long, in milliseconds. */
const IDLE_SHARE = 0.05;
const IDLE_MS = 1_000;
const IDLE_LIMIT_MS = 300_000;

/** Resolves when the server has done what it left for later, with when that was, by `performance.now()`. */
async function untilIdle(server: ServerProcess): Promise<number> {
  const limit = performance.now() + IDLE_LIMIT_MS;
  for (;;) {
    const [at, before] = [performance.now(), server.usage().cpuUs];
    await sleep(IDLE_MS);
    const share = (server.usage().cpuUs - before) / 1000 / (performance.now() - at);
    if (share < IDLE_SHARE) return at;
    if (performance.now() > limit) throw new Error(`the server is not idle ${IDLE_LIMIT_MS / 1000} s after its load`);
  }
}

/**
 * Loads one server: warms it up, which also tells how many requests to prepare, then measures. What the server leaves for later
 * is done before and after it, so that no other server is measured meanwhile.
 */
export async function measureLoad(server: ServerProcess, options: MeasureOptions): Promise<LoadSample> {
  const { connections, seconds, form = wandbForm(), status = 202, waits = true } = options;
  const settled = () => (waits ? untilIdle(server) : performance.now());
  const load = (requests: readonly Buffer[], duration: number) =>
    runLoad({ port: server.port, requests, connections, seconds: duration, status });
  let { perSecond } = await load(prepareRequests(form, WARM_UP_REQUESTS), Math.min(WARM_UP_SECONDS, seconds));
  await settled();
  for (let attempt = 1; ; attempt++) {
    const requests = prepareRequests(form, Math.ceil(perSecond * seconds * RESERVE));
    const before = server.usage().cpuUs;
    const result = await load(requests, seconds);
    const serverCpuUs = (server.usage().cpuUs - before) / result.answered;
    const idleAt = Math.max(result.endedAt, await settled());
    const wholeCpuUs = (server.usage().cpuUs - before) / result.answered;
    const wholePerSecond = (1000 * result.answered) / (idleAt - result.startedAt);
    const isLong = result.endedAt - result.startedAt >= LONG_ENOUGH * seconds * 1000;
    if (isLong || attempt === ATTEMPTS) return { ...result, serverCpuUs, wholeCpuUs, wholePerSecond };
    ({ perSecond } = result);
  }
}

/** Turns of each side in a round. */
const TURNS = 2;

/**
 * Measures two things in turns within each round, A B A B; both are started for each round, and stopped after it. While one is
 * measured the other one is idle.
 */
export async function inRounds<Server extends { stop(): Promise<void> }, Sample>(
  rounds: number,
  start: { a(): Promise<Server>; b(): Promise<Server> },
  measure: (server: Server, side: 'a' | 'b') => Promise<Sample>,
  afterRound: (a: Server, b: Server) => void | Promise<void> = () => {},
): Promise<Round<Sample>[]> {
  const measured: Round<Sample>[] = [];
  for (let round = 0; round < rounds; round++) {
    const started: Server[] = [];
    const begin = async (side: 'a' | 'b'): Promise<Server> => {
      const server = await start[side]();
      started.push(server);
      return server;
    };
    try {
      const [serverA, serverB] = [await begin('a'), await begin('b')];
      const [a, b]: [Sample[], Sample[]] = [[], []];
      for (let turn = 0; turn < TURNS; turn++) {
        a.push(await measure(serverA, 'a'));
        b.push(await measure(serverB, 'b'));
      }
      measured.push({ a, b });
      await afterRound(serverA, serverB);
    } finally {
      await Promise.all(started.map((server) => server.stop()));
    }
  }
  return measured;
}
