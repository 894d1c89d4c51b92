import { Socket } from 'node:net';
import { Client, type ClientConfig, Pool, type PoolClient, types } from 'pg';
import { messageOf } from '../../../src/lib/error-message.ts';
import type { SqlScalar, SqlValue } from '../rules/work.ts';
import { StoreFailedError } from '../store-failure.ts';
import { locksOf } from './locks.ts';
import type { Sql, TransactionSql } from './sql.ts';
import { type Ask, pipelined } from './transaction.ts';

export interface PostgresDriver extends Sql {
  /**
   * Runs `work` in one READ COMMITTED transaction that holds `locks` (see `locks.ts`) from its start. A deadlock or a
   * serialization failure runs it again, so it must not change anything but the database. `unlimited` is for what may take
   * minutes, such as a migration, or waits for one: no statement of it is ended early, on either side.
   */
  transaction<T>(
    locks: readonly string[],
    work: (sql: TransactionSql) => Promise<T>,
    options?: { readonly unlimited?: boolean },
  ): Promise<T>;
  /** Reads one snapshot: what commits meanwhile does not show in `work`. */
  snapshot<T>(work: (sql: Sql) => Promise<T>): Promise<T>;
  /** A connection of its own beside the pool, for what belongs to one session; not connected yet. */
  newClient(): CutClient;
  /** Ends all connections, also those of `newClient`; one to a server that does not answer is cut after three seconds. */
  close(): Promise<void>;
}

/** A connection whose socket can be closed without a message to the server, which may not answer. */
export type CutClient = Client & { cut(): void };

export interface DriverOptions {
  /** What the server shows of these connections (`pg_stat_activity`). */
  readonly applicationName?: string;
  /** Most connections at once, without the two that listen and prove that the receiver is alive. */
  readonly maxConnections?: number;
  /** How long to wait for a connection, in milliseconds. */
  readonly connectTimeoutMs?: number;
  /** The server ends a statement that takes longer, also when it waits for a lock. Milliseconds. */
  readonly statementTimeoutMs?: number;
}

const MAX_CONNECTIONS = 10;
const CONNECT_TIMEOUT_MS = 3_000;
const STATEMENT_TIMEOUT_MS = 10_000;
/** What the server may take longer than its own limit before the connection counts as dead. Milliseconds. */
const ANSWER_LATE_MS = 2_000;
/** The server ends a transaction of a process that was frozen or cut off after this, and frees its locks. Milliseconds. */
const IDLE_IN_TRANSACTION_MS = 10_000;
const IDLE_CONNECTION_MS = 30_000;
/** How long closing waits for a server that does not answer. Milliseconds. */
export const CLOSE_LIMIT_MS = 3_000;
/** Instead of none, which `pg` takes for the connection's own limit. Milliseconds. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;
/** How often a transaction is tried when others get in its way. */
const MOST_TRIES = 5;

/**
 * Connects to PostgreSQL, lazily: a server that is away shows in the first statement.
 *
 * TLS comes from the URL. Without `sslmode` there is none. `sslmode=require`, `prefer`, `verify-ca` and `verify-full` all
 * verify the server's certificate and its name (as `pg` 8 does; libpq's `require` does not), against the system's
 * authorities or the file in `sslrootcert`; `sslmode=no-verify` encrypts without verifying; `sslcert` and `sslkey` are for
 * client certificates. With `uselibpqcompat=true` the modes mean what they mean to libpq. Whatever else `pg` takes may stand
 * in the URL too (`application_name`, `options=-c%20search_path=relay`) and goes before the defaults here.
 *
 * The timeouts are startup parameters: PgBouncer needs them in `ignore_startup_parameters`, and transaction pooling goes
 * without LISTEN.
 */
export function openDriver(url: string, options: DriverOptions = {}): PostgresDriver {
  const sockets = new Set<Socket>();
  const newSocket = (): Socket => {
    const socket = new Socket();
    sockets.add(socket);
    return socket.once('close', () => sockets.delete(socket));
  };
  const config = { ...clientConfig(url, options), stream: newSocket };
  const pool = new Pool({
    ...config,
    // Statements of a transaction are sent without waiting for the answer to the one before, see `transaction.ts`.
    pipeline: true,
    max: options.maxConnections ?? MAX_CONNECTIONS,
    idleTimeoutMillis: IDLE_CONNECTION_MS,
  });
  // A connection that breaks while it is idle leaves the pool by itself; one that is used rejects its statement.
  pool.on('error', () => undefined);
  pool.on('connect', (client) => client.on('error', () => undefined));

  const withClient = async <T>(work: (client: PoolClient) => Promise<T>): Promise<T> => {
    for (let tries = 1; ; tries++) {
      let client: PoolClient | undefined;
      try {
        client = await answered(pool.connect());
        const result = await work(client);
        client.release();
        return result;
      } catch (error) {
        // Nobody knows what a connection is in the middle of when its answer did not come.
        client?.release(error instanceof DatabaseAwayError);
        if (!isTransient(error) || tries >= MOST_TRIES) throw error;
      }
    }
  };
  const inTransaction = <T>(begin: string, work: (sql: TransactionSql) => Promise<T>, answerWithinMs?: number): Promise<T> =>
    withClient(async (client) => {
      const ask = askerOf(client, answerWithinMs);
      try {
        return await pipelined(ask, begin, work);
      } catch (error) {
        if (!(error instanceof DatabaseAwayError)) await ask('ROLLBACK');
        throw error;
      }
    });
  return {
    rows: (sql, ...values) => withClient((client) => sqlOver(client).rows(sql, ...values)),
    run: (sql, ...values) => withClient((client) => sqlOver(client).run(sql, ...values)),
    transaction: (locks, work, { unlimited = false } = {}) => {
      const limits = unlimited ? 'SET LOCAL statement_timeout = 0; ' : '';
      return inTransaction(
        `BEGIN ISOLATION LEVEL READ COMMITTED; ${limits}${locksOf(locks)}`,
        work,
        unlimited ? LONGEST_TIMER_MS : undefined,
      );
    },
    snapshot: (work) => inTransaction('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY', work),
    newClient: () => {
      let socket: Socket | undefined;
      const stream = () => {
        socket = newSocket();
        return socket;
      };
      return Object.assign(new Client({ ...config, stream }), { cut: () => void socket?.destroy() });
    },
    close: async () => {
      const late = new Promise<void>((resolve) => void setTimeout(resolve, CLOSE_LIMIT_MS).unref());
      if (!pool.ending) await Promise.race([pool.end(), late]);
      // Left open, they would keep the process from ending.
      for (const socket of sockets) socket.destroy();
    },
  };
}

function clientConfig(url: string, options: DriverOptions): ClientConfig {
  const statementTimeout = options.statementTimeoutMs ?? STATEMENT_TIMEOUT_MS;
  return {
    connectionString: withExplicitTls(url),
    application_name: options.applicationName ?? 'wandb-relay',
    connectionTimeoutMillis: options.connectTimeoutMs ?? CONNECT_TIMEOUT_MS,
    statement_timeout: statementTimeout,
    query_timeout: statementTimeout + ANSWER_LATE_MS,
    idle_in_transaction_session_timeout: IDLE_IN_TRANSACTION_MS,
    keepAlive: true,
    types: { getTypeParser: typeParser },
  };
}

/** 64-bit integers become numbers: times in milliseconds and counts stay far below 2^53. */
const INT8 = 20;

const typeParser: typeof types.getTypeParser = (oid: number, format?: 'text' | 'binary') =>
  oid === INT8 ? Number : types.getTypeParser(oid, format as 'text');

/** Names the mode that `pg` 8 takes these for; version 9 is going to change that. */
function withExplicitTls(url: string): string {
  if (url.includes('uselibpqcompat=')) return url;
  return url.replace(/([?&]sslmode=)(?:prefer|require|verify-ca)(?=&|$)/, '$1verify-full');
}

/** @param answerWithinMs instead of the connection's own limit */
function askerOf(client: PoolClient, answerWithinMs?: number): Ask {
  const limit = answerWithinMs === undefined ? {} : { query_timeout: answerWithinMs };
  return (text, values = []) =>
    // Several statements in one text can have no values.
    answered(client.query({ text, ...(values.length === 0 ? {} : { values: values.map(storable) }), ...limit }));
}

function sqlOver(client: PoolClient): Sql {
  const ask = askerOf(client);
  return {
    rows: async <Row extends object>(sql: string, ...values: SqlValue[]) => (await ask(sql, values)).rows as Row[],
    run: async (sql, ...values) => (await ask(sql, values)).rowCount ?? 0,
  };
}

/** PostgreSQL's text has no place for U+0000, which JSON may well contain. */
function storable(value: SqlValue): SqlValue {
  if (typeof value === 'string') return value.includes('\0') ? value.replaceAll('\0', '\uFFFD') : value;
  return Array.isArray(value) ? value.map((item) => storable(item) as SqlScalar) : value;
}

/**
 * An error of the server (a SQLSTATE) that leaves the connection as it was. Classes 08 and 57P end it. One that takes no
 * writes (25006) leads to a standby, or to what was the primary before a failover: only a new connection finds the one of
 * now. A server that is full (53300) has room again soon.
 */
function isAnswer(error: unknown): boolean {
  const state = sqlStateOf(error);
  return state !== undefined && !/^(08|57P|25006$|53300$)/.test(state);
}

export function sqlStateOf(error: unknown): string | undefined {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code) ? code : undefined;
}

/** Serialization failure and deadlock: nothing was done, and the next try may do it. */
function isTransient(error: unknown): boolean {
  const state = sqlStateOf(error);
  return state === '40001' || state === '40P01';
}

/** The database could not be reached, takes no writes, or the connection broke: what was asked may or may not have been done. */
export class DatabaseAwayError extends StoreFailedError {}

/** What the server answers; anything else than an answer becomes a `DatabaseAwayError`, whose message holds nothing of the URL. */
async function answered<T>(asked: Promise<T>): Promise<T> {
  try {
    return await asked;
  } catch (error) {
    if (isAnswer(error)) throw error;
    const first = error instanceof AggregateError ? error.errors[0] : error;
    const refused = sqlStateOf(first) !== undefined;
    throw new DatabaseAwayError(`PostgreSQL ${refused ? 'cannot serve' : 'does not answer'}: ${messageOf(first)}`, { cause: error });
  }
}
