import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { messageOf } from '../../src/lib/error-message.ts';
import { postgresName } from '../database-url.ts';
import { DEFAULT_DATABASE_PATH, type Environment, readEnvironment } from '../environment.ts';
import type { Logger } from '../log/log.ts';
import type { SessionChange } from '../store/postgres/session.ts';
import { USED_BY_NEWER } from '../store/schema-version.ts';
import type { SqlDriver } from '../store/sqlite/driver.ts';
import { openFileStore } from '../store/sqlite/file-store.ts';
import { openSqlite } from '../store/sqlite/node-driver.ts';
import { sqliteStore } from '../store/sqlite/sqlite-store.ts';
import type { Store } from '../store/store.ts';
import { explainOpenError } from './explain-open.ts';
import type { CommandIo, ExitCode } from './output.ts';

/** The sandbox keeps its events in a file of its own, next to where the real ones would be. */
export const SANDBOX_DATABASE_PATH = 'relay-sandbox.db';

/** What the command line's connections are called, apart from the receivers'. */
const COMMAND_NAME = 'wandb-relay command';

/** What a database is called in logs and messages: a file's path, or an address without its password. */
export function databaseName(environment: Pick<Environment, 'databasePath' | 'postgresUrl'>, sandbox: boolean): string {
  const { databasePath, postgresUrl } = environment;
  if (postgresUrl === undefined) return databasePath ?? (sandbox ? SANDBOX_DATABASE_PATH : DEFAULT_DATABASE_PATH);
  return postgresName(postgresUrl);
}

/** So long a receiver that starts waits for a server that is away: both may have been started at once. Milliseconds. */
const START_PATIENCE_MS = 30_000;
const START_PAUSE_MS = 1_000;

export interface ReceiverStart {
  readonly log: Logger;
  /** Resolves when the process is asked to stop. */
  readonly stopped: Promise<string>;
}

/**
 * Opens the store for a receiver, and takes up what was in flight when the last one ended. `undefined` when the process is
 * `stopped` before, whatever the database does meanwhile.
 *
 * Rejects with a message that begins with DATABASE_URL: at once when waiting would not help, after half a minute when a
 * PostgreSQL server does not answer. A SQLite file that cannot be written for now is waited for by the store itself.
 */
export async function openForReceiver(
  io: CommandIo,
  environment: Environment,
  sandbox: boolean,
  start: ReceiverStart,
): Promise<Store | undefined> {
  const name = databaseName(environment, sandbox);
  const purpose = sandbox ? 'sandbox' : 'live';
  try {
    if (environment.postgresUrl === undefined)
      return await openFileStore({ path: resolve(io.cwd, name), purpose, log: start.log, now: io.now });
    const opening = openServer(io, environment.postgresUrl, { ...start, name, purpose });
    const opened = await Promise.race([opening, start.stopped.then(() => undefined)]);
    // Its later outcome does not matter.
    if (opened === undefined) opening.catch(() => undefined);
    return opened;
  } catch (error) {
    const why = environment.postgresUrl === undefined ? explainOpenError(error, resolve(io.cwd, name), io.user) : messageOf(error);
    throw new Error(`DATABASE_URL: ${name}: ${why}`, { cause: error });
  }
}

async function openServer(
  io: CommandIo,
  url: string,
  { log, stopped, name, purpose }: ReceiverStart & { name: string; purpose: 'live' | 'sandbox' },
): Promise<Store | undefined> {
  const [{ openPostgres }, { DatabaseAwayError }] = await Promise.all([
    import('../store/postgres/postgres-store.ts'),
    import('../store/postgres/driver.ts'),
  ]);
  const warn = (error: string) => log.warn({ error }, 'database notifications are not available; polling every second instead');
  const giveUpAt = io.now() + START_PATIENCE_MS;
  let isStopping = false;
  void stopped.then(() => {
    isStopping = true;
  });
  while (!isStopping) {
    try {
      return await openPostgres(url, {
        purpose,
        warn,
        usedByNewer: (versions) => log.warn(versions, USED_BY_NEWER),
        sessionChanged: (change) => logSession(log, change),
      });
    } catch (error) {
      if (!(error instanceof DatabaseAwayError) || io.now() >= giveUpAt) throw error;
      log.warn({ database: name, error: messageOf(error) }, 'waiting for the database');
      await Promise.race([stopped, new Promise((resolve) => setTimeout(resolve, START_PAUSE_MS))]);
    }
  }
  return undefined;
}

function logSession(log: Logger, change: SessionChange): void {
  switch (change.kind) {
    case 'lost':
      log.warn({ error: change.error }, 'the database session was lost: nothing is sent until it is restored');
      return;
    case 'regained':
      log.info({}, 'the database session was restored');
      return;
    case 'pooled':
      log.info(
        {},
        'the database is behind a connection pooler: when a receiver dies, others take over when its leases run out (2 minutes)',
      );
  }
}

/**
 * Runs a command on the store of the receiver in this folder: DATABASE_URL, else the file that `serve` makes by default,
 * else the sandbox's.
 */
export function withStore(io: CommandIo, work: (store: Store) => Promise<ExitCode>): Promise<ExitCode> {
  return withDatabase(io, (store) => work(store));
}

/** The same. @param work also gets what drives a SQLite file; on PostgreSQL `undefined` */
export async function withDatabase(
  io: CommandIo,
  work: (store: Store, file: SqlDriver | undefined) => Promise<ExitCode>,
): Promise<ExitCode> {
  const environment = readEnvironment(io.variables);
  if (!environment.ok) {
    for (const line of environment.error) io.complain(line);
    return 1;
  }
  const opened = await openDatabase(io, environment.value);
  if (opened === undefined) return 1;
  try {
    return await work(opened.store, opened.file);
  } finally {
    await opened.store.close();
  }
}

interface Opened {
  readonly store: Store;
  readonly file?: SqlDriver;
}

/** The store of the receiver in this folder, see `withStore`; `undefined`, and complained about, when it cannot be opened. */
export async function openForCommand(io: CommandIo, environment: Environment): Promise<Store | undefined> {
  return (await openDatabase(io, environment))?.store;
}

const candidatesOf = ({ databasePath: given }: Pick<Environment, 'databasePath'>): readonly string[] =>
  given === undefined ? [DEFAULT_DATABASE_PATH, SANDBOX_DATABASE_PATH] : [given];

/** The name of the database that a command opens; where there is none, of the one that a receiver would make. */
export function commandDatabaseName(
  { cwd }: Pick<CommandIo, 'cwd'>,
  environment: Pick<Environment, 'databasePath' | 'postgresUrl'>,
): string {
  const found = candidatesOf(environment).find((candidate) => existsSync(resolve(cwd, candidate)));
  return environment.postgresUrl === undefined && found !== undefined ? found : databaseName(environment, false);
}

async function openDatabase(io: CommandIo, environment: Environment): Promise<Opened | undefined> {
  const { postgresUrl } = environment;
  const candidates = candidatesOf(environment);
  const path = candidates.find((candidate) => existsSync(resolve(io.cwd, candidate)));
  if (postgresUrl === undefined && path === undefined) {
    io.complain(`${candidates.join(' or ')}: there is no such database: start the receiver first, or set DATABASE_URL to its file`);
    return undefined;
  }
  try {
    if (postgresUrl === undefined) {
      const file = openSqlite(resolve(io.cwd, path ?? ''));
      return { store: sqliteStore(file), file };
    }
    const { openPostgres } = await import('../store/postgres/postgres-store.ts');
    return { store: await openPostgres(postgresUrl, { applicationName: COMMAND_NAME, maxConnections: 2 }) };
  } catch (error) {
    const why = postgresUrl === undefined ? explainOpenError(error, resolve(io.cwd, path ?? ''), io.user) : messageOf(error);
    io.complain(`${postgresUrl === undefined ? path : databaseName(environment, false)}: ${why}`);
    return undefined;
  }
}
