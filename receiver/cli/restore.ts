import { chmodSync, chownSync, constants, copyFileSync, existsSync, rmSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { messageOf } from '../../src/lib/error-message.ts';
import { DEFAULT_DATABASE_PATH, readEnvironment } from '../environment.ts';
import type { HeldBack } from '../store/pause.ts';
import { type FileFacts, inspectFile } from '../store/sqlite/inspect-file.ts';
import { lockForReceiver, openSqlite, StoreInUseError } from '../store/sqlite/node-driver.ts';
import { replaceDatabase } from '../store/sqlite/replace-file.ts';
import { claimPurpose } from '../store/sqlite/schema.ts';
import { makeOneFile, removeDatabase, syncFile } from '../store/sqlite/snapshot.ts';
import { sqliteStore } from '../store/sqlite/sqlite-store.ts';
import { bytesWords, countWords } from './data-words.ts';
import { type CommandIo, type ExitCode, formatTime } from './output.ts';
import { heldLines, holdReason, RESTORED_BY } from './restore-hold.ts';

/**
 * `wandb-relay restore`: puts a backup in the place of the receiver's SQLite database, with everything undelivered paused. The backup
 * itself stays as it is. However the command ends, the database is the one from before or the restored one.
 */
export async function restore(io: CommandIo, file: string | undefined, { force }: { readonly force: boolean }): Promise<ExitCode> {
  const environment = readEnvironment(io.variables);
  if (!environment.ok) return complain(io, ...environment.error);
  const { postgresUrl, databasePath: name = DEFAULT_DATABASE_PATH } = environment.value;
  if (postgresUrl !== undefined) return complain(io, ON_POSTGRES);
  if (file === undefined) return complain(io, 'restore: name the backup, such as: wandb-relay restore relay-backup.db');
  const from = resolve(io.cwd, file);
  const path = resolve(io.cwd, name);
  if (!existsSync(from)) return complain(io, `${file}: there is no such file`);
  if (isSameFile(from, path)) return complain(io, `${file}: it is the database itself: name a backup`);
  let facts: FileFacts;
  try {
    io.progress?.(`${file}: checking`);
    facts = inspectFile(from, 'whole');
  } catch (error) {
    return complain(io, `${file}: it cannot be restored: ${messageOf(error)}`);
  } finally {
    io.progress?.('');
  }
  if (facts.purpose === 'sandbox')
    return complain(io, `${file}: it cannot be restored: it is a sandbox's, whose dispatches were only written down`);
  return replace(io, { file, from, name, path, facts, force });
}

const ON_POSTGRES =
  'restore: DATABASE_URL is a PostgreSQL database: stop the receivers, use pg_restore, then run "wandb-relay restore --hold" before they start again (docs/backup.md)';

interface Restore {
  readonly file: string;
  readonly from: string;
  /** As it is shown. */
  readonly name: string;
  readonly path: string;
  readonly facts: FileFacts;
  readonly force: boolean;
}

async function replace(io: CommandIo, restoring: Restore): Promise<ExitCode> {
  const { file, name, path, facts } = restoring;
  const existed = existsSync(path);
  const part = `${path}.restoring`;
  let unlock: (() => void) | undefined;
  try {
    // It also keeps a receiver from starting meanwhile, and another restore.
    unlock = lockForReceiver(path);
    const before = existed ? contentOf(path) : undefined;
    if (before !== undefined && !restoring.force)
      return complain(
        io,
        `${name}: it has ${before} already: name another file (DATABASE_URL), or use --force, which keeps it beside the restored one`,
      );
    removeDatabase(part);
    const held = await prepare(io, part, restoring);
    const keepAs = before === undefined ? undefined : freeName(`${path}.before-restore-${stamp(io.now())}`);
    replaceDatabase({ path, by: part, ...(keepAs === undefined ? {} : { keepAs }) });
    const newest = facts.newestEventAt === undefined ? '' : `, the newest of ${formatTime(facts.newestEventAt)} UTC`;
    io.print(`${name} is restored from ${file}: ${bytesWords(statSync(path).size)}, ${countWords(facts.events, 'event')}${newest}.`);
    if (keepAs !== undefined) io.print(`The database from before is ${keepAs}.`);
    io.print(...heldLines(held));
    return 0;
  } catch (error) {
    const then = error instanceof StoreInUseError ? ': stop it first' : '';
    return complain(io, `${name}: nothing was restored: ${messageOf(error)}${then}`);
  } finally {
    removeDatabase(part);
    unlock?.();
    // The lock made it.
    if (!existed && statSync(path, { throwIfNoEntry: false })?.size === 0) rmSync(path);
  }
}

/** The copy that becomes the database: in this program's schema, for a receiver that sends, and with everything paused. */
async function prepare(io: CommandIo, part: string, { file, from, path, facts }: Restore): Promise<HeldBack> {
  io.progress?.(`${file}: copying`);
  copyFileSync(from, part, constants.COPYFILE_FICLONE);
  likeBefore(part, path);
  const driver = openSqlite(part);
  try {
    const store = sqliteStore(driver);
    claimPurpose(driver, 'live');
    return await store.holdRestored({ by: RESTORED_BY, at: io.now(), reason: holdReason(facts.newestEventAt) });
  } finally {
    driver.close();
    makeOneFile(part);
    syncFile(part);
    io.progress?.('');
  }
}

/** Mode and owner of the database from before: whoever restores may be another user than the receiver. */
function likeBefore(part: string, path: string): void {
  const before = statSync(path);
  chmodSync(part, before.mode & 0o777);
  const { uid, gid } = statSync(part);
  if (uid !== before.uid || gid !== before.gid) chownSync(part, before.uid, before.gid);
}

/** What would be lost, in words; `undefined`: nothing. */
function contentOf(path: string): string | undefined {
  if (statSync(path).size === 0 && !existsSync(`${path}-wal`)) return undefined;
  const database = new DatabaseSync(path);
  try {
    const tables = database.prepare(`SELECT name FROM sqlite_schema WHERE type = 'table'`).all();
    if (tables.length === 0) return undefined;
    const found = database.prepare('SELECT COUNT(*) AS n FROM events').get() as { n: number } | undefined;
    return found?.n === 0 ? undefined : countWords(found?.n ?? 0, 'event');
  } catch (error) {
    return `something that cannot be read (${messageOf(error)})`;
  } finally {
    database.close();
  }
}

function isSameFile(a: string, b: string): boolean {
  const [first, second] = [statSync(a, { throwIfNoEntry: false }), statSync(b, { throwIfNoEntry: false })];
  return first !== undefined && second !== undefined && first.dev === second.dev && first.ino === second.ino;
}

function freeName(name: string): string {
  let free = name;
  for (let n = 2; existsSync(free); n++) free = `${name}-${n}`;
  return free;
}

/** `20261127T120000Z` */
function stamp(now: number): string {
  return `${new Date(now).toISOString().slice(0, 19).replaceAll(/[-:]/g, '')}Z`;
}

function complain(io: CommandIo, ...lines: string[]): ExitCode {
  io.complain(...lines);
  return 1;
}
