import { type Insert, onConflict, type Query, type SqlValue, type Statement, type StatementResult, type Work } from '../rules/work.ts';
import type { PostgresDriver } from './driver.ts';
import { locksOf } from './locks.ts';
import type { Sql, TransactionSql } from './sql.ts';

/** Inside a transaction, or each statement for itself. */
type AnySql = Sql & Partial<Pick<TransactionSql, 'send' | 'lastRows'>>;

/** Carries out a rule statement by statement, each in a transaction of its own unless `sql` is inside one. */
export async function runWork<T>(sql: AnySql, work: Work<T>): Promise<T> {
  return continueWork(sql, work, work.next());
}

/**
 * Carries out a rule in one transaction. A lock that comes first is looked up before the transaction, and taken when it
 * begins: the first statement travels with it, and what it reads is read under the lock. `then` does more in the same transaction. A deadlock or a serialization failure
 * starts the rule again, which is why it is given as a function.
 */
export async function runInTransaction<T>(
  driver: PostgresDriver,
  start: () => Work<T>,
  then: (sql: Sql, result: T) => Promise<void> = async () => undefined,
): Promise<T> {
  const names = await firstLock(driver, start());
  return driver.transaction(names, async (sql) => {
    const work = start();
    const first = work.next();
    // Its names are held since the transaction began.
    const result = await continueWork(sql, work, isLock(first) ? work.next(0) : first);
    await then(sql, result);
    return result;
  });
}

async function firstLock<T>(sql: AnySql, work: Work<T>): Promise<readonly string[]> {
  const first = work.next();
  return isLock(first) ? namesOf(sql, first.value) : [];
}

type Step<T> = IteratorResult<Statement, T>;
type LockStatement = Extract<Statement, { kind: 'lock' }>;

function isLock<T>(step: Step<T>): step is IteratorYieldResult<LockStatement> {
  return step.done !== true && step.value.kind === 'lock';
}

async function namesOf(sql: AnySql, { names }: LockStatement): Promise<readonly string[]> {
  return typeof names === 'function' ? runWork(sql, names()) : names;
}

async function continueWork<T>(sql: AnySql, work: Work<T>, first: Step<T>): Promise<T> {
  let step = first;
  while (step.done !== true) step = work.next(await resultOf(sql, step.value));
  return step.value;
}

async function resultOf(sql: AnySql, statement: Statement): Promise<StatementResult> {
  switch (statement.kind) {
    case 'query':
      return answerTo(sql, statement);
    case 'insert':
      return sql.run(...insertOf([statement]));
    case 'insert_all': {
      const [text, ...values] = insertOf(statement.inserts);
      // Nobody reads how many rows these were.
      if (sql.send === undefined) return sql.run(text, ...values);
      sql.send(text, ...values);
      return 0;
    }
    case 'lock': {
      const text = locksOf(await namesOf(sql, statement));
      return text === '' ? 0 : sql.run(text);
    }
  }
}

async function answerTo(sql: AnySql, { returns, sql: text, values }: Query): Promise<StatementResult> {
  if (returns === 'changes') return sql.run(text, ...values);
  return returns === 'last_rows' && sql.lastRows !== undefined ? sql.lastRows(text, ...values) : sql.rows(text, ...values);
}

/**
 * One statement for all of them, because each would wait for an answer: foreign keys are checked at its end. Its text does not
 * depend on how many rows there are; `seq` follows the order of the rows. Returns how many rows the last one inserted.
 */
function insertOf(inserts: readonly Insert[]): [text: string, ...values: SqlValue[]] {
  const values: SqlValue[] = [];
  const texts = inserts.map((each) => {
    const { table, columns, rows } = each;
    const names = Object.keys(columns).join(', ');
    const arrays = Object.values(columns).map((type, i) => {
      values.push(rows.map((row) => row[i] ?? null));
      return `$${values.length}::${type}[]`;
    });
    return `INSERT INTO ${table} (${names}) SELECT ${names} FROM unnest(${arrays.join(', ')}) WITH ORDINALITY AS given (${names}, place)
     ORDER BY place ${onConflict(each)}`;
  });
  const last = texts.pop() ?? '';
  const before = texts.map((text, i) => `part${i} AS (${text})`);
  return [before.length === 0 ? last : `WITH ${before.join(', ')} ${last}`, ...values];
}
