import { err, ok, type Result } from '../../src/lib/result.ts';
import type { AuditRange } from '../store/audit.ts';
import type { Store } from '../store/store.ts';
import { type ExportRecord, eventRecordOf, muteRecordOf, pauseRecordOf, promotionRecordOf } from './export-record.ts';

/** So many events are in memory at a time. */
const EVENTS_AT_ONCE = 200;
/** With all that an alias was given to. */
const ALIASES_AT_ONCE = 20;
/** More are not kept of an alias. */
const MOST_PROMOTIONS = 100;

/** A part of an export. */
export interface AuditPage {
  readonly records: readonly ExportRecord[];
  /** The cursor of the next part; left out: that was all. */
  readonly next?: string;
}

export interface AuditPageOptions extends AuditRange {
  readonly store: Pick<Store, 'auditEvents' | 'aliases' | 'aliasHistory' | 'mutes' | 'pauses'>;
  /** The `next` of the part before; left out: from the beginning. */
  readonly cursor?: string;
  readonly now: number;
}

/** Events first, oldest first; then the ledger, by alias; then what is muted and paused. The error says what is wrong with the cursor. */
export async function auditPage(options: AuditPageOptions): Promise<Result<AuditPage, string>> {
  const [, kind, place = ''] = /^(events|aliases|rest)-([0-9a-f]{0,32})$/.exec(options.cursor ?? 'events-0') ?? [];
  if (kind === 'events' && /^\d{1,15}$/.test(place)) return ok(await eventsFrom(Number(place), options));
  if (kind === 'aliases') return ok(await aliasesFrom(place, options));
  if (kind === 'rest' && place === '') return ok(await rest(options));
  return err('must be the "next" of another page');
}

async function eventsFrom(after: number, { store, since, until }: AuditPageOptions): Promise<AuditPage> {
  const step = await store.auditEvents({ since, until, after, limit: EVENTS_AT_ONCE });
  return { records: step.items.map(eventRecordOf), next: step.next === undefined ? 'aliases-' : `events-${step.next}` };
}

async function aliasesFrom(after: string, { store, since, until }: AuditPageOptions): Promise<AuditPage> {
  const aliases = await store.aliases({ limit: ALIASES_AT_ONCE, ...(after === '' ? {} : { after }) });
  const records: ExportRecord[] = [];
  for (const alias of aliases) {
    const history = (await store.aliasHistory(alias.key, MOST_PROMOTIONS)).toReversed();
    const within = history.filter((each) => each.since >= since && each.since < until);
    records.push(...within.map((each) => promotionRecordOf(alias, each)));
  }
  const last = aliases.at(-1);
  return { records, next: last === undefined || aliases.length < ALIASES_AT_ONCE ? 'rest-' : `aliases-${last.key}` };
}

async function rest({ store, now }: AuditPageOptions): Promise<AuditPage> {
  return { records: [...(await store.mutes(now)).map(muteRecordOf), ...(await store.pauses()).map(pauseRecordOf)] };
}
