import { nameToEraseProblem } from '../../src/lib/erase-name.ts';
import type { RemoteAdmin } from '../admin/remote-admin.ts';
import { ERASED_TABLES, type ErasedTable, type ErasePlace } from '../store/erasure.ts';
import type { SqlDriver } from '../store/sqlite/driver.ts';
import { lockForReceiver, StoreInUseError } from '../store/sqlite/node-driver.ts';
import type { Store } from '../store/store.ts';
import { type AdminTarget, complainOfTarget, withReceiver } from './admin-access.ts';
import { withDatabase } from './open-store.ts';
import { type CommandIo, type ExitCode, renderTable } from './output.ts';

export interface EraseCommand extends AdminTarget {
  readonly user: readonly string[];
  readonly as: string | undefined;
  readonly dryRun: boolean;
  readonly yes: boolean;
}

/** So many rows are changed in one transaction: a receiver waits some milliseconds for it. */
const ROWS_AT_ONCE = 100;

/** `wandb-relay erase`: replaces a person's names by a pseudonym everywhere in the database. It cannot be undone, and can be run again. */
export function erase(io: CommandIo, { user, as, dryRun, yes, ...target }: EraseCommand): Promise<ExitCode> | ExitCode {
  const wrong = user.map((name) => [name, nameToEraseProblem(name)] as const).find(([, problem]) => problem !== undefined);
  if (wrong !== undefined) return complain(io, `--user: "${wrong[0]}" cannot be erased: ${wrong[1]}`);
  if (as !== undefined && !/^erased-[0-9a-f]{4,16}$/.test(as))
    return complain(io, `--as: "${as}" is no pseudonym that this command makes, such as erased-1a2b3c4d`);
  // Made of nothing that belongs to the person: nobody can work out whose it is.
  const pseudonym = as ?? `erased-${Buffer.from(io.randomBytes(4)).toString('hex')}`;
  const asked: Asked = { io, names: user, pseudonym, dryRun, yes };
  if (target.url !== undefined)
    return withReceiver(io, target.url, target, (admin) =>
      replaceNames(
        asked,
        (isDry) => eraseAt(admin, asked, isDry),
        () => io.print(NOT_OVERWRITTEN),
      ),
    );
  const wrongTarget = complainOfTarget(io, target);
  if (wrongTarget !== undefined) return wrongTarget;
  return withDatabase(io, (store, file) =>
    replaceNames(
      asked,
      (isDry) => {
        // What is replaced is overwritten, not only marked as free (SQLite documentation, "PRAGMA secure_delete").
        if (!isDry) file?.rows('PRAGMA secure_delete = ON');
        return eraseAll({ io, store, names: user, pseudonym }, isDry);
      },
      () => {
        if (file !== undefined) cleanFile(io, file, pseudonym);
      },
    ),
  );
}

const NOT_OVERWRITTEN =
  'A SQLite file of the receiver may hold copies in its unused space: to remove them, stop it and run erase beside its database.';

interface Asked {
  readonly io: CommandIo;
  readonly names: readonly string[];
  readonly pseudonym: string;
  readonly dryRun: boolean;
  readonly yes: boolean;
}

/** Counts, asks and does it. @param cleanUp afterwards */
async function replaceNames(
  { io, names, pseudonym, dryRun, yes }: Asked,
  work: (dryRun: boolean) => Promise<readonly Count[]>,
  cleanUp: () => void,
): Promise<ExitCode> {
  if (dryRun) return report(io, await work(true), true);
  if (!yes) {
    if (io.ask === undefined) return complain(io, 'erase: it cannot be undone: look with --dry-run, then give --yes');
    report(io, await work(true), true);
    if ((await io.ask(`Replace ${names.join(', ')} by ${pseudonym}? It cannot be undone. Type yes: `)) !== 'yes')
      return complain(io, 'erase: nothing was changed');
  }
  io.print(`${names.join(', ')} becomes ${pseudonym}. If this is interrupted, run it again with --as ${pseudonym}.`);
  const code = report(io, await work(false), false);
  cleanUp();
  return code;
}

/** At a receiver elsewhere, part by part. */
async function eraseAt(admin: Pick<RemoteAdmin, 'erase'>, { io, names, pseudonym }: Asked, dryRun: boolean): Promise<Count[]> {
  const counts = new Map<ErasedTable, Count>(ERASED_TABLES.map((table) => [table, { table, changed: 0, open: 0 }]));
  let cursor: string | undefined;
  do {
    const { tables, next } = await admin.erase({ names, pseudonym, dryRun }, cursor);
    for (const { table, changed, open } of tables) {
      const before = counts.get(table);
      counts.set(table, { table, changed: changed + (before?.changed ?? 0), open: open + (before?.open ?? 0) });
      io.progress?.(`${table}: ${counts.get(table)?.changed}`);
    }
    cursor = next;
  } while (cursor !== undefined);
  io.progress?.('');
  return [...counts.values()];
}

interface Erasing {
  readonly io: CommandIo;
  readonly store: Store;
  readonly names: readonly string[];
  readonly pseudonym: string;
}

interface Count {
  readonly table: ErasedTable;
  readonly changed: number;
  readonly open: number;
}

async function eraseAll({ io, store, names, pseudonym }: Erasing, dryRun: boolean): Promise<Count[]> {
  const counts: Count[] = [];
  for (const table of ERASED_TABLES) {
    let [changed, open] = [0, 0];
    let after: ErasePlace | undefined;
    do {
      const step = await store.eraseStep({ names, pseudonym, table, after, limit: ROWS_AT_ONCE, dryRun });
      changed += step.changed;
      open += step.open;
      after = step.next;
      io.progress?.(`${table}: ${changed}`);
    } while (after !== undefined);
    counts.push({ table, changed, open });
  }
  io.progress?.('');
  return counts;
}

function report(io: CommandIo, counts: readonly Count[], dryRun: boolean): ExitCode {
  const rows = counts.filter(({ changed, open }) => changed + open > 0);
  const [changed, open] = [sum(rows.map((row) => row.changed)), sum(rows.map((row) => row.open))];
  if (rows.length > 0) {
    const head = ['TABLE', dryRun ? 'WOULD CHANGE' : 'CHANGED', 'NOT YET'];
    io.print(
      ...renderTable(
        head,
        rows.map((row) => [row.table, String(row.changed), String(row.open)]),
      ),
    );
  }
  io.print(
    `${changed} ${changed === 1 ? 'row' : 'rows'} ${dryRun ? 'would be changed. Nothing was changed.' : 'changed.'}`,
    ...(open === 0
      ? []
      : [
          `${open} not yet: something of their events waits, is being sent or awaits approval. Run it again when that is over, or cancel it.`,
        ]),
  );
  return open === 0 || dryRun ? 0 : 4;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((all, each) => all + each, 0);
}

/**
 * SQLite leaves old copies in unused space when it moves rows about. Where no receiver runs, the file is written again without unused
 * space. The write-ahead log holds pages from before until it is copied into the file and cut.
 */
function cleanFile(io: CommandIo, file: SqlDriver, pseudonym: string): void {
  const unlock = lockUnlessRunning(file);
  if (unlock !== undefined) {
    io.progress?.('writing the file again');
    file.rows('VACUUM');
    io.progress?.('');
  }
  const [result] = file.rows<{ busy: number }>('PRAGMA wal_checkpoint(TRUNCATE)');
  unlock?.();
  if (unlock === undefined || result?.busy !== 0)
    io.print(
      `Unused space in the file may hold copies from before, because somebody uses it. To remove them, stop the receiver and run this again with --as ${pseudonym}.`,
    );
}

/** `undefined`: a receiver runs, and would have to wait for too long. */
function lockUnlessRunning(file: SqlDriver): (() => void) | undefined {
  const [main] = file.rows<{ file: string }>('PRAGMA database_list');
  try {
    return lockForReceiver(main?.file ?? '');
  } catch (error) {
    if (error instanceof StoreInUseError) return undefined;
    throw error;
  }
}

function complain(io: CommandIo, line: string): ExitCode {
  io.complain(line);
  return 1;
}
