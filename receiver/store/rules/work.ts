/**
 * A store rule is a generator that yields SQL statements and receives their results. It decides, and never touches a
 * database: a runner carries the statements out, in one synchronous turn on SQLite and inside a Durable Object's
 * `transactionSync`, and one after another over the network on PostgreSQL. So each rule is written once (the technique is
 * known from gensync in Babel).
 *
 * SQL is written in PostgreSQL's form, with these limits, which `sqlite/translate.ts` relies on: placeholders are `$1`, and
 * a list is only ever used as `= ANY ($1)`; `GREATEST` and `LEAST` take two or more values, `STRPOS` a text and what it holds; `FOR UPDATE` (with or without
 * `SKIP LOCKED`) ends its statement or its subquery; texts are compared and sorted by their bytes (`COLLATE "C"`).
 */

export type SqlScalar = string | number | null;
export type SqlValue = SqlScalar | readonly SqlScalar[];

export type Statement = Query | Insert | InsertAll | Lock;

/**
 * One statement. Its result are its rows, or with `changes` how many rows it changed. `last_rows`: the rule asks for nothing after
 * it, so on PostgreSQL the transaction ends with it, and is waited for once.
 */
export interface Query {
  readonly kind: 'query';
  readonly returns: 'rows' | 'last_rows' | 'changes';
  readonly sql: string;
  readonly values: readonly SqlValue[];
}

export type ColumnType = 'text' | 'bigint' | 'smallint';

/** The columns of a table that are given when a row is inserted, in order. */
export type Columns = Readonly<Record<string, ColumnType>>;

/** Inserts rows in their order. The result is how many were inserted. */
export interface Insert {
  readonly kind: 'insert';
  readonly table: string;
  readonly columns: Columns;
  readonly rows: readonly (readonly SqlScalar[])[];
  /** Rows that are there already are left alone. */
  readonly ignoreExisting: boolean;
  /** Rows whose key is there already get the values of these columns instead; no key may come twice. */
  readonly update?: { readonly key: readonly string[]; readonly columns: readonly string[] };
}

/** Several inserts at once, in this order. A foreign key may point to a row of an earlier one. The result is of no use. */
export interface InsertAll {
  readonly kind: 'insert_all';
  readonly inserts: readonly Insert[];
}

/**
 * Waits until nobody else holds these names, and holds them until the transaction ends. SQLite has one writer at a time and
 * skips it, together with the look-up that gives the names. As the first statement of a transaction it is taken when the
 * transaction begins.
 */
export interface Lock {
  readonly kind: 'lock';
  readonly names: readonly string[] | (() => Work<readonly string[]>);
}

export type StatementResult = readonly object[] | number;

/** What a rule is: it yields statements, and returns a `T`. */
export type Work<T> = Generator<Statement, T, StatementResult>;

export function* rows<Row extends object>(sql: string, ...values: SqlValue[]): Work<Row[]> {
  return (yield { kind: 'query', returns: 'rows', sql, values }) as Row[];
}

/** As `rows`; nothing may be asked after it in the same transaction. */
export function* lastRows<Row extends object>(sql: string, ...values: SqlValue[]): Work<Row[]> {
  return (yield { kind: 'query', returns: 'last_rows', sql, values }) as Row[];
}

/** The first row, or `undefined`. */
export function* firstRow<Row extends object>(sql: string, ...values: SqlValue[]): Work<Row | undefined> {
  const [row] = yield* rows<Row>(sql, ...values);
  return row;
}

/** Whether the statement gives any row. */
export function* exists(sql: string, ...values: SqlValue[]): Work<boolean> {
  return (yield* rows(sql, ...values)).length > 0;
}

/** Returns how many rows changed. */
export function* exec(sql: string, ...values: SqlValue[]): Work<number> {
  return (yield { kind: 'query', returns: 'changes', sql, values }) as number;
}

export function* insertRows(
  table: string,
  columns: Columns,
  rowsToInsert: readonly (readonly SqlScalar[])[],
  { ignoreExisting = false } = {},
): Work<number> {
  if (rowsToInsert.length === 0) return 0;
  return (yield insertOf(table, columns, rowsToInsert, { ignoreExisting })) as number;
}

/** Inserts rows, or updates some columns of those whose key is there already. @param columns of this use alone */
export function* upsertRows(
  table: string,
  columns: Columns,
  rowsToInsert: readonly (readonly SqlScalar[])[],
  update: Required<Insert>['update'],
): Work<number> {
  if (rowsToInsert.length === 0) return 0;
  return (yield { ...insertOf(table, columns, rowsToInsert), update }) as number;
}

/** What `insertRows` yields, for `insertAll`. */
export function insertOf(
  table: string,
  columns: Columns,
  rowsToInsert: readonly (readonly SqlScalar[])[],
  { ignoreExisting = false } = {},
): Insert {
  return { kind: 'insert', table, columns, rows: rowsToInsert, ignoreExisting };
}

/** Inserts rows into several tables. A foreign key may point from one to another: it is checked at the end. */
export function* insertAll(...inserts: readonly Insert[]): Work<void> {
  const some = inserts.filter(({ rows: given }) => given.length > 0);
  if (some.length > 0) yield { kind: 'insert_all', inserts: some };
}

/** How an insert ends, in both databases. */
export function onConflict({ ignoreExisting, update }: Pick<Insert, 'ignoreExisting' | 'update'>): string {
  if (update === undefined) return ignoreExisting ? 'ON CONFLICT DO NOTHING' : '';
  const changes = update.columns.map((column) => `${column} = excluded.${column}`);
  return `ON CONFLICT (${update.key.join(', ')}) DO UPDATE SET ${changes.join(', ')}`;
}

/** See `Lock`. */
export function* lock(names: Lock['names']): Work<void> {
  if (typeof names !== 'function' && names.length === 0) return;
  yield { kind: 'lock', names };
}

/** Does the same for each item, one after another, and returns the results in order. */
export function* forEach<Item, T>(items: Iterable<Item>, work: (item: Item) => Work<T>): Work<T[]> {
  const results: T[] = [];
  for (const item of items) results.push(yield* work(item));
  return results;
}
