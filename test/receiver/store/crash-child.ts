/**
 * A small receiver for the crash tests: takes events as lines of JSON on stdin, acknowledges each on stdout when it is
 * stored, and delivers to the test's server. `stop` ends it when nothing is left to send.
 */
import { createInterface } from 'node:readline';
import { silentLogger } from '../../../receiver/log/log.ts';
import { createOutbox } from '../../../receiver/outbox/outbox.ts';
import { lockForReceiver, openSqlite } from '../../../receiver/store/sqlite/node-driver.ts';
import { sqliteStore } from '../../../receiver/store/sqlite/sqlite-store.ts';
import { acceptInBatches } from '../../../receiver/webhook/accept-batch.ts';
import { destinationTarget } from './destination-client.ts';
import { eventOf } from './samples.ts';

const [path = '', server = ''] = process.argv.slice(2);
const letGo = lockForReceiver(path);
const store = sqliteStore(openSqlite(path));
const now = Date.now;

const outbox = createOutbox({
  queue: store,
  targets: {
    repository_dispatch: destinationTarget(server),
  },
  retry: { firstDelayMs: 5, maxDelayMs: 20, settleMs: 1, retryForMs: 3_600_000 },
  paceMs: 1,
  now,
  random: Math.random,
  newToken: () => crypto.randomUUID(),
  redact: (text) => text,
  log: silentLogger,
});
const accept = acceptInBatches(store, 60_000, Date.now);

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
