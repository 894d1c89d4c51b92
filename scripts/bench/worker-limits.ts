import { mkdtempSync, rmSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { signBody } from '../../src/lib/signature.ts';
import type { ReceiverProcess } from '../../test/stand-ins/receiver-process.ts';
import { aliasBody } from '../../test/stand-ins/wandb-sender.ts';
import { startWorkerd } from '../../test/stand-ins/workerd.ts';
import { usageOf } from './process-usage.ts';

/**
 * `node scripts/bench/worker-limits.ts`: what the Worker holds while large bodies come at once, and how long honest webhooks take
 * while a stranger sends bad signatures, on workerd. Cloudflare ends an isolate at 128 MB, front and object may share one.
 *
 *     --seconds N   how long the flood is (5)
 *     --floods N    connections of the stranger (32)
 */
const { values } = parseArgs({ options: { seconds: { type: 'string', default: '5' }, floods: { type: 'string', default: '32' } } });

const SECRET = 'a-secret-for-the-benchmark';
const CONFIG = `version: 1
settings: { max_body_bytes: 1000000 }
routes:
  - name: deploy
    on: { event: add_artifact_alias, alias: production }
    to: [{ repository_dispatch: { repository: acme/deploy, event_type: model-production } }]
`;
const LARGE_BODIES = 50;
const LARGE_BYTES = 990_000;
const MOST_MB = 128;
const REFUSALS = 4_000;
const LOOK_MS = 5;

interface Answered {
  readonly status: number;
  readonly ms: number;
}

function post(url: string, agent: Agent, body: string, signature: string): Promise<Answered> {
  const start = performance.now();
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body), 'x-wandb-signature': signature };
    const sent = request(`${url}/webhooks/wandb`, { method: 'POST', agent, headers }, (response) => {
      response.resume();
      response.on('end', () => resolve({ status: response.statusCode ?? 0, ms: performance.now() - start }));
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

async function largeBodies({ url, pid }: ReceiverProcess): Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: LARGE_BODIES });
  const bodies = Array.from({ length: LARGE_BODIES }, (_, i) => JSON.stringify({ ...aliasBody(`v${i}`), filler: 'x'.repeat(LARGE_BYTES) }));
  const warm = JSON.stringify(aliasBody('v0', 'warm'));
  await post(url, agent, warm, signBody(warm, SECRET));
  const before = usageOf(pid).residentMb;
  let peak = 0;
  const look = setInterval(() => {
    peak = Math.max(peak, usageOf(pid).residentMb);
  }, LOOK_MS);
  const answers = await Promise.all(bodies.map((body) => post(url, agent, body, signBody(body, SECRET))));
  clearInterval(look);
  agent.destroy();
  const accepted = answers.filter(({ status }) => status === 202).length;
  const extra = peak - before;
  console.log(
    `${LARGE_BODIES} bodies of 1 MB at once: ${accepted} stored; workerd had ${before.toFixed(0)} MB, at most ${peak.toFixed(0)} MB: ${extra.toFixed(0)} MB more`,
  );
  if (accepted < LARGE_BODIES || extra > MOST_MB) process.exitCode = 1;
}

/** What a bad signature costs, whatever else the machine does. */
async function refusals({ url, pid }: ReceiverProcess): Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: 16 });
  const body = JSON.stringify(aliasBody('v1', 'forged'));
  const wrong = signBody(body, 'another-secret');
  const before = usageOf(pid).cpuUs;
  await Promise.all(
    Array.from({ length: 16 }, async () => {
      for (let i = 0; i < REFUSALS / 16; i++) await post(url, agent, body, wrong);
    }),
  );
  agent.destroy();
  console.log(`a bad signature takes ${((usageOf(pid).cpuUs - before) / REFUSALS).toFixed(0)} µs of workerd's CPU`);
}

async function flooded({ url }: ReceiverProcess): Promise<void> {
  const alone = await honest(url);
  const agent = new Agent({ keepAlive: true, maxSockets: Number(values.floods) });
  const body = JSON.stringify(aliasBody('v1', 'forged'));
  const wrong = signBody(body, 'another-secret');
  let refused = 0;
  let going = true;
  const strangers = Array.from({ length: Number(values.floods) }, async () => {
    while (going) if ((await post(url, agent, body, wrong)).status === 401) refused++;
  });
  const start = performance.now();
  const beside = await honest(url);
  const perSecond = (refused / (performance.now() - start)) * 1_000;
  going = false;
  await Promise.all(strangers);
  agent.destroy();
  console.log(`honest webhooks alone: ${words(alone)}`);
  console.log(`beside ${perSecond.toFixed(0)} bad signatures a second: ${words(beside)}`);
}

/** Ten a second. */
async function honest(url: string): Promise<readonly Answered[]> {
  const agent = new Agent({ keepAlive: true });
  const answers: Promise<Answered>[] = [];
  const until = performance.now() + Number(values.seconds) * 1_000;
  for (let i = 0; performance.now() < until; i++) {
    const body = JSON.stringify(aliasBody(`v${i}`, `honest-${performance.now()}`));
    answers.push(post(url, agent, body, signBody(body, SECRET)));
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  const all = await Promise.all(answers);
  agent.destroy();
  return all;
}

function words(answers: readonly Answered[]): string {
  const times = answers.map(({ ms }) => ms).toSorted((a, b) => a - b);
  const at = (share: number): string => (times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? 0).toFixed(0);
  return `median ${at(0.5)} ms, p95 ${at(0.95)} ms, slowest ${at(1)} ms (${answers.filter(({ status }) => status === 202).length} of ${answers.length} stored)`;
}

const folder = mkdtempSync(join(tmpdir(), 'wandb-relay-bench-'));
const receiver = await startWorkerd({ folder, config: CONFIG, bindings: { RELAY_SANDBOX: 'true', WANDB_WEBHOOK_SECRET: SECRET } });
try {
  await largeBodies(receiver);
  await refusals(receiver);
  await flooded(receiver);
} finally {
  await receiver.end('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
}
