import type { AliasView, PromotionView } from '../store/ledger.ts';
import { formatTime } from './output.ts';

export const ALIAS_COLUMNS = ['COLLECTION', 'ALIAS', 'VERSION', 'SINCE (UTC)', 'BY', 'REPLACED', 'DEPLOYED'];

/** One alias in a table with `ALIAS_COLUMNS`. */
export function aliasCells(view: AliasView): string[] {
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
}

export function byName(a: AliasView, b: AliasView): number {
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
