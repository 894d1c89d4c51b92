import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openSqlite } from '../../../receiver/store/sqlite/node-driver.ts';
import { sqliteStore } from '../../../receiver/store/sqlite/sqlite-store.ts';
import { scriptedServer } from '../../stand-ins/scripted-server.ts';
import { listeningReceiver } from '../endpoints-in-test.ts';
import { advance, lease, ruleOf } from '../store/engine-samples.ts';
import { accept, bury, claim, deliveryOf, eventOf, T0 } from '../store/samples.ts';
import { commandLine } from './command-io.ts';

const TOKEN = 'the-token-of-the-admin';
const MANY = 130;

/** A receiver that listens, with the database that the commands find in their folder: so both ways to it can be compared. */
async function receiverAndCommands(basePath = '') {
  const line = commandLine({}, { RELAY_ADMIN_TOKEN: TOKEN });
  const store = sqliteStore(openSqlite(join(line.cwd, 'relay.db')));
  const now = Date.now();
  await accept(
    store,
    ...['e1', 'e2', 'e3'].map((id) => eventOf(id, { at: now, subject: id, body: `{"big":12345678901234567890,"id":"${id}"}` })),
  );
  for (const claimed of await claim(store, now)) await bury(store, claimed, now);
  await accept(store, eventOf('e4', { at: now, subject: 'h', deliveries: [deliveryOf('held', { state: 'held', orderKey: 'h' })] }));
  await accept(store, eventOf('e5', { at: now, firings: [], event: { type: 'unknown', source: 'default' } }));
  const alias = {
    type: 'add_artifact_alias',
    source: 'default',
    entity: 'acme',
    project: 'train',
    collection: 'resnet50',
    alias: 'production',
  } as const;
  for (const [i, version] of ['v12', 'v13'].entries())
    await store.correctAlias({ event: { ...alias, version, author: 'ada' }, at: T0 + i });
  await lease(store);
  const detail = { name: 'loss-too-high', runs: 3, logged: false };
  await advance(store, { problem: 'W&B answered 502', rules: [ruleOf('loss-too-high', { detail })] });
  await store.keepRejected({ receivedAt: now, source: 'prod', status: 400, reason: 'line 1, column 2: nonsense', body: '{"' });
  const receiver = await listeningReceiver({ adminToken: TOKEN, wrap: () => store, basePath });
  return { ...line, store, url: `${receiver.url}${basePath}`, now, log: receiver.log };
}

describe('commands with --url', () => {
  it('print what they print beside the database', async () => {
    const { run, url } = await receiverAndCommands('/relay');
    const commands = [
      ['deliveries'],
      ['deliveries', '--state', 'dead', '--since', '1h', '--limit', '2'],
      ['deliveries', '--json'],
      ['deliveries', 'd-e1'],
      ['deliveries', 'd-e1', '--json'],
      ['deliveries', 'nothing-like-it'],
      ['events'],
      ['events', '--unmatched', '--json'],
      ['events', '--json'],
      ['events', '--type', 'unknown'],
      ['where'],
      ['where', 'resnet50', '--json'],
      ['where', 'acme/train/resnet50', '--alias', 'production'],
      ['where', 'bert'],
      ['automations'],
      ['automations', '--json'],
      ['rejected'],
      ['rejected', '--json'],
      ['replay', '--state', 'dead', '--dry-run'],
    ];
    for (const words of commands) {
      const here = await run(...words);
      expect(here.out + here.complaints).not.toBe('');
      expect([words, await run(...words, '--url', url)]).toEqual([words, here]);
    }
  });

  it('change deliveries: oldest first, with an exit code that says whether all of it was done', async () => {
    const { run, url, store } = await receiverAndCommands();

    expect(await run('replay', '--state', 'dead', '--url', url)).toMatchObject({
      code: 0,
      out: expect.stringMatching(/^d-e1 replayed\nd-e2 replayed\nd-e3 replayed\n3 of 3 replayed\./),
    });
    expect(await run('approve', 'held', 'none', '--as', 'ada', '--url', `${url}/`)).toMatchObject({
      code: 1,
      out: expect.stringContaining('held approved'),
      complaints: expect.stringContaining('none not approved: there is no such delivery'),
    });
    expect(await run('cancel', 'held', '--url', url)).toMatchObject({ code: 0 });
    expect((await store.delivery('held'))?.delivery.state).toBe('cancelled');
  });

  it('read and change more than one page', async () => {
    const { run, url, store, now } = await receiverAndCommands();
    await accept(store, ...Array.from({ length: MANY }, (_, i) => eventOf(`many-${i}`, { at: now, subject: `many-${i}` })));
    for (let left = MANY; left > 0; ) {
      const claimed = await claim(store, now);
      for (const one of claimed) await bury(store, one, now);
      left -= claimed.length;
    }

    expect(JSON.parse((await run('deliveries', '--json', '--limit', '1000', '--url', url)).out)).toHaveLength(MANY + 4);
    expect(await run('replay', '--state', 'dead', '--url', url)).toMatchObject({
      code: 0,
      out: expect.stringContaining(`${MANY + 3} of ${MANY + 3} replayed`),
    });
    expect((await store.counts()).deliveries.dead).toBeUndefined();
  });

  it('say what to do when they cannot', async () => {
    const { run, url } = await receiverAndCommands();
    const other = commandLine({}, { RELAY_ADMIN_TOKEN: 'not-the-token-at-all' });
    const none = commandLine();
    const closed = await listeningReceiver();

    expect(await other.run('events', '--url', url)).toMatchObject({ code: 1, complaints: expect.stringContaining('refused the token') });
    expect(await none.run('events', '--url', url)).toMatchObject({
      code: 1,
      complaints: expect.stringContaining('RELAY_ADMIN_TOKEN: is not set'),
    });
    expect(await run('events', '--url', closed.url)).toMatchObject({ code: 1, complaints: expect.stringContaining('has no admin API') });
    expect(await run('deliveries', 'any', '--url', closed.url)).toMatchObject({
      code: 1,
      complaints: expect.stringContaining('has no admin API'),
    });
    expect(await run('events', '--url', 'relay.example.com')).toMatchObject({
      code: 1,
      complaints: expect.stringContaining('is not the address'),
    });
    expect(await run('events', '--source', 'prod')).toMatchObject({ code: 1, complaints: expect.stringContaining('needs --url') });
    expect(await run('events', '--url', 'http://127.0.0.1:1')).toMatchObject({
      code: 1,
      complaints: expect.stringContaining('no answer from http://127.0.0.1:1'),
    });
  });

  it('send a change once, follow no redirect, and say when it may have been done', async () => {
    const { run } = await receiverAndCommands();
    const server = await scriptedServer(
      'reset',
      { status: 307, headers: { location: 'http://127.0.0.1:1/api' } },
      { status: 200, body: '<html>' },
    );

    expect(await run('cancel', 'held', '--url', server.url)).toMatchObject({
      code: 1,
      complaints: expect.stringContaining('It may have been done'),
    });
    expect(await run('cancel', 'held', '--url', server.url)).toMatchObject({
      code: 1,
      complaints: expect.stringContaining('answered 307'),
    });
    expect(await run('events', '--url', server.url)).toMatchObject({
      code: 1,
      complaints: expect.stringContaining('must be the address of a receiver'),
    });
    expect(server.requests.map(({ method }) => method)).toEqual(['POST', 'POST', 'GET']);
    expect(server.requests[0]).toMatchObject({
      url: '/api/deliveries/cancel',
      body: { ids: ['held'] },
      headers: { authorization: `Bearer ${TOKEN}` },
    });
  });

  it('ask for a source', async () => {
    const { run } = await receiverAndCommands();
    const server = await scriptedServer({ status: 200, body: { deliveries: [] } });

    await run('deliveries', '--state', 'dead', '--url', server.url, '--source', 'prod');
    expect(server.requests[0]?.url).toBe('/api/deliveries?state=dead&limit=50&source=prod');
  });
});
