import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { Connection, sleep } from '../client.ts';
import type { Answer } from '../http-response.ts';
import { prepareRequests } from '../requests.ts';
import type { TargetMode, TargetServer } from '../target-server.ts';
import type { Peer } from './peers.ts';

/** What became of the events of one experiment. */
export interface Survival {
  readonly mode: TargetMode;
  /** Answered with 2xx: the sender takes them as received, and does not send them again. */
  readonly acknowledged: number;
  /** Answered otherwise: the sender knows that they were not received. */
  readonly refused: number;
  /** Of the acknowledged ones, those that have reached the target in the end. */
  readonly reached: number;
}

export interface SurvivalOptions {
  readonly peer: Peer;
  readonly target: TargetServer;
  readonly folder: string;
  readonly trials: number;
  /** How long after the restart an event may still arrive, in milliseconds. */
  readonly waitMs: number;
}

/** Events of one trial, sent at the same time. */
const EVENTS = 10;
/** The target's outage goes on for so long after the kill. Otherwise children that outlive the killed process would find it up. */
const OUTAGE_MS = 2_000;

let folders = 0;

/**
 * What survives a `kill -9` right after the answer, found by trying. The job of every peer is to call the target once for
 * each event. A trial: start the peer, send ten events at the same time, wait until all are answered, and kill the process
 * with SIGKILL in the same turn of the event loop. The target's outage, if there is one, goes on for two seconds. Then the peer
 * is started again in the same folder with the same command, and we wait. An event survives when the target has taken a call with its number, before the
 * kill or after the restart.
 *
 * The target is `up` (takes every call at once), `down` (answers 503) or `hanging` (does not answer; what hangs is broken off
 * when the peer is dead). With `down` and `hanging` it takes calls from the restart on.
 *
 * Only the process dies here, not the machine: what a program has written to a file without `fsync` would count as survived.
 */
export async function survival(options: SurvivalOptions, mode: TargetMode): Promise<Survival> {
  let [acknowledged, refused, reached] = [0, 0, 0];
  for (let trial = 0; trial < options.trials; trial++) {
    const found = await oneTrial(options, mode);
    acknowledged += found.acknowledged;
    refused += found.refused;
    reached += found.reached;
  }
  return { mode, acknowledged, refused, reached };
}

async function oneTrial({ peer, target, folder, waitMs }: SurvivalOptions, mode: TargetMode): Promise<Omit<Survival, 'mode'>> {
  const own = join(folder, `survival-${++folders}`);
  mkdirSync(own);
  target.setMode(mode);
  const before = target.taken.length;
  const first = await peer.start(own, target.url);
  const requests = prepareRequests(peer.form, EVENTS);
  const connections = await Promise.all(requests.map(() => Connection.open(first.port)));
  const answers = await Promise.all(
    requests.map((request, i) => new Promise<Answer>((resolve, reject) => connections[i]?.send(request, resolve, reject))),
  );
  await first.kill();
  for (const connection of connections) connection.close();
  await sleep(mode === 'up' ? 0 : OUTAGE_MS);
  target.setMode('up');
  const numbers = requests.filter((_, i) => isAcknowledged(answers[i])).map((request) => numberIn(request.toString()));
  const arrived = () => new Set(target.taken.slice(before).map(({ body }) => numberIn(body)));
  const reached = () => numbers.filter((number) => arrived().has(number)).length;
  const second = await peer.start(own, target.url);
  const end = performance.now() + waitMs;
  while (reached() < numbers.length && performance.now() < end) await sleep(50);
  await second.stop();
  return { acknowledged: numbers.length, refused: EVENTS - numbers.length, reached: reached() };
}

function isAcknowledged(answer: Answer | undefined): boolean {
  return answer !== undefined && answer.status >= 200 && answer.status < 300;
}

/** The event's number, in the event itself and in every form of call: nine digits of a version or an id. */
export function numberIn(text: string): string | undefined {
  return /(?::v|"id":\s*")(\d{9})\b/.exec(text)?.[1];
}

/** One cell: `up 20 of 20, down 0 of 20, hanging 0 of 20`. */
export function survivalText(found: readonly Survival[]): string {
  return found.map(oneText).join(', ');
}

function oneText({ mode, acknowledged, refused, reached }: Survival): string {
  if (acknowledged === 0) return `${mode}: all ${refused} refused`;
  return `${mode}: ${reached} of ${acknowledged}${refused === 0 ? '' : ` (${refused} refused)`}`;
}
