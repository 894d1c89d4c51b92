import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openSqlite } from '../../../receiver/store/sqlite/node-driver.ts';
import { claimPurpose } from '../../../receiver/store/sqlite/schema.ts';
import { sqliteStore } from '../../../receiver/store/sqlite/sqlite-store.ts';
import { eventually, type ReceiverProcess, runCommand } from '../../stand-ins/receiver-process.ts';
import { aliasBody } from '../../stand-ins/wandb-sender.ts';
import { eventOf, take } from '../store/samples.ts';
import { realReceiver, receiverFolder, send, takingDispatches } from './real-receiver.ts';

/** Sends so many events, of a subject each, to a receiver that stands still until all of them are there. */
async function burst({ url, pid }: ReceiverProcess, name: string, events: number) {
  process.kill(pid, 'SIGSTOP');
  const sent = Array.from({ length: events }, (_, i) => send(url, `v${i}`, `${name}-${i}`));
  await new Promise((resolve) => setTimeout(resolve, 300));
  process.kill(pid, 'SIGCONT');
  return Promise.all(sent);
}

test('a burst is answered before it is routed, and everything of it is sent soon after, once', async () => {
  const github = await takingDispatches();
  const relay = await realReceiver({ folder: receiverFolder(), github: github.url });

  // The first opens the connections, over which the second then comes at once.
  const answers = [...(await burst(relay, 'first', 48)), ...(await burst(relay, 'second', 48))];

  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([202]));
  const unrouted = answers.filter(({ body }) => body.deliveries === undefined);
  expect(unrouted.length).toBeGreaterThan(0);
  const { id, ...rest } = unrouted[0]!.body;
  expect(rest).toEqual({
    status: 'accepted',
    detail: `Stored as event ${id} of type add_artifact_alias. Many events came at once, so its routes are tried in a moment, in the order in which the events came.`,
  });
  await eventually('all is sent', () => github.versions.length === 96);
  const each = Array.from({ length: 48 }, (_, i) => `v${i}`);
  expect(github.versions.toSorted()).toEqual([...each, ...each].toSorted());
  const status = await fetch(`${relay.url}/api/status`).then((response) => response.json());
  expect(status).toMatchObject({ events: { routed: 96 } });
  const lines = relay.log.filter(({ msg }) => msg === 'routed events that had come in a burst');
  expect(lines.reduce((sum, { events }) => sum + Number(events), 0)).toBe(unrouted.length);
  const requests = relay.log.filter(({ unrouted: isUnrouted }) => isUnrouted === true);
  expect(requests.map(({ event }) => event).toSorted()).toEqual(unrouted.map(({ body }) => body.id).toSorted());
});

test('what a receiver that died had not routed is routed by the next one, before what comes then', async () => {
  const github = await takingDispatches();
  const folder = receiverFolder();
  const driver = openSqlite(join(folder, 'relay.db'));
  const store = sqliteStore(driver);
  claimPurpose(driver, 'live');
  const receivedAt = Date.now();
  const incoming = Array.from({ length: 60 }, (_, i) => {
    const body = JSON.stringify(aliasBody(`v${i}`));
    const { event, subjectKey } = eventOf(`e${i}`);
    return { unrouted: { id: `e${i}`, receivedAt, source: 'default', bodyHash: `hash ${i}`, body }, event, subjectKey };
  });
  await take(store, ...incoming);
  await store.close();
  const before = await runCommand(['events', 'e0'], { cwd: folder });
  expect([before.code, before.stderr]).toEqual([
    1,
    'e0: there is no such event, or its routes were not tried yet (then "events" counts it as unrouted)\n',
  ]);

  const relay = await realReceiver({ folder, github: github.url });
  const { status } = await send(relay.url, 'v60');

  expect(status).toBe(202);
  await eventually('all is sent', () => github.versions.length === 61);
  expect(github.versions).toEqual(Array.from({ length: 61 }, (_, i) => `v${i}`));
});
