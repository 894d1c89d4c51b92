import type { Holder } from './inbox-known.ts';
import { firstRow, rows, type Work } from './work.ts';

/** What has an alias, as it is read: the row of the ledger with the highest number of that alias. */
export interface HolderRow {
  alias_key: string;
  n: number;
  version: string | null;
  artifact: string | null;
  since: number;
  event_id: string | null;
  replaced_version: string | null;
  replaced_artifact: string | null;
  replaced_since: number | null;
  shown: number | null;
}

/** `shown`: a conversation shows its event. Where there are none at all, that is not looked for. */
const HOLDER = `p.alias_key, p.n, p.version, p.artifact, p.since, p.event_id, p.replaced_version, p.replaced_artifact, p.replaced_since,
  CASE WHEN EXISTS (SELECT 1 FROM conversations WHERE key >= '')
    THEN (SELECT 1 FROM deliveries d WHERE d.event_id = p.event_id AND d.conversation IS NOT NULL LIMIT 1) END AS shown`;

/** @param aliasKey SQL */
export const holderSql = (aliasKey: string): string =>
  `SELECT ${HOLDER} FROM promotions p WHERE alias_key = ${aliasKey} ORDER BY n DESC LIMIT 1`;

export function* holderOf(aliasKey: string): Work<Holder | undefined> {
  const row = yield* firstRow<HolderRow>(HOLDER_OF_1, aliasKey);
  return row && viewOfHolder(row);
}

const HOLDER_OF_1 = holderSql('$1');

/** Which version has each of these aliases; `null`: the alias was removed. */
export function* heldVersions(aliasKeys: readonly string[]): Work<Map<string, string | null>> {
  if (aliasKeys.length === 0) return new Map();
  const found = yield* rows<Pick<HolderRow, 'alias_key' | 'version'>>(
    `SELECT alias_key, version FROM promotions p WHERE alias_key = ANY ($1)
       AND n = (SELECT MAX(q.n) FROM promotions q WHERE q.alias_key = p.alias_key)`,
    aliasKeys,
  );
  return new Map(found.map(({ alias_key, version }) => [alias_key, version]));
}

export function viewOfHolder(row: HolderRow): Holder {
  return {
    n: row.n,
    version: row.version,
    artifact: row.artifact,
    since: row.since,
    eventId: row.event_id,
    isShown: row.shown !== null,
    replaced: replacedIn(row),
  };
}

export function replacedIn({
  replaced_version,
  replaced_artifact,
  replaced_since,
}: Pick<HolderRow, 'replaced_version' | 'replaced_artifact' | 'replaced_since'>): Holder['replaced'] {
  if (replaced_version === null || replaced_since === null) return null;
  return { version: replaced_version, artifact: replaced_artifact, since: replaced_since };
}
