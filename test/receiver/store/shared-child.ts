/**
 * One of several receivers on a PostgreSQL database, for the tests of many: takes commands as lines of JSON on stdin,
 * answers each on stdout when it is done or refused, and delivers to the test's server.
 */
import { createInterface } from 'node:readline';
import { silentLogger } from '../../../receiver/log/log.ts';
import { createOutbox } from '../../../receiver/outbox/outbox.ts';
import { openPostgres } from '../../../receiver/store/postgres/postgres-store.ts';
import { acceptInBatches } from '../../../receiver/webhook/accept-batch.ts';
import { heldEvent } from './conversation-samples.ts';
import { destinationTarget } from './destination-client.ts';
import { eventOf } from './samples.ts';

/** Answered with a word and its key: `accepted`, `first` or `late` (decisions), `refused`. */
export type Command = { readonly key: string; readonly id: string } & (
  | { readonly do: 'accept'; readonly subject: string; readonly held: boolean }
  | { readonly do: 'decide'; readonly by: string }
);

const [url = '', server = ''] = process.argv.slice(2);
const store = await openPostgres(url, { purpose: 'live' });
const now = Date.now;
const outbox = createOutbox({
  queue: store,
  targets: { repository_dispatch: destinationTarget(server) },
  retry: { firstDelayMs: 5, maxDelayMs: 20, settleMs: 1, retryForMs: 3_600_000 },
  paceMs: 1,
  now,
  random: Math.random,
  newToken: () => crypto.randomUUID(),
  redact: (text) => text,
  log: silentLogger,
});
const accept = acceptInBatches(store, 60_000, Date.now);
const unlisten = store.listen?.(() => outbox.wake());

const say = (...words: string[]) => void process.stdout.write(`${words.join(' ')}\n`);

async function obey(command: Command): Promise<void> {
  const { id, key } = command;
  try {
    if (command.do === 'decide') {
      const { by } = command;
      const result = await store.decide({ eventId: id, route: 'deploy', decision: 'approved', by, at: now() });
      say(result.done ? 'first' : 'late', key);
    } else {
      const event = command.held
        ? heldEvent(id, { subject: command.subject, at: now() })
        : eventOf(id, { subject: command.subject, at: now() });
      await accept(event);
      say('accepted', key);
    }
    outbox.wake();
  } catch {
    say('refused', key);
  }
}

outbox.start();
say('ready');
for await (const line of createInterface({ input: process.stdin })) {
  if (line === 'stop') break;
  void obey(JSON.parse(line) as Command);
}
await outbox.stop(1_000);
unlisten?.();
await store.close();
