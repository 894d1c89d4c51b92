import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { passwordsOf, postgresName, readDatabaseUrl } from '../../receiver/database-url.ts';
import type { PostgresDatabases } from '../stand-ins/postgres.ts';
import { eventually, runCommand, startReceiver } from '../stand-ins/receiver-process.ts';
import { sharedPostgres } from '../stand-ins/shared-postgres.ts';
import { temporaryFolder } from '../stand-ins/temporary-folder.ts';
import { aliasBody, post } from '../stand-ins/wandb-sender.ts';

describe('DATABASE_URL of PostgreSQL', () => {
  it.each([
    [
      'postgres://relay:long-enough-secret@/relay?host=/var/run/postgresql',
      'postgres:///relay?host=/var/run/postgresql',
      ['long-enough-secret'],
    ],
    ['postgres:///relay?host=/run/pg&port=5433&password=long-enough-secret', 'postgres:///relay?host=/run/pg', ['long-enough-secret']],
    ['postgresql://relay:a%2Flong-enough-secret@db:5432/relay?sslmode=verify-full', 'postgres://db:5432/relay', ['a/long-enough-secret']],
    ['postgres://relay:p,w@db/relay', 'postgres://db/relay', []],
  ])('%s', (url, name, passwords) => {
    const errors: string[] = [];
    expect([readDatabaseUrl(url, errors).postgresUrl, errors]).toEqual([url, []]);
    expect(postgresName(url)).toBe(name);
    expect(passwordsOf(url)).toEqual(passwords);
  });
});

describe('a Unix socket', () => {
  let server: PostgresDatabases;
  beforeAll(async () => {
    server = await sharedPostgres();
  });

  it('carries the receiver and its commands', async () => {
    const tcp = new URL(await server.newDatabase());
    const [row] = await server.run(tcp.href, 'SHOW unix_socket_directories');
    const folder = String(row?.unix_socket_directories).split(',')[0]?.trim();
    const socket = `postgres://relay:relay@${tcp.pathname}?host=${folder}&port=${tcp.port}`;
    const cwd = temporaryFolder();
    writeFileSync(
      join(cwd, 'wandb-relay.yaml'),
      'version: 1\nroutes: [{ name: a, on: { event: add_artifact_alias }, to: [{ repository_dispatch: { repository: acme/a, event_type: go } }] }]\n',
    );
    const environment = { DATABASE_URL: socket, WANDB_WEBHOOK_SECRET: 'a-secret-for-tests-only' };
    const receiver = await startReceiver({ cwd, environment, words: ['--sandbox'] });
    onTestFinished(async () => void (await receiver.end('SIGKILL')));
    expect((await fetch(`${receiver.url}/readyz`)).status).toBe(200);
    expect((await post(`${receiver.url}/webhooks/wandb`, aliasBody('v1'), 'a-secret-for-tests-only')).status).toBe(202);
    await eventually('the dispatch is recorded', () => receiver.log.some((line) => line.msg === 'dispatch recorded, not sent (sandbox)'));
    expect(receiver.log.find((line) => line.msg === 'listening')).toMatchObject({ database: `postgres://${tcp.pathname}?host=${folder}` });
    const connected = await server.run(
      tcp.href,
      `SELECT client_addr FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'wandb-relay'`,
    );
    expect(connected.length).toBeGreaterThan(0);
    expect(connected.every(({ client_addr }) => client_addr === null)).toBe(true);
    expect((await runCommand(['deliveries'], { cwd, environment })).stdout).toContain('delivered');
    expect(await receiver.end('SIGTERM')).toBe(0);
  });
});
