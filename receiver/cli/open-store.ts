import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { messageOf } from '../../src/error-message.ts';
import { DEFAULT_DATABASE_PATH, readEnvironment } from '../environment.ts';
import { openSqlite } from '../outbox/sqlite/node-driver.ts';
import { sqliteStore } from '../outbox/sqlite/sqlite-store.ts';
import type { Store } from '../outbox/store.ts';
import type { CommandIo, ExitCode } from './output.ts';

/** The sandbox keeps its events in a file of its own, next to where the real ones would be. */
export const SANDBOX_DATABASE_PATH = 'relay-sandbox.db';

/**
 * Runs a command on the store of the receiver in this folder: DATABASE_URL, else the file that `serve` makes by default,
 * else the sandbox's.
 */
export async function withStore(io: CommandIo, work: (store: Store) => Promise<ExitCode>): Promise<ExitCode> {
  const environment = readEnvironment(io.variables);
  if (!environment.ok) {
    for (const line of environment.error) io.complain(line);
    return 1;
  }
  const given = environment.value.databasePath;
  const candidates = given === undefined ? [DEFAULT_DATABASE_PATH, SANDBOX_DATABASE_PATH] : [given];
  const path = candidates.find((candidate) => existsSync(resolve(io.cwd, candidate)));
  if (path === undefined) {
    io.complain(`${candidates.join(' or ')}: there is no such database: start the receiver first, or set DATABASE_URL to its file`);
    return 1;
  }
  let store: Store;
  try {
    store = sqliteStore(openSqlite(resolve(io.cwd, path)));
  } catch (error) {
    io.complain(`${path}: ${messageOf(error)}`);
    return 1;
  }
  try {
    return await work(store);
  } finally {
    await store.close();
  }
}
