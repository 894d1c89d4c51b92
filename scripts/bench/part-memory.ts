import { writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { aliasBody, signedHeaders } from '../../test/stand-ins/wandb-sender.ts';
import { sleep } from './client.ts';
import { type Figure, figureOf } from './figures.ts';
import type { Bench } from './part.ts';
import type { ServerProcess } from './server-process.ts';
import { startRelay } from './servers.ts';
import { BENCH_SECRET } from './setup.ts';

const STRANGERS = 150;
const STALLED_BYTES = 4_800_000;
/** How long the strangers are watched. Milliseconds. */
const WATCHED_MS = 4_000;
const SIGNED = 200;
const SIGNED_BYTES = 262_144;
/** What strangers may make a receiver hold beside what it had. MB. */
const MOST_EXTRA_MB = 100;
/** All of a receiver's memory. MB. */
const MOST_MB = 256;

/** What a run did to a receiver. */
interface Outcome {
  readonly beforeMb: number;
  readonly peakMb: number;
  readonly accepted: number;
  readonly sent: number;
}

interface Attack {
  readonly name: string;
  readonly run: (server: ServerProcess) => Promise<Outcome>;
  /** From here the memory counts. */
  readonly from: 'before' | 'zero';
}

/**
 * The memory that senders can make a receiver hold. Strangers come on 150 connections, send bodies with a wrong signature
 * and stall before the last byte; meanwhile signed events have to get in. Then 200 signed bodies come at once. Each has a
 * receiver of its own, because memory that was freed is not always given back.
 */
export async function memoryPart(bench: Bench): Promise<Figure[]> {
  const figures: Figure[] = [];
  for (const store of ['SQLite', 'PostgreSQL'] as const) {
    for (const attack of ATTACKS) {
      const outcomes: Outcome[] = [];
      for (let round = 1; round <= bench.rounds; round++) {
        bench.progress(`memory, ${store}, round ${round} of ${bench.rounds}: ${attack.name}`);
        outcomes.push(await runOnce(bench, store, attack));
      }
      figures.push(...figuresOf(store, attack, outcomes));
    }
  }
  return figures;
}

const ATTACKS: readonly Attack[] = [
  stalled('stalled, a length of 4.8 MB', '/webhooks/github', STALLED_BYTES, false),
  stalled('stalled, chunks up to 4.8 MB', '/webhooks/github', STALLED_BYTES, true),
  stalled('stalled just below the limit', '/webhooks/github', 1_048_576, false),
  stalled('stalled small bodies', '/webhooks/wandb', 65_536, false),
  { name: '200 signed, long texts', run: (server) => sendSigned(server, bodyOf), from: 'zero' },
  { name: '200 signed, small values', run: (server) => sendSigned(server, bodyOfSmallValues), from: 'zero' },
];

async function runOnce({ folder, target, newPostgres }: Bench, store: string, { run }: Attack): Promise<Outcome> {
  const databaseUrl = store === 'SQLite' ? {} : { databaseUrl: await newPostgres() };
  const environment = { GITHUB_WEBHOOK_SECRET: BENCH_SECRET };
  const server = await startRelay({ folder, name: 'memory', githubUrl: target.url, environment, ...databaseUrl });
  try {
    await postSigned(server.port, bodyOf(1_000));
    return await run(server);
  } finally {
    await server.stop();
  }
}

function figuresOf(store: string, { name, from }: Attack, outcomes: readonly Outcome[]): Figure[] {
  const part = 'memory';
  const what = `${name}, ${store}`;
  const memory =
    from === 'before'
      ? figureOf(
          { part, name: `${what}: peak above before`, unit: 'MB', target: { below: MOST_EXTRA_MB } },
          outcomes.map(({ beforeMb, peakMb }) => peakMb - beforeMb),
        )
      : figureOf(
          { part, name: `${what}: peak`, unit: 'MB', target: { below: MOST_MB } },
          outcomes.map(({ peakMb }) => peakMb),
        );
  // All of them: one that is lost in one round is not made good by the others.
  const accepted = Math.min(...outcomes.map((outcome) => (100 * outcome.accepted) / outcome.sent));
  return [
    memory,
    { part, name: `${what}: signed events accepted, the worst round`, unit: '%', measured: accepted, target: { atLeast: 100 } },
  ];
}

function stalled(name: string, path: string, bytes: number, isChunked: boolean): Attack {
  const signature = path.endsWith('github') ? `X-Hub-Signature-256: sha256=${'0'.repeat(64)}` : `X-Wandb-Signature: ${'0'.repeat(64)}`;
  const framing = isChunked ? 'Transfer-Encoding: chunked' : `Content-Length: ${bytes}`;
  const header = `POST ${path} HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\n${signature}\r\n${framing}\r\n\r\n`;
  // Of a chunk the end is missing as well as of a length.
  const body = () => Buffer.concat([Buffer.from(isChunked ? `${bytes.toString(16)}\r\n` : ''), Buffer.alloc(bytes - 1, ' ')]);
  return { name, run: (server) => stallStrangers(server, header, body()), from: 'before' };
}

async function stallStrangers(server: ServerProcess, header: string, body: Buffer): Promise<Outcome> {
  forgetPeak(server.pid);
  const beforeMb = server.usage().residentMb;
  const sockets: Socket[] = [];
  for (let i = 0; i < STRANGERS; i++) {
    const socket = connect({ host: '127.0.0.1', port: server.port });
    socket.on('error', () => undefined).resume();
    socket.write(header);
    socket.write(body);
    sockets.push(socket);
  }
  let accepted = 0;
  let sent = 0;
  const end = performance.now() + WATCHED_MS;
  while (performance.now() < end) {
    // One of the usual size, one as large as allowed.
    for (const bytes of [1_000, SIGNED_BYTES]) {
      sent++;
      if ((await postSigned(server.port, bodyOf(bytes))) === 202) accepted++;
    }
    await sleep(100);
  }
  const { peakMb } = server.usage();
  for (const socket of sockets) socket.destroy();
  await sleep(500);
  return { beforeMb, peakMb, accepted, sent };
}

async function sendSigned(server: ServerProcess, make: (bytes: number) => string): Promise<Outcome> {
  const bodies = Array.from({ length: SIGNED }, () => make(SIGNED_BYTES));
  forgetPeak(server.pid);
  const beforeMb = server.usage().residentMb;
  const statuses = await Promise.all(bodies.map((body) => postSigned(server.port, body)));
  const accepted = statuses.filter((status) => status === 202).length;
  return { beforeMb, peakMb: server.usage().peakMb, accepted, sent: SIGNED };
}

/** Lets the peak begin at the memory of now (proc_pid_clear_refs, 5). */
function forgetPeak(pid: number): void {
  writeFileSync(`/proc/${pid}/clear_refs`, '5');
}

let versions = 0;

/** An event that is mostly one long text. */
function bodyOf(bytes: number): string {
  const body = JSON.stringify({ ...aliasBody(`v${++versions}`), note: '' });
  return body.replace('"note":""', `"note":"${'x'.repeat(bytes - body.length)}"`);
}

/** An event of many small values, which take the most memory once they are read. */
function bodyOfSmallValues(bytes: number): string {
  const empty = JSON.stringify({ ...aliasBody(`v${++versions}`), points: [] });
  const points = Array.from({ length: Math.floor((bytes - empty.length) / 16) }, (_, i) => `{"x":${String(i % 1_000).padStart(9, '1')}}`);
  return empty.replace('"points":[]', `"points":[${points.join(',')}]`);
}

/** Returns the status; 0 when there was no answer. */
async function postSigned(port: number, body: string): Promise<number> {
  try {
    const answer = await fetch(`http://127.0.0.1:${port}/webhooks/wandb`, {
      method: 'POST',
      headers: signedHeaders(body, BENCH_SECRET),
      body,
    });
    await answer.arrayBuffer();
    return answer.status;
  } catch {
    return 0;
  }
}
