/**
 * A small receiver for the crash tests: takes events as lines of JSON on stdin, acknowledges each on stdout when it is
 * stored, and delivers to the test's server. `stop` ends it when nothing is left to send.
 */
import { createInterface } from 'node:readline';
import { silentLogger } from '../../../receiver/log.ts';
import { createOutbox } from '../../../receiver/outbox/outbox.ts';
import { lockForReceiver, openSqlite } from '../../../receiver/outbox/sqlite/node-driver.ts';
import { sqliteStore } from '../../../receiver/outbox/sqlite/sqlite-store.ts';
import type { LookResult, SendResult } from '../../../receiver/outbox/target.ts';
import { acceptInBatches } from '../../../receiver/webhook/accept-batch.ts';
import { eventOf } from './samples.ts';

const [path = '', server = ''] = process.argv.slice(2);
const letGo = lockForReceiver(path);
const store = sqliteStore(openSqlite(path));
const now = Date.now;

async function send(deliveryId: string, signal: AbortSignal): Promise<SendResult> {
  const base = { status: null, detail: 'no answer' } as const;
  try {
    const { status } = await fetch(`${server}/${deliveryId}`, { method: 'POST', signal });
    if (status === 204) return { ...base, outcome: 'delivered', run: null };
    return { ...base, outcome: 'failed', status, ambiguous: false };
  } catch {
    return { ...base, outcome: 'failed', ambiguous: true };
  }
}

async function look(deliveryId: string, signal: AbortSignal): Promise<LookResult> {
  try {
    const { status } = await fetch(`${server}/${deliveryId}`, { signal });
    return status === 200 ? { outcome: 'found', run: { id: deliveryId, url: server } } : { outcome: 'not_found' };
  } catch {
    return { outcome: 'failed', status: null, detail: 'no answer', ambiguous: true };
  }
}

const outbox = createOutbox({
  queue: store,
  targets: {
    repository_dispatch: {
      send: (_request, { deliveryId, signal }) => send(deliveryId, signal),
      look: (_request, { deliveryId, signal }) => look(deliveryId, signal),
    },
  },
  retry: { firstDelayMs: 5, maxDelayMs: 20, settleMs: 1, retryForMs: 3_600_000 },
  paceMs: 1,
  now,
  random: Math.random,
  newToken: () => crypto.randomUUID(),
  redact: (text) => text,
  log: silentLogger,
});
const accept = acceptInBatches(store, 60_000);

const recovered = await store.recoverInFlight(now());
outbox.start();
process.stdout.write(`ready ${recovered}\n`);

for await (const line of createInterface({ input: process.stdin })) {
  if (line === 'stop') break;
  const { id, subject } = JSON.parse(line) as { id: string; subject: string };
  void accept(eventOf(id, { subject, at: now() })).then((accepted) => {
    process.stdout.write(`accepted ${accepted.id} ${accepted.status === 'accepted' ? accepted.deliveries.map((d) => d.id).join() : ''}\n`);
    outbox.wake();
  });
}

while ((await store.nextDueAt()) !== undefined || (await store.counts()).deliveries.in_flight !== undefined) {
  await new Promise((resolve) => setTimeout(resolve, 5));
}
await outbox.stop(1_000);
await store.close();
letGo();
