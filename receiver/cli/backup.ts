import { closeSync, existsSync, openSync, renameSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { messageOf } from '../../src/lib/error-message.ts';
import { DEFAULT_DATABASE_PATH, readEnvironment } from '../environment.ts';
import { type FileFacts, inspectFile } from '../store/sqlite/inspect-file.ts';
import { copySnapshot, removeDatabase, syncFolderOf } from '../store/sqlite/snapshot.ts';
import { bytesWords, countWords } from './data-words.ts';
import { SANDBOX_DATABASE_PATH } from './open-store.ts';
import type { CommandIo, ExitCode } from './output.ts';
import { isOfDatabase } from './side-file.ts';

/** What comes sooner shows no progress. Milliseconds. */
const QUIET_MS = 1_000;

/**
 * `wandb-relay backup`: copies the receiver's SQLite database into a file, whether the receiver runs or not. The file appears under its
 * name only once it is whole, checked and on the disk.
 */
export async function backup(io: CommandIo, file: string, { force }: { readonly force: boolean }): Promise<ExitCode> {
  const source = sourceOf(io);
  if ('problem' in source) return complain(io, source.problem);
  const from = resolve(io.cwd, source.path);
  const to = resolve(io.cwd, file);
  const why = whyNotTo(from, to, file, force);
  if (why !== undefined) return complain(io, why);
  const part = `${to}.part-${Buffer.from(io.randomBytes(4)).toString('hex')}`;
  const startedAt = io.now();
  // A signal ends the command in order: half a copy is of no use to anybody.
  const stopped = io.stopped().then((signal) => ({ signal }));
  try {
    closeSync(openSync(part, 'wx', 0o600));
    const copied = copyTo(io, { name: file, from, part, startedAt });
    const facts = await Promise.race([copied, stopped]);
    io.progress?.('');
    if ('signal' in facts) {
      // It cannot be stopped; where it goes on writing has no name any more.
      copied.catch(() => undefined);
      complain(io, `${file}: stopped; nothing was written`);
      return facts.signal === 'SIGINT' ? 130 : 143;
    }
    if (facts.purpose === 'sandbox')
      return complain(
        io,
        `${source.path}: it is a sandbox's, whose dispatches were only written down: restore would refuse a backup of it`,
      );
    renameSync(part, to);
    syncFolderOf(to);
    const { events, undelivered, schema } = facts;
    const seconds = ((io.now() - startedAt) / 1000).toFixed(1);
    io.print(
      `${file}: ${bytesWords(statSync(to).size)}, ${countWords(events, 'event')}, ${undelivered} undelivered, schema version ${schema.taken}, checked; ${seconds} s`,
    );
    return 0;
  } catch (error) {
    io.progress?.('');
    return complain(io, `${file}: no backup was made: ${messageOf(error)}`);
  } finally {
    removeDatabase(part);
  }
}

async function copyTo(
  io: CommandIo,
  { name, from, part, startedAt }: { readonly name: string; readonly from: string; readonly part: string; readonly startedAt: number },
): Promise<FileFacts> {
  await copySnapshot(from, part, (share) => {
    if (io.now() - startedAt > QUIET_MS) io.progress?.(`${name}: ${Math.floor(share * 100)} %`);
  });
  if (io.now() - startedAt > QUIET_MS) io.progress?.(`${name}: checking the copy`);
  return inspectFile(part, 'quick');
}

/** Where the receiver's events are. */
function sourceOf(io: CommandIo): { readonly path: string } | { readonly problem: string } {
  const environment = readEnvironment(io.variables);
  if (!environment.ok) return { problem: environment.error.join('\n') };
  const { postgresUrl, databasePath: path = DEFAULT_DATABASE_PATH } = environment.value;
  if (postgresUrl !== undefined) return { problem: ON_POSTGRES };
  if (!existsSync(resolve(io.cwd, path))) {
    const isBesideSandbox = environment.value.databasePath === undefined && existsSync(resolve(io.cwd, SANDBOX_DATABASE_PATH));
    return { problem: isBesideSandbox ? ONLY_A_SANDBOX : `${path}: there is no such database: ${SET_IT}` };
  }
  return { path };
}

const SET_IT = "set DATABASE_URL to the receiver's, such as file:/data/relay.db";
const ONLY_A_SANDBOX = `${SANDBOX_DATABASE_PATH}: it is a sandbox's, whose dispatches were only written down, so there is nothing to back up here. For a receiver that sends, ${SET_IT}`;

const ON_POSTGRES =
  'backup: DATABASE_URL is a PostgreSQL database, whose own tools make backups while receivers run: pg_dump --format=custom --file=relay.dump "$DATABASE_URL" (docs/backup.md)';

function whyNotTo(from: string, to: string, file: string, force: boolean): string | undefined {
  if (existsSync(dirname(to)) && isOfDatabase(to, from))
    return `${file}: it is the database itself, or a file that belongs to it: name another file`;
  const found = statSync(to, { throwIfNoEntry: false });
  if (found?.isDirectory() === true) return `${file}: it is a folder: name a file in it`;
  const source = statSync(from);
  if (found !== undefined && found.dev === source.dev && found.ino === source.ino)
    return `${file}: it is the database itself: name another file`;
  if (found !== undefined && !force) return `${file}: it exists already: name another file, or replace it with --force`;
  return existsSync(dirname(to)) ? undefined : `${file}: there is no folder ${dirname(to)}: make it first`;
}

function complain(io: CommandIo, text: string): ExitCode {
  io.complain(...text.split('\n'));
  return 1;
}
