import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { renderTable } from '../../receiver/cli/output.ts';
import { startPostgres } from '../../test/stand-ins/postgres.ts';
import { aliasBody, signedHeaders } from '../../test/stand-ins/wandb-sender.ts';
import { startReceivers } from './receivers.ts';
import { BENCH_SECRET } from './setup.ts';

/**
 * The fourth part of `npm run bench`: the memory that senders can make a receiver hold. A receiver as it is installed, in a
 * process of its own; the figures are the kernel's (Linux only). Strangers come on 150 connections, send bodies with a wrong
 * signature and stall before the last byte; meanwhile signed events have to get in. Then 200 signed bodies come at once.
 */
const STRANGERS = 150;
const STALLED_BYTES = 4_800_000;
/** How long the strangers are watched. Milliseconds. */
const WATCHED_MS = 4_000;
const SIGNED = 200;
const SIGNED_BYTES = 262_144;
const MOST_EXTRA_MB = 100;
const MOST_MB = 256;

interface Measured {
  readonly name: string;
  readonly store: string;
  /** Resident memory before, and at its peak. MB. */
  readonly before: number;
  readonly peak: number;
  readonly accepted: number;
  readonly sent: number;
  readonly aim: string;
  readonly met: boolean;
}

interface Target {
  readonly url: string;
  readonly pid: number;
  readonly store: string;
}

/** From the kernel's account of a process; MB. */
function memoryOf(pid: number, field: 'VmRSS' | 'VmHWM'): number {
  return Number(new RegExp(`${field}:\\s+(\\d+) kB`).exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024;
}

/** Lets the peak begin at the memory of now (proc_pid_clear_refs, 5). */
function forgetPeak(pid: number): void {
  writeFileSync(`/proc/${pid}/clear_refs`, '5');
}

interface Stalled {
  readonly name: string;
  readonly path: string;
  readonly header: string;
  readonly body: Buffer;
}

function stalled(name: string, path: string, bytes: number, isChunked: boolean): Stalled {
  const signature = path.endsWith('github') ? `X-Hub-Signature-256: sha256=${'0'.repeat(64)}` : `X-Wandb-Signature: ${'0'.repeat(64)}`;
  const framing = isChunked ? 'Transfer-Encoding: chunked' : `Content-Length: ${bytes}`;
  return {
    name,
    path,
    header: `POST ${path} HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\n${signature}\r\n${framing}\r\n\r\n`,
    // Of a chunk the end is missing as well as of a length.
    body: Buffer.concat([Buffer.from(isChunked ? `${bytes.toString(16)}\r\n` : ''), Buffer.alloc(bytes - 1, ' ')]),
  };
}

async function measureStrangers(target: Target, { name, header, body }: Stalled): Promise<Measured> {
  const { hostname, port } = new URL(target.url);
  forgetPeak(target.pid);
  const before = memoryOf(target.pid, 'VmRSS');
  const sockets: Socket[] = [];
  let accepted = 0;
  let sent = 0;
  for (let i = 0; i < STRANGERS; i++) {
    const socket = connect({ host: hostname, port: Number(port) });
    socket.on('error', () => undefined).resume();
    socket.write(header);
    socket.write(body);
    sockets.push(socket);
  }
  const end = performance.now() + WATCHED_MS;
  while (performance.now() < end) {
    // One of the usual size, one as large as allowed.
    for (const bytes of [1_000, SIGNED_BYTES]) {
      sent++;
      if ((await postSigned(target.url, bodyOf(bytes))) === 202) accepted++;
    }
    await sleep(100);
  }
  const peak = memoryOf(target.pid, 'VmHWM');
  for (const socket of sockets) socket.destroy();
  await sleep(500);
  const met = peak - before < MOST_EXTRA_MB && accepted === sent;
  return { name, store: target.store, before, peak, accepted, sent, aim: `under ${MOST_EXTRA_MB} more, all accepted`, met };
}

async function measureSigned(target: Target, name: string, make: (bytes: number) => string): Promise<Measured> {
  const bodies = Array.from({ length: SIGNED }, () => make(SIGNED_BYTES));
  forgetPeak(target.pid);
  const before = memoryOf(target.pid, 'VmRSS');
  const statuses = await Promise.all(bodies.map((body) => postSigned(target.url, body)));
  const peak = memoryOf(target.pid, 'VmHWM');
  const accepted = statuses.filter((status) => status === 202).length;
  const met = peak < MOST_MB && accepted === SIGNED;
  return { name, store: target.store, before, peak, accepted, sent: SIGNED, aim: `under ${MOST_MB} in all, all accepted`, met };
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

async function postSigned(url: string, body: string): Promise<number> {
  try {
    const answer = await fetch(`${url}/webhooks/wandb`, { method: 'POST', headers: signedHeaders(body, BENCH_SECRET), body });
    await answer.arrayBuffer();
    return answer.status;
  } catch {
    return 0;
  }
}

async function measureStore(store: string, databaseUrl: string, folder: string): Promise<Measured[]> {
  const results: Measured[] = [];
  const attacks = [
    stalled('stalled, a length of 4.8 MB', '/webhooks/github', STALLED_BYTES, false),
    stalled('stalled, chunks up to 4.8 MB', '/webhooks/github', STALLED_BYTES, true),
    stalled('stalled just below the limit', '/webhooks/github', 1_048_576, false),
    stalled('stalled small bodies', '/webhooks/wandb', 65_536, false),
  ];
  for (const measure of [
    ...attacks.map((attack) => (target: Target) => measureStrangers(target, attack)),
    (target: Target) => measureSigned(target, '200 signed, long texts', bodyOf),
    (target: Target) => measureSigned(target, '200 signed, small values', bodyOfSmallValues),
  ]) {
    // A process of its own for each: memory that was freed is not always given back.
    const receivers = await startReceivers({ databaseUrl, count: 1, githubUrl: 'http://127.0.0.1:9', folder });
    try {
      const [url = ''] = receivers.urls;
      const [pid = 0] = receivers.pids;
      await postSigned(url, bodyOf(1_000));
      const measured = await measure({ url, pid, store });
      process.stdout.write(`\r${store}: ${measured.name.padEnd(40)}`);
      results.push(measured);
    } finally {
      await receivers.stop();
    }
  }
  return results;
}

const folder = mkdtempSync(join(tmpdir(), 'wandb-relay-bench-'));
const postgres = await startPostgres();
try {
  execFileSync('tsc', ['-p', join(import.meta.dirname, 'tsconfig.json')], { stdio: 'inherit' });
  const results = [
    ...(await measureStore('SQLite', `file:${join(folder, 'relay.db')}`, folder)),
    ...(await measureStore('PostgreSQL', await postgres.newDatabase(), folder)),
  ];
  console.log('\r');
  console.log(
    renderTable(
      ['', 'STORE', 'MB BEFORE', 'PEAK MB', 'ACCEPTED', 'AIM', ''],
      results.map(({ name, store, before, peak, accepted, sent, aim, met }) => [
        name,
        store,
        before.toFixed(0),
        peak.toFixed(0),
        `${accepted} of ${sent}`,
        aim,
        met ? 'met' : 'not met',
      ]),
    ).join('\n'),
  );
} finally {
  await postgres.stop();
  rmSync(folder, { recursive: true, force: true });
}
