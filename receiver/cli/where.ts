import { type AdminTarget, withAdmin } from './admin-access.ts';
import { ALIAS_COLUMNS, aliasCells, byName } from './alias-table.ts';
import { type CommandIo, type ExitCode, renderTable } from './output.ts';

export interface WhereOptions extends AdminTarget {
  readonly alias: string | undefined;
  readonly json: boolean;
  /** Ask W&B's API which version has each alias, and correct the ledger. */
  readonly verify: boolean;
}

/** More than this is for `--json` and the API. */
const SHOWN = 1_000;

/** `wandb-relay where`: which version of a collection has an alias, and which one is deployed. */
export async function where(io: CommandIo, collection: string | undefined, options: WhereOptions): Promise<ExitCode> {
  if (options.verify) return (await import('./where-verify.ts')).verifyAliases(io, collection, options);
  return withAdmin(io, options, async (admin) => {
    const { alias } = options;
    const found = await admin.aliases({
      limit: SHOWN,
      ...(collection === undefined ? {} : { collection }),
      ...(alias === undefined ? {} : { alias }),
    });
    if (options.json) {
      io.printDocument(JSON.stringify(found, null, 2));
      return 0;
    }
    if (found.length === 0) {
      const what = [collection, alias === undefined ? undefined : `the alias ${alias}`].filter((word) => word !== undefined).join(' and ');
      io.print(`Nothing is known${what === '' ? '' : ` of ${what}`}: no event has given a version an alias since this receiver runs.`);
      return 0;
    }
    io.print(...renderTable(ALIAS_COLUMNS, found.toSorted(byName).map(aliasCells)));
    if (found.length === SHOWN) io.print(`The first ${SHOWN}; name a collection to see others.`);
    return 0;
  });
}
