import { join } from 'node:path';
import { beforeAll, expect, onTestFinished, test } from 'vitest';
import { COPIED_TABLES } from '../../../receiver/store/postgres/copy.ts';
import { openPostgres } from '../../../receiver/store/postgres/postgres-store.ts';
import { lockForReceiver, openSqlite } from '../../../receiver/store/sqlite/node-driver.ts';
import { claimPurpose } from '../../../receiver/store/sqlite/schema.ts';
import { sqliteStore } from '../../../receiver/store/sqlite/sqlite-store.ts';
import type { Store } from '../../../receiver/store/store.ts';
import type { PostgresDatabases } from '../../stand-ins/postgres.ts';
import { sharedPostgres } from '../../stand-ins/shared-postgres.ts';
import { acceptDispatched, conversationOf, heldEvent, nothingFollows, reportOf, say, toldEvent } from '../store/conversation-samples.ts';
import { advance, lease, PROJECT, ruleOf, runOf } from '../store/engine-samples.ts';
import { accept, asItCame, attemptAt, claim, drain, eventOf, MINUTE, retryAt, succeed, T0, take } from '../store/samples.ts';
import { commandLine } from './command-io.ts';

let server: PostgresDatabases;
beforeAll(async () => {
  server = await sharedPostgres();
});

/** A receiver's file with something of everything, in a folder with the command line. */
async function populated(fill: (store: Store) => Promise<void> = somethingOfEverything) {
  const { cwd, run } = commandLine();
  const path = join(cwd, 'relay.db');
  const change = async (work: (store: Store) => Promise<void>) => {
    const driver = openSqlite(path);
    const store = sqliteStore(driver);
    claimPurpose(driver, 'live');
    await work(store);
    await store.close();
  };
  await change(fill);
  const url = await server.newDatabase();
  return { path, url, change, migrate: (to = url) => run('migrate', '--from', 'file:relay.db', '--to', to) };
}

async function somethingOfEverything(store: Store): Promise<void> {
  await store.pause({ scope: { kind: 'route', name: 'one that sends nothing' }, by: 'ada', at: T0, reason: null });
  await acceptDispatched(store);
  await store.recordRuns([reportOf('in_progress')], T0, nothingFollows);
  await store.replay(['d-e1'], T0);
  for (const sent of await claim(store, T0)) await succeed(store, sent, T0);
  await accept(store, toldEvent('told', { subject: 'told' }), eventOf('copy', { subject: 'told', body: 'body of told' }));
  await say(store, T0);
  await accept(
    store,
    heldEvent('held', { subject: 'held', approval: { approvals: 2, remindMs: MINUTE } }),
    eventOf('dead', { subject: 'dead' }),
  );
  await store.decide({ eventId: 'held', route: 'deploy', decision: 'approved', by: 'ada', reason: 'fine', at: T0 });
  const dead = (await claim(store, T0)).find(({ id }) => id === 'd-dead')!;
  const alerts = { mention: [], broadcast: true, channel: '#ml-ops' };
  await store.settle(dead, attemptAt(T0, 'refused'), { state: 'dead', reason: 'no such repository', alerts });
  for (const n of [1, 2, 3]) await accept(store, eventOf(`line ${n}`, { subject: 'line' }));
  await retryAt(store, (await claim(store, T0, { serves: (credential) => credential === 'github' }))[0]!, T0, T0 + MINUTE, true);
  await store.keepEnrichment('told', { size: 12 });
  const promoted = { type: 'add_artifact_alias', source: 'default', collection: 'resnet50', version: 'v12', alias: 'production' } as const;
  await store.correctAlias({ event: promoted, at: T0 });
  await store.throttle({ credential: 'github', until: T0 + 1, reason: 'limit' });
  await store.mute({ route: 'deploy', subjectKey: 'told', until: T0 + MINUTE, by: 'ada' }, 'told', T0);
  await store.firstSeen('request 1', T0);
  await store.keepRepositoryId('acme/deploy', '1296269');
  await lease(store);
  await advance(store, { runs: [runOf('a'), runOf('b', { isLive: false })], rules: [ruleOf('loss', { lastFiredAt: T0 })] });
  await store.acceptOccurrence('daily', T0, eventOf('digest', { subject: 'digest' }));
  await store.keepRejected({ receivedAt: T0, source: 'default', status: 400, reason: 'no JSON', body: '{\0' });
  await take(store, asItCame(eventOf('burst')));
}

async function openTarget(url: string): Promise<Store> {
  const store = await openPostgres(url, { purpose: 'live' });
  onTestFinished(() => store.close());
  return store;
}

/** Everything that can be seen of a store. */
async function seenOf(store: Store) {
  const deliveries = await store.deliveries({ limit: 99 });
  return {
    counts: await store.counts(),
    events: await store.events({ limit: 99 }),
    deliveries: await Promise.all(deliveries.map(({ id }) => store.delivery(id))),
    conversation: await conversationOf(store),
    aliases: await store.aliases({ limit: 10 }),
    approvals: await store.openApprovals(9),
    mutes: await store.mutes(T0),
    holdBacks: await store.throttles(T0),
    nextDueAt: await store.nextDueAt(),
    nextLookAt: await store.earliestPollAt(),
    engine: await store.engineProjects(),
    engineRuns: await store.engineRuns(PROJECT, ['a', 'b']),
    digest: await store.lastOccurrence('daily'),
    backlog: await store.backlog(),
  };
}

test('everything moves, is counted, and goes on where it was', async () => {
  const { url, change, migrate } = await populated();
  let before: unknown;
  await change(async (store) => {
    before = await seenOf(store);
  });

  const { code, out } = await migrate();

  expect([code, out.split('\n').filter((line) => / equal$/.test(line)).length]).toEqual([0, COPIED_TABLES.length]);
  expect(out).toMatch(/^events +9 +9 +equal$/m);
  const rows = await Promise.all(COPIED_TABLES.map(async ({ name }) => [name, (await server.run(url, `SELECT FROM ${name}`)).length]));
  expect(rows.filter(([, count]) => count === 0)).toEqual([]);
  const target = await openTarget(url);
  expect(await seenOf(target)).toEqual(before);
  expect(await target.firstSeen('request 1', T0)).toBe(false);
  await accept(target, eventOf('line 4', { subject: 'line' }));
  const later = T0 + 10 * MINUTE;
  expect((await drain(target, later)).filter((id) => id.includes('line'))).toEqual(['d-line 1', 'd-line 2', 'd-line 3', 'd-line 4']);
});

test('it can be run again until a receiver runs on the copy, and brings what came in between', async () => {
  const { url, change, migrate } = await populated(async () => undefined);
  expect((await migrate()).code).toBe(0);
  await change(somethingOfEverything);
  expect((await migrate()).code).toBe(0);
  await change(async (store) => void (await drain(store, T0 + 10 * MINUTE)));
  expect((await migrate()).code).toBe(0);

  const target = await openTarget(url);
  let source: unknown;
  await change(async (store) => {
    source = await store.counts();
  });
  expect(await target.counts()).toEqual(source);
  await target.close();
  const refused = await migrate();

  expect([refused.code, refused.complaints]).toEqual([
    1,
    expect.stringMatching(/relay\.db to postgres:.*: a receiver has stored events in it already: name an empty database/),
  ]);
});

test('a copy that was interrupted is served by nobody, and is finished by the next run', async () => {
  const { url, migrate } = await populated();
  expect((await migrate()).code).toBe(0);
  await server.run(url, `DELETE FROM attempts; UPDATE migration SET finished = 0`);
  await expect(openPostgres(url, { purpose: 'live' })).rejects.toThrow(/has not finished on this database: run it again/);

  expect((await migrate()).code).toBe(0);

  expect((await (await openTarget(url)).counts()).events).toEqual({ routed: 8, duplicate: 1, unrouted: 1 });
});

test('more rows than fit into one batch all arrive', async () => {
  const { migrate } = await populated(async (store) => {
    await accept(store, ...Array.from({ length: 1_203 }, (_, n) => eventOf(`e${n}`, { subject: `s${n}` })));
    for (let n = 0; n < 1_001; n++) await store.firstSeen(`key ${n}`, T0);
  });

  const { code, out } = await migrate();

  expect(code).toBe(0);
  expect(out).toMatch(/^deliveries +1203 +1203 +equal$/m);
  expect(out).toMatch(/^seen +1001 +1001 +equal$/m);
});

test('it is refused while a receiver runs on the file', async () => {
  const { path, migrate } = await populated();
  const letGo = lockForReceiver(path);
  onTestFinished(letGo);

  expect(await migrate()).toMatchObject({ code: 1, complaints: expect.stringContaining('another wandb-relay is running on') });
});

test('it is refused while a receiver is connected to the database', async () => {
  const { url, migrate } = await populated();
  const receiver = await openTarget(url);
  await receiver.check();

  expect(await migrate()).toMatchObject({ code: 1, complaints: expect.stringContaining('a receiver is connected to it') });
});

test('it is refused into a copy of another file, and into a database of the other kind', async () => {
  const [first, second] = [await populated(), await populated((store) => accept(store, eventOf('another')).then(() => undefined))];
  await first.migrate();
  expect(await second.migrate(first.url)).toMatchObject({
    code: 1,
    complaints: expect.stringContaining('holds a copy of another database'),
  });
  await (await openPostgres(second.url, { purpose: 'sandbox' })).close();

  expect(await second.migrate()).toMatchObject({ code: 1, complaints: expect.stringContaining('belongs to a sandbox receiver') });
});

test.each([
  ['file:none.db', 'postgres://127.0.0.1:9/relay', /^none\.db: there is no such database/],
  ['relay.db', 'postgres://127.0.0.1:9/relay', /^--from: must name a SQLite file/],
  ['file:relay.db', 'file:other.db', /^--to: must name a PostgreSQL database/],
  [
    'file:relay.db',
    'postgres://u:hidden-word@127.0.0.1:9/relay',
    /^relay\.db to postgres:\/\/127\.0\.0\.1:9\/relay: PostgreSQL does not answer/,
  ],
])('from %s to %s says in one line what is wrong', async (from, to, line) => {
  const { run, cwd } = commandLine();
  await sqliteStore(openSqlite(join(cwd, 'relay.db'))).close();

  const { code, complaints } = await run('migrate', '--from', from, '--to', to);

  expect([code, complaints]).toEqual([1, expect.stringMatching(line)]);
  expect(complaints).not.toContain('hidden-word');
});
