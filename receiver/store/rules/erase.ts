import { eraserOf, type NameEraser } from '../../../src/lib/erase-name.ts';
import { parseJson } from '../../../src/lib/json.ts';
import type { ErasedTable, EraseOptions, ErasePlace, EraseStep } from '../erasure.ts';
import { exec, firstRow, rows, type SqlScalar, type Work } from './work.ts';

interface Place {
  readonly key: readonly string[];
  /** Columns with JSON, and with text. */
  readonly json: readonly string[];
  readonly text: readonly string[];
  /** A condition on a row `t`: something of what it belongs to is still to be sent or decided. Left out: it stands alone. */
  readonly open?: string;
  /** A condition on a row `t`, without which it names nobody. Left out: any may. */
  readonly only?: string;
}

const OPEN = `d.state IN ('pending', 'in_flight', 'held')`;
const ofEvent = (column: string): string => `EXISTS (SELECT 1 FROM deliveries d WHERE d.event_id = ${column} AND ${OPEN})`;
const OF_DELIVERY = ofEvent('(SELECT e.event_id FROM deliveries e WHERE e.id = t.delivery_id)');

/**
 * Every column in which a person may be named. Keys are not among them, nor are the names of projects and runs: deliveries are ordered by
 * them. Those that depend on people are hashes.
 */
const PLACES: Readonly<Record<ErasedTable, Place>> = {
  events: { key: ['seq'], json: ['event', 'body', 'wandb'], text: [], open: ofEvent('t.id') },
  deliveries: {
    key: ['seq'],
    json: ['request', 'template', 'approval_template', 'approval', 'last_attempt'],
    text: ['reason', 'target', 'credential'],
    open: ofEvent('t.event_id'),
  },
  attempts: { key: ['seq'], json: [], text: ['detail'], open: OF_DELIVERY },
  notes: { key: ['seq'], json: [], text: ['text'], open: OF_DELIVERY },
  approvals: {
    key: ['event_id', 'route'],
    json: ['deciders', 'settings', 'votes'],
    text: ['decided_by', 'reason', 'not_asked'],
    open: ofEvent('t.event_id'),
  },
  rejected: { key: ['seq'], json: ['body'], text: ['reason'] },
  unrouted: { key: ['seq'], json: ['body'], text: ['skipped'], open: '1 = 1' },
  promotions: { key: ['alias_key', 'n'], json: ['event'], text: [] },
  failures: { key: ['subject_key', 'route', 'target', 'conversation'], json: ['problem'], text: [] },
  conversations: {
    key: ['key'],
    json: [],
    text: ['channel', 'credential', 'last_reply'],
    open: `EXISTS (SELECT 1 FROM deliveries d WHERE d.conversation = t.key AND ${OPEN})`,
  },
  mutes: { key: ['subject_key', 'route'], json: [], text: ['muted_by'] },
  pauses: { key: ['kind', 'name'], json: [], text: ['paused_by', 'reason'] },
  occurrences: { key: ['name', 'due_at'], json: [], text: ['event_id'], only: `t.name LIKE 'resumed/%'` },
};

const NUMBERS: ReadonlySet<string> = new Set(['seq', 'n', 'due_at']);

type Row = Readonly<Record<string, SqlScalar>>;

/** What is looked at in one step. A receiver does nothing else meanwhile, so it takes some milliseconds. Rows. */
const LOOKED_AT = 2_000;

/** Rows that may hold a name. */
export interface EraseCandidates {
  readonly places: readonly ErasePlace[];
  /** Where the next step begins; `undefined`: the table is done. */
  readonly next: ErasePlace | undefined;
}

/** A step that only finds out which rows may hold a name, and takes no locks: whoever accepts events does not wait for it. */
export function* eraseCandidates(options: EraseOptions): Work<EraseCandidates> {
  const { table, after, limit, ...names } = options;
  const { key, json, text, only } = PLACES[table];
  const { needles } = eraserOf(names);
  const values: SqlScalar[] = [...needles];
  const has = [...json, ...text].flatMap((column) => needles.map((_, i) => `STRPOS(LOWER(t.${column}), $${i + 1}) > 0`));
  const conditions = [`(${has.join(' OR ')})`, ...(only === undefined ? [] : [only])];
  const bound = yield* keyBehind(options);
  for (const [place, sign] of [
    [after, '>'],
    [bound, '<='],
  ] as const) {
    if (place === undefined) continue;
    conditions.push(`(${key.map(sorted).join(', ')}) ${sign} (${place.map((_, i) => `$${values.length + i + 1}`).join(', ')})`);
    values.push(...place);
  }
  const found = yield* rows<Row>(
    `SELECT ${key.map((column) => `t.${column}`).join(', ')} FROM ${table} t WHERE ${conditions.join(' AND ')}
     ORDER BY ${key.map(sorted).join(', ')} LIMIT $${values.length + 1}`,
    ...values,
    limit,
  );
  const places = found.map((row) => keyOf(row, key));
  return { places, next: places.length < limit ? bound : places.at(-1) };
}

/** The key of the last row that this step looks at; `undefined`: it looks at all that are left. */
function* keyBehind({ table, after }: EraseOptions): Work<ErasePlace | undefined> {
  const { key } = PLACES[table];
  const places = key.map(sorted).join(', ');
  const isLater = after === undefined ? '' : `WHERE (${places}) > (${after.map((_, i) => `$${i + 1}`).join(', ')})`;
  const last = yield* firstRow<Row>(
    `SELECT ${key.map((column) => `t.${column}`).join(', ')} FROM ${table} t ${isLater} ORDER BY ${places} LIMIT 1 OFFSET ${LOOKED_AT - 1}`,
    ...(after ?? []),
  );
  return last === undefined ? undefined : keyOf(last, key);
}

function keyOf(row: Row, key: readonly string[]): ErasePlace {
  return key.map((column) => row[column] ?? '');
}

function sorted(column: string): string {
  return NUMBERS.has(column) ? `t.${column}` : `t.${column} COLLATE "C"`;
}

/** Replaces the names in these rows, as they are by now. Inside a transaction. */
export function* eraseRows(options: EraseOptions, { places, next }: EraseCandidates): Work<EraseStep> {
  const eraser = eraserOf(options);
  let [changed, open] = [0, 0];
  for (const candidate of places) {
    const result = yield* eraseRow(PLACES[options.table], options, candidate, eraser);
    if (result === 'changed') changed++;
    else if (result === 'open') open++;
  }
  return { changed, open, next };
}

function* eraseRow(
  { key, json, text, open }: Place,
  { table, dryRun }: EraseOptions,
  at: ErasePlace,
  eraser: NameEraser,
): Work<'changed' | 'open' | 'nothing'> {
  const columns = [...json, ...text];
  const where = key.map((column, i) => `${column} = $${i + 1}`).join(' AND ');
  const found = yield* firstRow<Row>(
    `SELECT ${columns.join(', ')}, ${open === undefined ? '0' : `CASE WHEN ${open} THEN 1 ELSE 0 END`} AS is_open
     FROM ${table} t WHERE ${where}${dryRun ? '' : ' FOR UPDATE'}`,
    ...at,
  );
  if (found === undefined) return 'nothing';
  const erased = columns.map((column) => erasedValue(found[column] ?? null, json.includes(column), eraser));
  const changes = columns.flatMap((column, i) => (erased[i] === found[column] ? [] : [{ column, value: erased[i] ?? null }]));
  if (changes.length === 0) return 'nothing';
  if (found.is_open === 1) return 'open';
  if (dryRun) return 'changed';
  const set = changes.map(({ column }, i) => `${column} = $${key.length + i + 1}`).join(', ');
  yield* exec(`UPDATE ${table} SET ${set} WHERE ${where}`, ...at, ...changes.map(({ value }) => value));
  return 'changed';
}

/** What should be JSON and is none, such as a request that could not be read, is text as well. */
function erasedValue(value: SqlScalar, mayBeJson: boolean, eraser: NameEraser): SqlScalar {
  if (typeof value !== 'string') return value;
  if (!mayBeJson) return eraser.inText(value);
  return parseJson(value).ok ? eraser.inJson(value) : eraser.inText(eraser.inJson(value));
}
