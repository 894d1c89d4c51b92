import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { sqliteStore } from '../../../receiver/store/sqlite/sqlite-store.ts';
import { scriptedServer } from '../../stand-ins/scripted-server.ts';
import { openMigrated } from '../../stand-ins/sqlite-in-test.ts';
import { TOKENS, testApi } from '../admin/openapi/api-in-test.ts';
import { listeningReceiver } from '../endpoints-in-test.ts';
import { advance, lease, ruleOf } from '../store/engine-samples.ts';
import { accept, bury, claim, deliveryOf, eventOf, T0 } from '../store/samples.ts';
import { commandLine } from './command-io.ts';

const TOKEN = 'the-token-of-the-admin';
const MANY = 130;

/** A receiver that listens, with the database that the commands find in their folder: so both ways to it can be compared. */
async function receiverAndCommands(basePath = '') {
  const line = commandLine({}, { RELAY_ADMIN_TOKEN: TOKEN });
  const store = sqliteStore(openMigrated(join(line.cwd, 'relay.db')));
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
  // It sends nothing: what the commands change is to stay as they leave it.
  const receiver = await listeningReceiver({ adminToken: TOKEN, wrap: () => ({ ...store, claim: async () => [] }), basePath });
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
      ['events', 'e1'],
      ['events', 'e1', '--json'],
      ['events', 'nothing-like-it'],
      ['events'],
      ['export-events'],
      ['export-events', '--since', '1h', '--until', '2026-01-01'],
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

  it('pause, resume, mute and reject, in the name of whoever does it', async () => {
    const { run, url, store, log, cwd } = await receiverAndCommands('/relay');
    writeFileSync(join(cwd, 'token'), `${TOKEN}\n`);
    const ask = (...words: string[]) => run(...words, '--url', url, '--token-file', 'token');

    expect(await ask('pause', '--credential', 'github', '--as', 'ada', '--reason', 'a test')).toMatchObject({ code: 0, complaints: '' });
    expect(await store.pauses()).toMatchObject([{ by: 'ada', reason: 'a test', scope: { kind: 'credential', name: 'github' } }]);
    expect(await ask('replay', 'd-e1', '--as', 'ada')).toMatchObject({ code: 0 });
    // What a credential holds back is paused, on the list and alone.
    for (const words of [
      ['deliveries', 'd-e1'],
      ['deliveries', '--state', 'pending'],
      ['events', 'e1'],
    ])
      expect([words, (await ask(...words)).out]).toEqual([words, expect.stringMatching(/\bpaused\b/)]);
    expect(await ask('pause', '--credential', 'github', '--as', 'ada')).toMatchObject({
      code: 1,
      complaints: expect.stringContaining('paused already'),
    });
    expect(await ask('resume', '--credential', 'github', '--as', 'ben')).toMatchObject({
      code: 0,
      out: expect.stringContaining('is resumed'),
    });
    expect(await store.pauses()).toEqual([]);
    for (const [msg, by] of [
      ['paused', 'ada'],
      ['resumed', 'ben'],
    ])
      expect(log).toContainEqual(expect.objectContaining({ msg, by, what: 'credential github' }));

    expect(await ask('mute', 'e1', '--route', 'deploy', '--for', '8h', '--as', 'ada')).toMatchObject({
      code: 0,
      out: expect.stringContaining('for 8 h.'),
    });
    expect(await store.mutes(Date.now())).toMatchObject([{ route: 'deploy', subjectKey: 'e1', by: 'ada, by the admin API' }]);
    expect(await ask('unmute', 'e1', '--route', 'deploy', '--as', 'ada')).toMatchObject({ code: 0 });
    expect(await store.mutes(Date.now())).toEqual([]);
    expect(await ask('mute', 'none', '--route', 'deploy', '--as', 'ada')).toMatchObject({
      code: 1,
      complaints: expect.stringContaining('no such event'),
    });

    expect(await ask('reject', 'held', '--as', 'ada', '--reason', 'not now')).toMatchObject({ code: 0 });
    const notes = JSON.stringify([(await store.delivery('held'))?.notes, (await store.delivery('d-e1'))?.notes]);
    expect(notes).toContain('ada, by the admin API');
    expect(notes).toContain('not now');
  });

  it('roll back at a receiver of its own, with a token that may; who may only read is told', async () => {
    const { api } = await testApi();
    const url = api.replace(/\/api$/, '');
    const [admin, viewer] = [TOKENS.ada, TOKENS.viewer].map((token) => commandLine({}, { RELAY_ADMIN_TOKEN: token }));
    const words = ['rollback', 'resnet50', '--alias', 'production', '--as', 'ada', '--url', url];
    expect(await viewer?.run(...words)).toMatchObject({
      code: 1,
      complaints: expect.stringContaining('refused the change: You may only read'),
    });
    expect(await admin?.run(...words)).toMatchObject({
      code: 0,
      out: expect.stringContaining('resnet50 v1 is deployed again for production.'),
    });
    expect(await viewer?.run('automations', '--url', url)).toMatchObject({ code: 0, out: expect.stringContaining('loss-too-high') });
    expect(await viewer?.run('export-events', '--url', url)).toMatchObject({ code: 0, out: expect.stringContaining('"by":"ada"') });
    // A named token says who it is; a shared one does not.
    const shared = commandLine({}, { RELAY_ADMIN_TOKEN: TOKENS.shared });
    for (const words of [
      ['pause', '--route', 'deploy'],
      ['resume', '--route', 'deploy'],
      ['mute', 'v1', '--route', 'deploy'],
      ['approve', 'd-h1'],
    ]) {
      const done = await shared.run(...words, '--url', url);
      if (words[0] !== 'mute')
        expect([words, done]).toMatchObject([words, { code: 1, complaints: expect.stringContaining('say who it is, such as --as ada') }]);
      expect([words, await admin?.run(...words, '--url', url)]).toMatchObject([words, { code: 0, complaints: '' }]);
    }
    expect(await admin?.run('pause', '--as', 'ben', '--route', 'deploy', '--url', url)).toMatchObject({
      code: 1,
      complaints: expect.stringContaining("this token is ada's, so leave it out"),
    });
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
    await accept(store, ...Array.from({ length: MANY }, (_, i) => eventOf(`more-${i}`, { at: now, subject: `more-${i}`, deliveries: [] })));
    const exported = await run('export-events', '--url', url);
    expect(exported).toMatchObject({ code: 0, complaints: '', out: (await run('export-events')).out });
    expect(exported.out.split('\n').filter((line) => line.includes('"kind":"event"'))).toHaveLength(2 * MANY + 5);
    expect((await run('export-events', '--url', url, '--out', 'all.jsonl')).out).toMatch(/^all\.jsonl: 26\d lines\n$/);
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
    expect(await run('events', '--token-file', 'none')).toMatchObject({
      code: 1,
      complaints: expect.stringContaining('--token-file: needs --url'),
    });
    expect(await run('events', '--url', url, '--token-file', 'none')).toMatchObject({
      code: 1,
      complaints: expect.stringContaining('--token-file: none: cannot be read'),
    });
    expect(await run('events', '--url', `${url}/elsewhere`)).toMatchObject({
      code: 1,
      complaints: expect.stringContaining('has no admin API: start the receiver with RELAY_ADMIN_TOKEN, and name it with its base path'),
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
      complaints: expect.stringContaining('answered 307, a redirect to http://127.0.0.1:1, which is not followed'),
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

  it('name a receiver that is older, and a token that may only read', async () => {
    const { run } = await receiverAndCommands();
    const missing = { status: 404, body: { type: 'about:blank', title: 'Not Found', status: 404, detail: 'There is nothing here.' } };
    const server = await scriptedServer(missing, { status: 200, body: {} }, missing, missing, {
      status: 403,
      body: { type: 'about:blank', title: 'Forbidden', status: 403, detail: 'You may only read. Ask an admin of this receiver to do it.' },
    });

    expect(await run('pause', '--as', 'ada', '--url', server.url)).toMatchObject({
      code: 1,
      complaints: expect.stringContaining('does not know POST /api/pauses: it runs an older version than this command'),
    });
    expect(await run('pause', '--as', 'ada', '--url', server.url)).toMatchObject({
      code: 1,
      complaints: expect.stringContaining('has no admin API'),
    });
    expect(await run('pause', '--as', 'ada', '--url', server.url)).toMatchObject({
      code: 1,
      complaints: expect.stringContaining('refused the change: You may only read'),
    });
    expect(server.requests.map(({ url }) => url)).toEqual(['/api/pauses', '/api/status', '/api/pauses', '/api/status', '/api/pauses']);
  });

  it('ask for a source', async () => {
    const { run } = await receiverAndCommands();
    const server = await scriptedServer({ status: 200, body: { deliveries: [] } });

    await run('deliveries', '--state', 'dead', '--url', server.url, '--source', 'prod');
    expect(server.requests[0]?.url).toBe('/api/deliveries?state=dead&limit=50&source=prod');
  });
});
