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

/** A step that only finds out which rows may hold a name, and takes no locks: whoever accepts events does not wait for it. */
export function* eraseCandidates({ table, after, limit, ...names }: EraseOptions): Work<ErasePlace[]> {
  const { key, json, text, only } = PLACES[table];
  const { needles } = eraserOf(names);
  const values: SqlScalar[] = [...needles];
  const has = [...json, ...text].flatMap((column) => needles.map((_, i) => `STRPOS(LOWER(t.${column}), $${i + 1}) > 0`));
  const conditions = [`(${has.join(' OR ')})`, ...(only === undefined ? [] : [only])];
  if (after !== undefined) {
    conditions.push(`(${key.map(sorted).join(', ')}) > (${after.map((_, i) => `$${values.length + i + 1}`).join(', ')})`);
    values.push(...after);
  }
  const found = yield* rows<Row>(
    `SELECT ${key.map((column) => `t.${column}`).join(', ')} FROM ${table} t WHERE ${conditions.join(' AND ')}
     ORDER BY ${key.map(sorted).join(', ')} LIMIT $${values.length + 1}`,
    ...values,
    limit,
  );
  return found.map((row) => key.map((column) => row[column] ?? ''));
}

function sorted(column: string): string {
  return NUMBERS.has(column) ? `t.${column}` : `t.${column} COLLATE "C"`;
}

/** Replaces the names in these rows, as they are by now. Inside a transaction. */
export function* eraseRows(options: EraseOptions, candidates: readonly ErasePlace[]): Work<EraseStep> {
  const eraser = eraserOf(options);
  let [changed, open] = [0, 0];
  for (const candidate of candidates) {
    const result = yield* eraseRow(PLACES[options.table], options, candidate, eraser);
    if (result === 'changed') changed++;
    else if (result === 'open') open++;
  }
  return { changed, open, next: candidates.length < options.limit ? undefined : candidates.at(-1) };
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
