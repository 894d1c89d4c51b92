import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { type PostgresServer, startPostgres } from '../../stand-ins/postgres.ts';
import { eventually, type ReceiverProcess, runCommand, type StopSignal } from '../../stand-ins/receiver-process.ts';
import { probe, realReceiver, receiverFolder, send, takingDispatches } from './real-receiver.ts';

/**
 * What a stop may take, whatever hangs: eight seconds, and a moment for a busy machine; Docker kills after ten. Milliseconds.
 */
const STOP_MS = 9_500;

let server: PostgresServer;
beforeAll(async () => {
  server = await startPostgres();
});
afterAll(() => server.remove());

/** Its exit code, and whether it ended in time. */
async function stopped(relay: ReceiverProcess, signal: StopSignal = 'SIGTERM'): Promise<{ code: number | null; inTime: boolean }> {
  const asked = performance.now();
  const code = await relay.end(signal);
  return { code, inTime: performance.now() - asked < STOP_MS };
}

/** A server that takes connections and never says anything. */
async function silentServer(): Promise<string> {
  const sockets = new Set<Socket>();
  const silent = createServer((socket) => void sockets.add(socket.on('error', () => undefined))).listen(0, '127.0.0.1');
  await once(silent, 'listening');
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    silent.close();
  });
  const address = silent.address();
  return `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`;
}

/** A connection to the receiver on which something was sent. */
async function connection(relay: ReceiverProcess, text: string): Promise<Socket> {
  const socket = connect(Number(new URL(relay.url).port), '127.0.0.1');
  socket.on('error', () => undefined);
  onTestFinished(() => void socket.destroy());
  await once(socket, 'connect');
  socket.write(text);
  return socket;
}

test('a stop is not kept by a GitHub that does not answer, and writes down that it is unclear what came of it', async () => {
  const github = await takingDispatches();
  github.hang();
  const folder = receiverFolder();
  const relay = await realReceiver({ folder, github: github.url });
  const { body } = await send(relay.url, 'v1');
  await eventually('it is being sent', () => github.versions.length === 1);

  expect(await stopped(relay)).toEqual({ code: 0, inTime: true });

  const shown = await runCommand(['deliveries', body.deliveries?.[0]?.id ?? '', '--json'], { cwd: folder });
  expect(JSON.parse(shown.stdout)).toMatchObject({ delivery: { state: 'pending' }, attempts: [{ outcome: 'ambiguous' }] });
});

test.each(['SIGTERM', 'SIGINT'] as const)('%s ends it with connections that are kept alive, stalled and half sent', async (signal) => {
  const github = await takingDispatches();
  const relay = await realReceiver({ folder: receiverFolder(), github: github.url });
  const kept = await connection(relay, 'GET /healthz HTTP/1.1\r\nHost: relay\r\n\r\n');
  await once(kept, 'data');
  await connection(relay, 'POST /webhooks/wandb HTTP/1.1\r\nHost: relay\r\nContent-Length: 1000\r\n\r\n{"half":');
  await connection(relay, 'POST /webhooks/wandb HTTP/1.1\r\nHost: relay\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{"a":\r\n');
  await connection(relay, 'POST /webhooks/wandb HTTP/1.1\r\nHo');

  expect(await stopped(relay, signal)).toEqual({ code: 0, inTime: true });
});

test('a stop is not kept by W&B and Slack that do not answer', async () => {
  const silent = await silentServer();
  const folder = receiverFolder();
  writeFileSync(
    join(folder, 'wandb-relay.yaml'),
    `version: 1
routes:
  - name: deploy
    on: { event: add_artifact_alias }
    to:
      - { repository_dispatch: { repository: acme/deploy, event_type: go } }
      - { slack: { channel: '#ml' } }
`,
  );
  const environment = {
    SLACK_BOT_TOKEN: 'xoxb-of-a-test',
    SLACK_APP_TOKEN: 'xapp-of-a-test',
    SLACK_API_URL: silent,
    WANDB_API_KEY: 'a-key-of-a-test-only',
    WANDB_BASE_URL: silent,
  };
  const relay = await realReceiver({ folder, github: silent, environment });
  await send(relay.url, 'v1');
  await new Promise((resolve) => setTimeout(resolve, 500));

  expect(await stopped(relay)).toEqual({ code: 0, inTime: true });
});

test('a stop is not kept by a locked database file', async () => {
  const github = await takingDispatches();
  const folder = receiverFolder();
  const relay = await realReceiver({ folder, github: github.url });
  await send(relay.url, 'v1');
  const other = new DatabaseSync(join(folder, 'relay.db'), { timeout: 5_000 });
  onTestFinished(() => other.close());
  other.exec('BEGIN IMMEDIATE');
  const refused = send(relay.url, 'v2').catch(() => undefined);

  expect(await stopped(relay)).toEqual({ code: 0, inTime: true });

  await refused;
});

test('a stop is not kept by a PostgreSQL that hangs', async () => {
  const github = await takingDispatches();
  const environment = { DATABASE_URL: await server.newDatabase() };
  const relay = await realReceiver({ folder: receiverFolder(), github: github.url, environment });
  expect((await send(relay.url, 'v1')).status).toBe(202);
  const thaw = await server.freeze();
  onTestFinished(thaw);
  const refused = send(relay.url, 'v2').catch(() => undefined);
  await new Promise((resolve) => setTimeout(resolve, 500));

  expect(await stopped(relay)).toEqual({ code: 0, inTime: true });

  thaw();
  await refused;
});

test('a start that waits for a PostgreSQL that hangs ends when it is asked to', async () => {
  const github = await takingDispatches();
  const silent = new URL(await silentServer());
  let asked = 0;
  const starting = realReceiver({
    folder: receiverFolder(),
    github: github.url,
    environment: { DATABASE_URL: `postgres://relay@127.0.0.1:${silent.port}/relay` },
    // Its first line says that it waits for the database; a while later it waits for an answer again.
    startedAs: (child) =>
      void child.stdout?.once('data', async () => {
        await new Promise((resolve) => setTimeout(resolve, 1_500));
        asked = performance.now();
        child.kill('SIGTERM');
      }),
  });

  await expect(starting).rejects.toThrow('the receiver ended with 0');

  expect(performance.now() - asked).toBeLessThan(STOP_MS);
});

test('while PostgreSQL hangs, health is answered at once', async () => {
  const github = await takingDispatches();
  const environment = { DATABASE_URL: await server.newDatabase() };
  const relay = await realReceiver({ folder: receiverFolder(), github: github.url, environment });
  const thaw = await server.freeze();
  onTestFinished(thaw);

  const { status, ms } = await probe(`${relay.url}/healthz`);

  // Whatever waits for PostgreSQL waits for seconds.
  expect([status, ms < 2_500]).toEqual([200, true]);
});
