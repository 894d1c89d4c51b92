import type { RelayEvent } from '../../../src/event/event.ts';
import { promotionOf } from '../../../src/event/promotion.ts';
import { digest } from '../../../src/lib/digest.ts';
import type { NewEvent, NewPromotion } from '../delivery.ts';
import type { AliasFilter, AliasView, PromotionView, SeenAlias } from '../ledger.ts';
import { replacedBy, replacedWords } from '../replaced-by.ts';
import { type HolderRow, holderOf, replacedIn } from './holders.ts';
import type { Holder } from './inbox-known.ts';
import { isNewerThan } from './late.ts';
import { aliasLock } from './order-keys.ts';
import { holderBehind, refreshReplaced } from './replaced.ts';
import { type Columns, exec, firstRow, type Insert, insertAll, insertOf, lock, rows, type SqlScalar, type Work } from './work.ts';

/** A row for each time that a version was given an alias; the row with the highest number of an alias says what has it. */

const COLUMNS: Columns = {
  alias_key: 'text',
  n: 'bigint',
  collection: 'text',
  path: 'text',
  alias: 'text',
  version: 'text',
  artifact: 'text',
  since: 'bigint',
  origin: 'text',
  event_id: 'text',
  event: 'text',
  replaced_version: 'text',
  replaced_artifact: 'text',
  replaced_since: 'bigint',
};

/** So many rows of an alias are kept. */
const KEPT = 50;
/** And so many of those that were deployed last: the one that is, and those to roll back to. */
const DEPLOYED_KEPT = 3;

/** What is known of a promotion when it happens. */
export interface Promoted {
  /** What it changes of its event. */
  readonly changes: Pick<NewEvent, 'event' | 'firings'> | undefined;
  /** What has the alias now. */
  readonly holder: Holder;
  /** Its row; `undefined`: the version has the alias already, or does not get it. */
  readonly row: SqlScalar[] | undefined;
}

/**
 * A version is given an alias: the second event about it (W&B sends one for the link and one for the alias) changes nothing. Nor
 * does an event that waited on its way here while another version got the alias: that one still has it.
 */
export function promote(event: NewEvent, promotion: NewPromotion, before: Holder | undefined): Promoted {
  if (before !== undefined && isNewerThan(event, before.since)) {
    const earlier = before.replaced !== null && before.replaced.since <= event.receivedAt ? before.replaced : null;
    const isKnown = earlier !== null && earlier.version !== promotion.version;
    return { changes: isKnown ? promotion.replacing(replacedWords(earlier)) : undefined, holder: before, row: undefined };
  }
  const replaced = replacedBy(promotion.version, before);
  const changes = replaced === null ? undefined : promotion.replacing(replacedWords(replaced));
  if (before?.version === promotion.version) return { changes, holder: before, row: undefined };
  const { artifact = null } = event.event;
  const isShown = event.firings.some(({ deliveries }) => deliveries.some(({ conversation }) => conversation !== undefined));
  const n = (before?.n ?? 0) + 1;
  const holder = { n, version: promotion.version, artifact, since: event.receivedAt, eventId: event.id, isShown, replaced };
  return { changes, holder, row: rowOf(promotion.aliasKey, holder, event.event, 'event') };
}

function rowOf(aliasKey: string, holder: Holder, event: RelayEvent, origin: 'event' | 'api'): SqlScalar[] {
  const { n, version, artifact, since, eventId, replaced } = holder;
  return [
    aliasKey,
    n,
    event.collection ?? '',
    [event.entity, event.project, event.collection].join('/'),
    event.alias ?? '',
    version,
    artifact,
    since,
    origin,
    eventId,
    JSON.stringify(event),
    replaced?.version ?? null,
    replaced?.artifact ?? null,
    replaced?.since ?? null,
  ];
}

/** To be written in the transaction that read what had the alias before. */
export function promotionInsert(promotions: readonly SqlScalar[][]): Insert {
  return insertOf('promotions', COLUMNS, promotions);
}

/** Of each alias the latest rows stay. */
export function* forgetOldPromotions(promotions: readonly SqlScalar[][]): Work<void> {
  const full = promotions.filter(([, n]) => typeof n === 'number' && n > KEPT).map(([aliasKey]) => String(aliasKey));
  if (full.length === 0) return;
  yield* exec(
    `DELETE FROM promotions WHERE alias_key = ANY ($1)
       AND n <= (SELECT MAX(q.n) FROM promotions q WHERE q.alias_key = promotions.alias_key) - ${KEPT}
       AND n NOT IN (SELECT q.n FROM promotions q WHERE q.alias_key = promotions.alias_key AND q.deployed_at IS NOT NULL
         ORDER BY q.deployed_at DESC, q.n DESC LIMIT ${DEPLOYED_KEPT})`,
    [...new Set(full)],
  );
}

export function* correctAlias({ event, at, ledgerHad }: SeenAlias): Work<boolean> {
  const { version = null, artifact = null } = event;
  const key = promotionOf({ ...event, version: version ?? 'none' })?.aliasKey;
  if (key === undefined) return false;
  const aliasKey = digest(key);
  yield* lock([aliasLock(aliasKey)]);
  const before = yield* holderOf(aliasKey);
  if ((before?.version ?? null) === version) return false;
  if (ledgerHad !== undefined && (before?.since !== ledgerHad?.since || before?.version !== ledgerHad?.version)) return false;
  const replaced = version === null ? null : replacedBy(version, before);
  const holder = { n: (before?.n ?? 0) + 1, version, artifact, since: at, eventId: null, isShown: false, replaced };
  const row = rowOf(aliasKey, holder, event, 'api');
  yield* insertAll(promotionInsert([row]));
  yield* forgetOldPromotions([row]);
  if (before?.isShown === true && before.eventId !== null) yield* refreshReplaced([before.eventId], at);
  return true;
}

/** Writes down how the deployment of an event's promotion stands, after a run of it has changed. Inside the caller's transaction. */
export function* recordDeployment(eventId: string, now: number): Work<void> {
  const found = yield* firstRow<{ event: string }>('SELECT event FROM events WHERE id = $1', eventId);
  const event = found && (JSON.parse(found.event) as RelayEvent);
  const promotion = event && promotionOf(event);
  if (promotion === undefined) return;
  const ended = yield* endOf(eventId, now);
  if (ended === undefined) return;
  const isDeployed = ended.conclusion === 'success';
  // A rollback that failed says nothing about how the version was deployed before.
  if (event?.rollback === true && !isDeployed) return;
  yield* exec(
    `UPDATE promotions SET conclusion = $1, run_url = $2, ended_at = $3, deployed_at = CASE WHEN $4 = 1 THEN $3 ELSE deployed_at END
     WHERE alias_key = $5 AND n = (SELECT MAX(q.n) FROM promotions q WHERE q.alias_key = $5 AND q.version = $6)`,
    ended.conclusion,
    ended.url,
    ended.endedAt,
    isDeployed ? 1 : 0,
    digest(promotion.aliasKey),
    promotion.version,
  );
  if (event !== undefined) yield* refreshReplaced(yield* holderBehind(event), now);
}

interface EndedRun {
  readonly conclusion: string;
  readonly url: string | null;
  readonly endedAt: number;
}

/** How all that an event dispatched ended: as the first that failed, or with success once all have; `undefined`: not yet. */
function* endOf(eventId: string, now: number): Work<EndedRun | undefined> {
  const dispatches = yield* rows<{ conclusion: string | null; status: string | null; url: string | null; ended_at: number | null }>(
    `SELECT r.conclusion, r.status, r.url, r.ended_at FROM deliveries d LEFT JOIN runs r ON r.delivery_id = d.id
     WHERE d.event_id = $1 AND (r.delivery_id IS NOT NULL OR (d.state <> 'superseded' AND d.state <> 'cancelled'
       AND (d.target LIKE 'repository_dispatch:%' OR d.target LIKE 'workflow_dispatch:%')))
     ORDER BY d.seq`,
    eventId,
  );
  const failed = dispatches.find(({ status, conclusion }) => status === 'completed' && conclusion !== 'success');
  const last = failed ?? dispatches.toSorted((a, b) => (a.ended_at ?? 0) - (b.ended_at ?? 0)).at(-1);
  if (last === undefined || (failed === undefined && dispatches.some(({ status }) => status !== 'completed'))) return undefined;
  return { conclusion: last.conclusion ?? 'unknown', url: last.url, endedAt: last.ended_at ?? now };
}

export interface PromotionRow extends Omit<HolderRow, 'shown'> {
  origin: 'event' | 'api';
  event: string;
  deployed_at: number | null;
  run_url: string | null;
  conclusion: string | null;
  ended_at: number | null;
}

export const PROMOTION = `p.alias_key, p.n, p.version, p.artifact, p.since, p.replaced_version, p.replaced_artifact, p.replaced_since, p.origin, p.event_id,
  p.event, p.deployed_at, p.run_url, p.conclusion, p.ended_at`;

export function* listAliases({ collection, alias, limit, after = '' }: AliasFilter): Work<AliasView[]> {
  const holders = yield* rows<PromotionRow>(
    `SELECT ${PROMOTION} FROM promotions p
     WHERE n = (SELECT MAX(q.n) FROM promotions q WHERE q.alias_key = p.alias_key) AND alias_key > $1
       AND ($2 = '' OR collection = $2 OR path = $2) AND ($3 = '' OR alias = $3)
     ORDER BY alias_key COLLATE "C" LIMIT $4`,
    after,
    collection ?? '',
    alias ?? '',
    limit,
  );
  return yield* viewsOfAliases(holders);
}

/** @param holders the latest row of each alias */
export function* viewsOfAliases(holders: readonly PromotionRow[]): Work<AliasView[]> {
  if (holders.length === 0) return [];
  const deployed = yield* rows<PromotionRow>(
    `SELECT ${PROMOTION} FROM promotions p WHERE deployed_at IS NOT NULL AND alias_key = ANY ($1) ORDER BY deployed_at, n`,
    holders.map(({ alias_key }) => alias_key),
  );
  const latest = new Map(deployed.map((row) => [row.alias_key, row]));
  return holders.map((row) => viewOfAlias(row, latest.get(row.alias_key)));
}

function viewOfAlias(holder: PromotionRow, deployed: PromotionRow | undefined): AliasView {
  const { source, entity = null, project = null, registry = null, collection = '', alias = '' } = JSON.parse(holder.event) as RelayEvent;
  return {
    key: holder.alias_key,
    source,
    entity,
    project,
    registry,
    collection,
    alias,
    holder: viewOfPromotion(holder),
    deployed: deployed === undefined ? null : viewOfPromotion(deployed),
  };
}

export function* aliasHistory(key: string, limit: number): Work<PromotionView[]> {
  const found = yield* rows<PromotionRow>(
    `SELECT ${PROMOTION} FROM promotions p WHERE alias_key = $1 ORDER BY n DESC LIMIT $2`,
    key,
    limit,
  );
  return found.map(viewOfPromotion);
}

export function* promotionEvent(key: string, version: string): Work<RelayEvent | undefined> {
  const row = yield* firstRow<{ event: string }>(
    'SELECT event FROM promotions WHERE alias_key = $1 AND version = $2 ORDER BY n DESC LIMIT 1',
    key,
    version,
  );
  return row && (JSON.parse(row.event) as RelayEvent);
}

/** What is known of aliases to roll them back. */
export interface RollbackRow {
  readonly alias_key: string;
  readonly version: string;
  readonly artifact: string | null;
  readonly deployed_at: number;
}

/** What was deployed of aliases, the latest first. */
export function* deployedOf(aliasKeys: readonly string[]): Work<RollbackRow[]> {
  if (aliasKeys.length === 0) return [];
  return yield* rows<RollbackRow>(
    `SELECT alias_key, version, artifact, deployed_at FROM promotions
     WHERE alias_key = ANY ($1) AND deployed_at IS NOT NULL AND version IS NOT NULL ORDER BY deployed_at DESC, n DESC`,
    aliasKeys,
  );
}

function viewOfPromotion(row: PromotionRow): PromotionView {
  const { author = null } = JSON.parse(row.event) as RelayEvent;
  return {
    version: row.version,
    artifact: row.artifact,
    since: row.since,
    by: author,
    origin: row.origin,
    eventId: row.event_id,
    replaced: replacedIn(row),
    deployedAt: row.deployed_at,
    run: row.conclusion === null ? null : { conclusion: row.conclusion, url: row.run_url, endedAt: row.ended_at ?? 0 },
  };
}
