import { beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { DatabaseAwayError, type DriverOptions, openDriver, type PostgresDriver } from '../../../receiver/store/postgres/driver.ts';
import type { PostgresDatabases } from '../../stand-ins/postgres.ts';
import { sharedPostgres } from '../../stand-ins/shared-postgres.ts';

let server: PostgresDatabases;
beforeAll(async () => {
  server = await sharedPostgres();
});

async function open(options?: DriverOptions): Promise<{ url: string; driver: PostgresDriver }> {
  const url = await server.newDatabase();
  const driver = openDriver(url, options);
  onTestFinished(() => driver.close());
  return { url, driver };
}

describe('a connection', () => {
  test('to a server that takes no writes is given up: after a failover only a new one finds the primary', async () => {
    const { url, driver } = await open({ maxConnections: 1 });
    const name = new URL(url).pathname.slice(1);
    const elsewhere = new URL('/postgres', url).href;
    await server.run(url, `CREATE TABLE t (n INT); ALTER DATABASE ${name} SET default_transaction_read_only = on`);
    await expect(driver.run('INSERT INTO t VALUES (1)')).rejects.toThrow(DatabaseAwayError);
    await expect(driver.transaction([], (sql) => sql.run('INSERT INTO t VALUES (1)'))).rejects.toThrow(
      'PostgreSQL cannot serve: cannot execute INSERT in a read-only transaction',
    );

    await server.run(elsewhere, `ALTER DATABASE ${name} RESET default_transaction_read_only`);

    expect(await driver.run('INSERT INTO t VALUES (2)')).toBe(1);
    expect(await driver.transaction([], (sql) => sql.run('INSERT INTO t VALUES (3)'))).toBe(1);
  });

  test('that does not answer does not keep the driver from being closed', async () => {
    const { driver } = await open({ maxConnections: 1, statementTimeoutMs: 100 });
    const [backend] = await driver.rows<{ pid: number }>('SELECT pg_backend_pid() AS pid');
    const socketClosed = new Promise<void>((resolve) => {
      const client = driver.newClient();
      client.on('error', () => undefined);
      client.once('end', resolve);
      void client.connect().catch(() => undefined);
    });
    process.kill(backend!.pid, 'SIGSTOP');
    onTestFinished(() => void process.kill(backend!.pid, 'SIGCONT'));
    const asked = driver.rows('SELECT 1');

    await driver.close();

    await expect(asked).rejects.toThrow(DatabaseAwayError);
    await socketClosed;
  });
});

describe('a statement', () => {
  test('that takes too long is ended', async () => {
    const { driver } = await open({ statementTimeoutMs: 100 });

    await expect(driver.rows('SELECT pg_sleep(10)')).rejects.toThrow(/statement timeout/);
  });

  test('of an unlimited transaction is not, on neither side', async () => {
    const { driver } = await open({ statementTimeoutMs: 100 });
    const slow = "SELECT 'slept' AS how FROM pg_sleep(2.5)";

    expect(await driver.transaction([], (sql) => sql.rows(slow), { unlimited: true })).toEqual([{ how: 'slept' }]);
    await expect(driver.transaction([], (sql) => sql.rows(slow))).rejects.toThrow(/statement timeout/);
  });
});
