import { CLOCK_TOLERANCE_MS } from '../../../src/lib/clock.ts';
import { type HolderRow, holderSql, viewOfHolder } from '../rules/holders.ts';
import type { Known, LookUp, OrderKeyEnd } from '../rules/inbox-known.ts';
import { firstRow, lastRows, rows, type Work } from '../rules/work.ts';

interface KnownRow {
  what: 'subject' | 'end' | 'cooldown' | 'holder' | 'unrouted';
  key: string;
  id: string | null;
  body_hash: string | null;
  number: number | null;
  held: boolean | null;
  holder: HolderRow | null;
}

const END = `SELECT 'end' AS what, key, NULL AS id, NULL AS body_hash,
    (SELECT position FROM deliveries WHERE order_key = key AND state IN ('pending', 'in_flight') ORDER BY position DESC LIMIT 1) AS number,
    (SELECT true FROM deliveries WHERE order_key = key AND state = 'held' LIMIT 1) AS held, NULL::json AS holder
  FROM unnest($1::text[]) AS given (key)`;

interface LatestRow {
  key: string;
  id: string;
  body_hash: string;
  received_at: number;
}

/** The latest event of each given subject. @param subjects SQL */
const latestOf = (subjects: string): string => `FROM unnest(${subjects}::text[]) AS given (key) CROSS JOIN LATERAL (
    SELECT id, body_hash, received_at FROM events WHERE subject_key = key AND outcome <> 'duplicate' ORDER BY seq DESC LIMIT 1) AS latest`;

const SUBJECT = `SELECT 'subject', key, latest.id, latest.body_hash, latest.received_at, NULL, NULL ${latestOf('$2')}`;

const COOLDOWN = `SELECT 'cooldown', key, NULL, NULL, latest.created_at, NULL, NULL
  FROM unnest($4::text[]) AS given (key) CROSS JOIN LATERAL (
    SELECT created_at FROM deliveries WHERE cooldown_key = key AND created_at <= $5 AND request IS NOT NULL ORDER BY created_at DESC LIMIT 1) AS latest`;

const HOLDER = `SELECT 'holder', key, NULL, NULL, NULL, NULL, row_to_json(latest)
  FROM unnest($3::text[]) AS given (key) CROSS JOIN LATERAL (${holderSql('key')}) AS latest`;

const UNROUTED = `SELECT 'unrouted', '', NULL, NULL, NULL, NULL, NULL WHERE EXISTS (SELECT FROM unrouted WHERE skipped IS NULL)`;

/** Everything in one statement, because a batch waits for each answer of the server; see `LookUp`. */
export const postgresLookUp: LookUp = {
  *all({ subjects, orderKeys, cooldowns, aliases, latestAt }): Work<Known> {
    const always = `${END} UNION ALL ${SUBJECT} UNION ALL ${HOLDER} UNION ALL ${UNROUTED}`;
    const found =
      cooldowns.length === 0
        ? yield* rows<KnownRow>(always, orderKeys, subjects, aliases)
        : yield* rows<KnownRow>(`${always} UNION ALL ${COOLDOWN}`, orderKeys, subjects, aliases, cooldowns, latestAt + CLOCK_TOLERANCE_MS);
    const hasUnrouted = found.some(({ what }) => what === 'unrouted');
    const known: Known = { latest: new Map(), ends: new Map(), fired: new Map(), holders: new Map(), hasUnrouted };
    for (const row of found) {
      const { what, key, id, body_hash, number, holder } = row;
      if (what === 'end') known.ends.set(key, endOf(row));
      else if (what === 'cooldown') known.fired.set(key, number ?? 0);
      else if (holder !== null) known.holders.set(key, viewOfHolder(holder));
      else if (what === 'subject') known.latest.set(key, { id: id ?? '', bodyHash: body_hash ?? '', receivedAt: number ?? 0 });
    }
    return known;
  },
  *latest(subjects, isLast): Work<Known['latest']> {
    const ask = isLast ? lastRows<LatestRow> : rows<LatestRow>;
    const found = yield* ask(`SELECT key, id, body_hash, received_at ${latestOf('$1')}`, subjects);
    return new Map(found.map(({ key, id, body_hash, received_at }) => [key, { id, bodyHash: body_hash, receivedAt: received_at }]));
  },
  *orderKey(orderKey): Work<OrderKeyEnd> {
    return endOf(yield* firstRow<KnownRow>(END, [orderKey]));
  },
};

function endOf(row: KnownRow | undefined): OrderKeyEnd {
  return { last: row?.number ?? undefined, held: row?.held === true };
}
