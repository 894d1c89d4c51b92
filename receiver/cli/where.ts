import type { AliasView, PromotionView } from '../store/ledger.ts';
import { type AdminTarget, withAdmin } from './admin-access.ts';
import { type CommandIo, type ExitCode, formatTime, renderTable } from './output.ts';

export interface WhereOptions extends AdminTarget {
  readonly alias: string | undefined;
  readonly json: boolean;
}

/** More than this is for `--json` and the API. */
const SHOWN = 1_000;

/** `wandb-relay where`: which version of a collection has an alias, and which one is deployed. */
export function where(io: CommandIo, collection: string | undefined, options: WhereOptions): Promise<ExitCode> {
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
    const rows = found.toSorted(byName).map((view) => {
      const { holder } = view;
      return [
        nameOf(view),
        view.alias,
        holder.version ?? 'none',
        formatTime(holder.since),
        holder.origin === 'api' ? "W&B's API" : (holder.by ?? ''),
        holder.replaced?.version ?? '',
        deployedText(view),
      ];
    });
    io.print(...renderTable(['COLLECTION', 'ALIAS', 'VERSION', 'SINCE (UTC)', 'BY', 'REPLACED', 'DEPLOYED'], rows));
    if (found.length === SHOWN) io.print(`The first ${SHOWN}; name a collection to see others.`);
    return 0;
  });
}

function byName(a: AliasView, b: AliasView): number {
  return nameOf(a).localeCompare(nameOf(b)) || a.alias.localeCompare(b.alias) || a.source.localeCompare(b.source);
}

function nameOf({ entity, project, registry, collection, source }: AliasView): string {
  const place = registry === null ? [entity, project].filter((part) => part !== null).join('/') : `registry ${registry}`;
  return `${place === '' ? '' : `${place}/`}${collection}${source === 'default' ? '' : ` (${source})`}`;
}

/** `v12, 2026-11-20 10:00:00`, and how the holder's deployment ended when that is another one. */
function deployedText({ holder, deployed }: AliasView): string {
  const known = deployed === null ? '' : `${deployed.version} ${formatTime(deployed.deployedAt ?? deployed.since)}`;
  const failed = isDeployed(holder, deployed) ? undefined : endOf(holder);
  return [known, failed].filter((part) => part !== undefined && part !== '').join('; ');
}

function isDeployed(holder: PromotionView, deployed: PromotionView | null): boolean {
  return deployed !== null && holder.version === deployed.version;
}

function endOf({ version, run }: PromotionView): string | undefined {
  return run === null ? undefined : `${version}: ${run.conclusion}`;
}
