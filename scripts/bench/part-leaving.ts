import { generateKeyPairSync } from 'node:crypto';
import { sendPaced, sleep } from './client.ts';
import { type Figure, figureOf } from './figures.ts';
import type { Bench } from './part.ts';
import { prepareRequests, wandbForm } from './requests.ts';
import type { ServerProcess } from './server-process.ts';
import { type RelayOptions, startRelay } from './servers.ts';
import { configOf, route } from './setup.ts';
import { median, quantile } from './statistics.ts';
import type { TargetServer } from './target-server.ts';

/** Events a second. */
const RATE = 100;
/** At 100 events a second it takes some seconds until V8 has compiled what runs often. */
export const warmUpSeconds = (short: boolean): number => (short ? 1 : 5);

/** Of 1: events that must not be of a burst, so that the figures mean something. */
const LEAST_NAMED = 0.9;

/** How long the slowest may take. */
const LIMIT_MS = 10_000;

/**
 * Dispatches with one credential leave at a pace, at most 100 a second. At a rate of 100 events a second they would wait
 * for their turn, which is not what is measured. So the events go to repositories of four accounts, through a GitHub App:
 * each account's installation has a pace of its own.
 */
const ACCOUNTS = ['acme', 'initech', 'umbrella', 'globex'];
const WRITES_PER_SECOND = 100;

let privateKey: string | undefined;

/** A receiver whose pace does not hold back 100 events a second. */
export function startUnpaced(options: Omit<RelayOptions, 'config' | 'environment'>): Promise<ServerProcess> {
  privateKey ??= generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ type: 'pkcs1', format: 'pem' }).toString();
  return startRelay({
    ...options,
    config: configOf(
      ACCOUNTS.map((account) => route(account, account, `${account}/deploy`)),
      WRITES_PER_SECOND,
    ),
    environment: { GITHUB_APP_ID: '1', GITHUB_APP_PRIVATE_KEY: privateKey },
  });
}

/** From the answer 202 to the arrival of the dispatch, at an even rate, of each event in milliseconds. */
export async function timesToLeave(server: ServerProcess, target: TargetServer, seconds: number): Promise<number[]> {
  const before = target.taken.length;
  const answers = await sendPaced(server.port, prepareRequests(wandbForm(ACCOUNTS), RATE * seconds), RATE);
  const refused = answers.find(({ status }) => status !== 202);
  if (refused !== undefined) throw new Error(`an event was answered with ${refused.status}: ${refused.body}`);
  const end = performance.now() + LIMIT_MS;
  while (target.taken.length < before + answers.length) {
    if (performance.now() > end) throw new Error('not every dispatch has left: the figures would mean nothing');
    await sleep(20);
  }
  const arrivedAt = new Map(target.taken.slice(before).map(({ at, body }) => [deliveryIn(body), at]));
  // The answer to an event of a burst does not name its delivery.
  const named = answers.flatMap(({ body, at }) => {
    const { deliveries } = JSON.parse(body) as { deliveries?: { id: string }[] };
    return deliveries === undefined ? [] : [{ id: deliveries[0]?.id ?? '', at }];
  });
  if (named.length < LEAST_NAMED * answers.length)
    throw new Error(`${answers.length - named.length} of ${answers.length} events came as a burst: this machine cannot keep up with them`);
  return named.map(({ id, at }) => (arrivedAt.get(id) ?? Number.NaN) - at);
}

/** The delivery that a dispatch belongs to. */
export function deliveryIn(dispatch: string): string {
  return (JSON.parse(dispatch) as { client_payload: { delivery_id: string } }).client_payload.delivery_id;
}

export async function leavingPart(bench: Bench): Promise<Figure[]> {
  const sqlite: number[][] = [];
  const postgres: number[][] = [];
  for (let round = 1; round <= bench.rounds; round++) {
    sqlite.push(await measureOnce(bench, 'SQLite', undefined, round));
    postgres.push(await measureOnce(bench, 'PostgreSQL', await bench.newPostgres(), round));
  }
  return [...figuresOf('SQLite', sqlite), ...figuresOf('PostgreSQL', postgres)];
}

async function measureOnce(bench: Bench, store: string, databaseUrl: string | undefined, round: number): Promise<number[]> {
  bench.progress(`leaving, round ${round} of ${bench.rounds}: ${store}`);
  const { folder, target } = bench;
  const server = await startUnpaced({
    folder,
    name: 'leaving',
    githubUrl: target.url,
    ...(databaseUrl === undefined ? {} : { databaseUrl }),
  });
  try {
    await timesToLeave(server, target, warmUpSeconds(bench.short));
    return await timesToLeave(server, target, bench.seconds);
  } finally {
    await server.stop();
  }
}

function figuresOf(store: string, rounds: readonly (readonly number[])[]): Figure[] {
  const name = `202 → dispatch leaves, ${RATE} events/s, ${store}`;
  return [
    figureOf({ part: 'leaving', name: `${name}, p50`, unit: 'ms', target: { atMost: 2 } }, rounds.map(median)),
    figureOf(
      { part: 'leaving', name: `${name}, p99`, unit: 'ms', target: { atMost: 10 } },
      rounds.map((times) => quantile(times, 0.99)),
    ),
  ];
}
