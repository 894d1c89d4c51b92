import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { type PostgresServer, startPostgres } from '../../stand-ins/postgres.ts';
import { eventually, type ReceiverProcess, runCommand, startReceiver } from '../../stand-ins/receiver-process.ts';
import { temporaryFolder } from '../../stand-ins/temporary-folder.ts';
import { aliasBody, post } from '../../stand-ins/wandb-sender.ts';

const SECRET = 'a-secret-for-tests-only';
const CONFIG = `version: 1
routes:
  - name: deploy
    on: { event: add_artifact_alias }
    to: [{ repository_dispatch: { repository: acme/deploy, event_type: go } }]
`;

let server: PostgresServer;
beforeAll(async () => {
  server = await startPostgres();
});
afterAll(() => server.remove());

/** A sandbox: it takes everything, and sends to nobody. */
async function receiver(folder: string, url: string, startedAs?: (child: ChildProcess) => void): Promise<ReceiverProcess> {
  const environment = { DATABASE_URL: url, WANDB_WEBHOOK_SECRET: SECRET };
  const process = await startReceiver({ cwd: folder, environment, words: ['--sandbox'], ...(startedAs && { startedAs }) });
  onTestFinished(async () => {
    await process.end('SIGKILL');
  });
  return process;
}

function folderWithConfig(): string {
  const folder = temporaryFolder();
  writeFileSync(join(folder, 'wandb-relay.yaml'), CONFIG);
  return folder;
}

const status = async (path: string) => (await fetch(path)).status;

test('two receivers share a database, and the command line looks into it', async () => {
  const url = await server.newDatabase();
  const folder = folderWithConfig();
  const [first, second] = [await receiver(folder, url), await receiver(folder, url)];

  const accepted = await post(`${first.url}/webhooks/wandb`, aliasBody('v1'), SECRET);
  expect(accepted.status).toBe(202);
  const { id } = accepted.body;
  expect((await post(`${second.url}/webhooks/wandb`, aliasBody('v1'), SECRET)).body).toMatchObject({ status: 'duplicate', id });

  const recorded = () => [first, second].flatMap(({ log }) => log.filter(({ msg }) => msg === 'dispatch recorded, not sent (sandbox)'));
  await eventually('the dispatch is recorded', () => recorded().length > 0);
  const { stdout, code } = await runCommand(['deliveries', '--json'], { cwd: folder, environment: { DATABASE_URL: url } });
  expect([code, JSON.parse(stdout)]).toEqual([0, [expect.objectContaining({ eventId: id })]]);
  expect([await first.end('SIGTERM'), await second.end('SIGTERM')]).toEqual([0, 0]);
  expect(recorded()).toHaveLength(1);
  expect(first.log.find(({ msg }) => msg === 'listening')).toMatchObject({
    database: expect.stringMatching(/^postgres:\/\/127\.0\.0\.1:\d+\/relay_/),
  });
});

test('while the database is away events are refused with 503 and it is not ready; then it goes on by itself', async () => {
  const url = await server.newDatabase();
  const relay = await receiver(folderWithConfig(), url);
  const send = (version: string) => post(`${relay.url}/webhooks/wandb`, aliasBody(version), SECRET);
  expect([(await send('v1')).status, await status(`${relay.url}/readyz`)]).toEqual([202, 200]);

  await server.stop();
  const asked = performance.now();
  expect((await send('v2')).status).toBe(503);
  // A check of the store counts for a second.
  await eventually('it is not ready', async () => (await status(`${relay.url}/readyz`)) === 503, 8_000);
  expect(await status(`${relay.url}/healthz`)).toBe(200);
  expect(performance.now() - asked).toBeLessThan(15_000);
  await server.start();

  await eventually('it is ready again', async () => (await status(`${relay.url}/readyz`)) === 200);
  expect((await send('v2')).status).toBe(202);
  expect(await relay.end('SIGTERM')).toBe(0);
  expect(relay.log.map(({ msg }) => msg)).toContainEqual(expect.stringMatching(/^the store failed: PostgreSQL does not answer: /));
  expect(JSON.stringify(relay.log)).not.toContain('relay:relay');
});

test('a receiver that starts waits for a database that is away', async () => {
  const url = await server.newDatabase();
  await server.stop();
  let printed = '';
  const collect = (child: ChildProcess) =>
    void child.stdout?.on('data', (text) => {
      printed += text;
    });
  const starting = receiver(folderWithConfig(), url, collect);
  await eventually('it waits', () => printed.includes('waiting for the database'), 60_000);
  await server.start();

  const relay = await starting;
  expect(relay.log.map(({ msg }) => msg)).toContain('waiting for the database');
  expect(JSON.stringify(relay.log)).not.toContain('relay:relay');
  expect(await status(`${relay.url}/readyz`)).toBe(200);
});

test('a receiver does not start without a database of its own, and says why', async () => {
  const { host } = new URL(await server.newDatabase());
  const { code, stderr } = await runCommand(['serve', '--sandbox'], {
    cwd: folderWithConfig(),
    environment: { DATABASE_URL: `postgres://nobody:hidden-password@${host}/elsewhere` },
  });

  expect([code, stderr]).toEqual([1, expect.stringMatching(/^DATABASE_URL: postgres:\/\/127\.0\.0\.1:\d+\/elsewhere: .*nobody/)]);
  expect(stderr).not.toContain('hidden-password');
});

test('a certificate that is not there is named', async () => {
  const { code, stderr } = await runCommand(['serve', '--sandbox'], {
    cwd: folderWithConfig(),
    environment: { DATABASE_URL: 'postgres://relay@127.0.0.1:9/relay?sslmode=verify-full&sslrootcert=/nowhere/ca.pem' },
  });

  expect([code, stderr]).toEqual([
    1,
    expect.stringMatching(/^DATABASE_URL: postgres:\/\/127\.0\.0\.1:9\/relay: ENOENT.*\/nowhere\/ca\.pem/),
  ]);
});

test('what one receiver cannot send waits for one that can: a new secret is rolled out one receiver at a time', async () => {
  const posted: string[] = [];
  const slack = createServer((request, response) => {
    posted.push(request.url ?? '');
    response.setHeader('content-type', 'application/json').end(JSON.stringify({ ok: true, channel: 'C012ML', ts: '1.000001' }));
  }).listen(0, '127.0.0.1');
  await once(slack, 'listening');
  onTestFinished(() => void slack.close());
  const environment = { DATABASE_URL: await server.newDatabase(), WANDB_WEBHOOK_SECRET: SECRET };
  const cwd = temporaryFolder();
  writeFileSync(join(cwd, 'wandb-relay.yaml'), CONFIG.replace(/to: .*/, "to: [{ slack: { channel: '#ml' } }]"));
  const start = async (more: Readonly<Record<string, string>>) => {
    const process = await startReceiver({ cwd, environment: { ...environment, GITHUB_TOKEN: 'ghp_of_a_test_only', ...more } });
    onTestFinished(async () => void (await process.end('SIGKILL')));
    return process;
  };
  const states = async () => {
    const { stdout } = await runCommand(['deliveries', '--json'], { cwd, environment });
    return (JSON.parse(stdout) as { state: string }[]).map(({ state }) => state);
  };

  const old = await start({});
  await post(`${old.url}/webhooks/wandb`, aliasBody('v1'), SECRET);
  // It looks at the queue at once, and again before this is over.
  expect(await states()).toEqual(['pending']);
  const { port } = slack.address() as AddressInfo;
  await start({ SLACK_BOT_TOKEN: 'xoxb-of-a-test', SLACK_SIGNING_SECRET: 'a-signing-secret', SLACK_API_URL: `http://127.0.0.1:${port}` });

  await eventually('the message is delivered', async () => (await states()).join() === 'delivered');
  expect(posted.filter((path) => path.includes('chat.postMessage'))).toHaveLength(1);
  expect(old.log.map(({ msg }) => msg)).toContainEqual(expect.stringContaining('messages wait for a receiver'));
});
