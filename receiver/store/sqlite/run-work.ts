import { type Columns, type Insert, onConflict, type Statement, type StatementResult, type Work } from '../rules/work.ts';
import type { SqlDriver } from './driver.ts';
import { translate } from './translate.ts';

/** Carries out a rule in one synchronous turn. Does not begin a transaction. */
export function runWork<T>(driver: SqlDriver, work: Work<T>): T {
  let step = work.next();
  while (step.done !== true) step = work.next(resultOf(driver, step.value));
  return step.value;
}

function resultOf(driver: SqlDriver, statement: Statement): StatementResult {
  switch (statement.kind) {
    case 'query': {
      const { sql, values } = translate(statement.sql, statement.values);
      return statement.returns === 'changes' ? driver.run(sql, ...values) : driver.rows(sql, ...values);
    }
    case 'insert':
      return insert(driver, statement);
    case 'insert_all':
      for (const each of statement.inserts) insert(driver, each);
      return 0;
    case 'lock':
      // There is one writer at a time.
      return 0;
  }
}

function insert(driver: SqlDriver, statement: Insert): number {
  const sql = insertText(statement);
  let inserted = 0;
  for (const row of statement.rows) inserted += driver.run(sql, ...row);
  return inserted;
}

const insertTexts = new WeakMap<Columns, string>();

/** Each set of columns belongs to one table, and is always used in the same way. */
function insertText(statement: Insert): string {
  const { table, columns } = statement;
  const known = insertTexts.get(columns);
  if (known !== undefined) return known;
  const names = Object.keys(columns);
  const text = `INSERT INTO ${table} (${names.join(', ')}) VALUES (${names.map(() => '?').join(', ')}) ${onConflict(statement)}`;
  insertTexts.set(columns, text);
  return text;
}
