import type { Sql, SqlValue } from './driver.ts';

type ColumnType = 'text' | 'bigint' | 'smallint';

/** A table's columns that are given when a row is inserted, in order. */
export type Columns = Readonly<Record<string, ColumnType>>;

/** Inserts rows with one statement, whose text does not depend on how many they are; `seq` follows the order of the rows. */
export async function insertRows(
  sql: Sql,
  table: string,
  columns: Columns,
  rows: readonly (readonly (string | number | null)[])[],
  onConflict = '',
): Promise<number> {
  if (rows.length === 0) return 0;
  const names = Object.keys(columns).join(', ');
  const arrays = Object.values(columns).map((type, i) => `$${i + 1}::${type}[]`);
  const values: SqlValue[] = arrays.map((_, i) => rows.map((row) => row[i] ?? null));
  return sql.run(
    `INSERT INTO ${table} (${names}) SELECT ${names} FROM unnest(${arrays.join(', ')}) WITH ORDINALITY AS given (${names}, place)
     ORDER BY place ${onConflict}`,
    ...values,
  );
}
