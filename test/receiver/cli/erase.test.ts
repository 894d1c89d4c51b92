import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { sqliteStore } from '../../../receiver/store/sqlite/sqlite-store.ts';
import { eventually, runCommand } from '../../stand-ins/receiver-process.ts';
import { openMigrated } from '../../stand-ins/sqlite-in-test.ts';
import { aliasBody, post } from '../../stand-ins/wandb-sender.ts';
import { listeningReceiver } from '../endpoints-in-test.ts';
import { accept, eventOf, T0 } from '../store/samples.ts';
import { commandLine } from './command-io.ts';
import { realReceiver, receiverFolder, SECRET, send, takingDispatches } from './real-receiver.ts';

const EVENT = { type: 'link_artifact', source: 'default', author: 'ada', collection: 'c' } as const;

async function withEvents(changes: Parameters<typeof commandLine>[2] = {}) {
  const line = commandLine({}, {}, changes);
  const path = join(line.cwd, 'relay.db');
  const store = sqliteStore(openMigrated(path));
  const done = Array.from({ length: 150 }, (_, n) =>
    eventOf(`e${n}`, { event: EVENT, body: `{"author":"ada","n":${n}}`, subject: `s${n}`, deliveries: [] }),
  );
  await accept(store, ...done, eventOf('open', { event: EVENT, at: T0 + 1, subject: 'open' }));
  await store.close();
  return { ...line, path };
}

/** How often the name is in the bytes of the file; what the samples have for a hash holds the body. */
function namesIn(path: string): number {
  return readFileSync(path, 'latin1').match(/(?<!hash of .{0,12})"ada"/g)?.length ?? 0;
}

test('says first what would change, and changes nothing without being told to', async () => {
  const { run, path } = await withEvents();
  const dry = await run('erase', '--user', 'ada', '--dry-run');
  expect([dry.code, dry.out]).toEqual([
    0,
    'TABLE   WOULD CHANGE  NOT YET\nevents  150           1\n150 rows would be changed. Nothing was changed.\n1 not yet: something of their events waits, is being sent or awaits approval. Run it again when that is over, or cancel it.\n',
  ]);
  expect((await run('erase', '--user', 'ada')).complaints).toBe('erase: it cannot be undone: look with --dry-run, then give --yes\n');
  expect((await run('erase', '--user', 'ada', '--dry-run')).out).toBe(dry.out);
  expect(namesIn(path)).toBeGreaterThan(300);
});

test('leaves nothing of the name in the file where no receiver runs, and says what stays for now', async () => {
  const { run, path } = await withEvents();
  const { code, out } = await run('erase', '--user', 'ada', '--yes');
  expect([code, out]).toEqual([
    4,
    expect.stringMatching(/^ada becomes (erased-[0-9a-f]{8})\. .*--as \1\.\nTABLE +CHANGED +NOT YET\nevents +150 +1\n/),
  ]);
  expect(out).not.toContain('Unused space');
  // Once in the event that is not finished.
  expect(namesIn(path)).toBe(1);
  await run('cancel', 'd-open');
  const again = await run('erase', '--user', 'ada', '--yes', '--as', /erased-[0-9a-f]{8}/.exec(out)?.[0] ?? '');
  expect([again.code, again.out]).toEqual([0, expect.stringContaining('1 row changed.')]);
  expect(namesIn(path)).toBe(0);
});

test('asks at a terminal', async () => {
  const answers = ['no', 'yes'];
  const { run } = await withEvents({ ask: async () => answers.shift() });
  expect((await run('erase', '--user', 'ada')).complaints).toBe('erase: nothing was changed\n');
  expect((await run('erase', '--user', 'ada')).out).toContain('150 rows changed.');
});

test.each([
  [['--user', '42'], '--user: "42" cannot be erased: a name has a letter\n'],
  [['--user', 'ada', '--as', 'bob'], '--as: "bob" is no pseudonym that this command makes, such as erased-1a2b3c4d\n'],
])('%j is refused', async (words, complaint) => {
  const { run } = await withEvents();
  expect((await run('erase', ...words)).complaints).toBe(complaint);
});

test('asks a receiver elsewhere to do it, part by part, with a token that may', async () => {
  const token = 'an-admin-token-for-tests';
  const line = commandLine({}, { RELAY_ADMIN_TOKEN: token });
  const store = sqliteStore(openMigrated(join(line.cwd, 'relay.db')));
  const events = Array.from({ length: 3_100 }, (_, n) =>
    eventOf(`e${n}`, { event: EVENT, body: `{"author":"ada","n":${n}}`, subject: `s${n}`, deliveries: [] }),
  );
  await accept(store, ...events, eventOf('open', { event: EVENT, at: T0 + 1, subject: 'open' }));
  const { url, log } = await listeningReceiver({ adminToken: token, wrap: () => ({ ...store, claim: async () => [] }) });
  const dry = await line.run('erase', '--user', 'ada', '--dry-run', '--url', url);
  expect([dry.code, dry.out]).toEqual([
    0,
    expect.stringMatching(/^TABLE +WOULD CHANGE +NOT YET\nevents +3100 +1\n3100 rows would be changed/),
  ]);
  expect((await store.event('e0'))?.event.author).toBe('ada');
  const done = await line.run('erase', '--user', 'ada', '--yes', '--as', 'erased-1a2b3c4d', '--url', url);
  expect([done.code, done.out]).toEqual([4, expect.stringMatching(/events +3100 +1\n.*unused space: to remove them, stop it/s)]);
  for (const id of ['e0', 'e3099']) expect((await store.event(id))?.event.author).toBe('erased-1a2b3c4d');
  const logged = log.filter(({ path }) => path === '/api/erase');
  // Each request has its share, and none says whose names they were.
  expect(logged.length).toBeGreaterThan(3);
  expect(JSON.stringify(logged)).toContain('erase by admin');
  expect(JSON.stringify(log)).not.toMatch(/\bada\b/);
  const wrong = commandLine({}, { RELAY_ADMIN_TOKEN: 'another-token-for-tests' });
  expect((await wrong.run('erase', '--user', 'ada', '--yes', '--url', url)).complaints).toContain('refused the token');
  expect((await line.run('erase', '--user', 'ada', '--source', 'prod')).complaints).toContain('--source: says which source');
});

test('works while a receiver takes and sends events, and that goes on', async () => {
  const github = await takingDispatches();
  const folder = receiverFolder();
  const relay = await realReceiver({ folder, github: github.url });
  for (let n = 0; n < 20; n++) expect((await post(`${relay.url}/webhooks/wandb`, aliasBody(`v${n}`), SECRET)).status).toBe(202);
  await eventually('all are sent', () => github.versions.length === 20);
  let isOver = false;
  const statuses: number[] = [];
  const load = (async () => {
    for (let n = 20; !isOver; n++) statuses.push((await send(relay.url, `v${n}`)).status);
  })();
  const { code, stdout, stderr } = await runCommand(['erase', '--user', 'ada', '--yes'], { cwd: folder });
  isOver = true;
  await load;
  expect([[0, 4].includes(code ?? 1), stderr, stdout]).toEqual([true, '', expect.stringContaining('Unused space in the file')]);
  expect(new Set(statuses)).toEqual(new Set([202]));
  await eventually('the others are sent', () => github.versions.length === 20 + statuses.length);
  const { stdout: events } = await runCommand(['export-events'], { cwd: folder });
  expect(events.split('\n', 1)[0]).toMatch(/"author":"erased-[0-9a-f]{8}"/);
});
