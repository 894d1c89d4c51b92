import { copyFileSync, existsSync, linkSync, renameSync, rmSync } from 'node:fs';
import { isDamaged } from './inspect-file.ts';
import { FileInUseError, makeOneFile, syncFile, syncFolderOf } from './snapshot.ts';

/** What has been done so far. */
export type ReplaceStep = 'folded' | 'kept' | 'log removed' | 'replaced';

export interface ReplaceOptions {
  /** Of the receiver. Nobody has it open. */
  readonly path: string;
  /** A database in one file, in the same folder. It gets the name `path`. */
  readonly by: string;
  /** Under this name the database stays that was there; left out: it goes. */
  readonly keepAs?: string;
  /** Called after each step: what a crash there leaves is tested. */
  readonly onStep?: (step: ReplaceStep) => void;
}

/**
 * Puts a database in the place of another one. Whenever the process ends, `path` is the old database or the new one, whole, and never the
 * new one beside the old one's write-ahead log, which SQLite would play into it: the log goes into the old database first.
 * Where SQLite cannot read the old database, its log is of no use either, and goes.
 *
 * @throws when another process has the old database open
 */
export function replaceDatabase({ path, by, keepAs, onStep = () => undefined }: ReplaceOptions): void {
  if (existsSync(path)) fold(path);
  onStep('folded');
  if (keepAs !== undefined) {
    keep(path, keepAs);
    syncFolderOf(path);
  }
  onStep('kept');
  for (const end of ['-wal', '-shm', '-journal']) rmSync(`${path}${end}`, { force: true });
  syncFolderOf(path);
  onStep('log removed');
  if (existsSync(`${path}-wal`)) throw new FileInUseError(IN_USE);
  renameSync(by, path);
  syncFolderOf(path);
  onStep('replaced');
}

function fold(path: string): void {
  try {
    makeOneFile(path);
  } catch (error) {
    if (error instanceof FileInUseError) throw new FileInUseError(IN_USE, { cause: error });
    // What SQLite cannot read it cannot fold either.
    if (!isDamaged(error)) throw error;
  }
}

const IN_USE = 'another process has the database open, such as a wandb-relay command: end it, then restore again';

/** A second name for the same file costs nothing; where the file system has none, it is copied. */
function keep(path: string, as: string): void {
  try {
    linkSync(path, as);
  } catch {
    copyFileSync(path, as);
    syncFile(as);
  }
}
