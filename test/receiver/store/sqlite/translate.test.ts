import { DatabaseSync } from 'node:sqlite';
import { describe, expect, onTestFinished, test } from 'vitest';
import { translate } from '../../../../receiver/store/sqlite/translate.ts';

const numbers = (count: number): number[] => Array.from({ length: count }, (_, i) => i);
const marks = (count: number): string => numbers(count).fill(0).join(', ').replaceAll('0', '?');

describe('placeholders', () => {
  test('that stand in order are bound as they are', () => {
    expect(translate('SELECT $1, $2', ['a', 2])).toEqual({ sql: 'SELECT ?, ?', values: ['a', 2] });
  });

  test('that are repeated or stand in another order are bound once for each place', () => {
    expect(translate('SELECT $2, $1, $2', ['a', 'b'])).toEqual({ sql: 'SELECT ?, ?, ?', values: ['b', 'a', 'b'] });
    expect(translate('SELECT $1, $1', ['a'])).toEqual({ sql: 'SELECT ?, ?', values: ['a', 'a'] });
  });

  test('of two digits are not the one-digit placeholder with a zero behind it', () => {
    const values = numbers(11).map((i) => `v${i + 1}`);
    expect(translate('SELECT $10, $1, $11', values)).toEqual({ sql: 'SELECT ?, ?, ?', values: ['v10', 'v1', 'v11'] });
  });

  test('without a value are null', () => {
    expect(translate('SELECT $1, $2', ['a', null]).values).toEqual(['a', null]);
    expect(translate('SELECT $2, $1', ['a']).values).toEqual([null, 'a']);
  });

  test('give each call its own values, although the text is rewritten once', () => {
    const sql = 'SELECT $2, $1, $2 AS again';
    const first = translate(sql, [1, 2]);
    expect(translate(sql, [3, 4])).toEqual({ sql: first.sql, values: [4, 3, 4] });
    expect(first.values).toEqual([2, 1, 2]);
  });
});

describe('a list', () => {
  const sql = 'SELECT n FROM numbers WHERE n = ANY ($1) AND n >= $2';

  test.each([0, 1, 2, 40])('of %i values is written out', (count) => {
    expect(translate(sql, [numbers(count), 0])).toEqual({
      sql: `SELECT n FROM numbers WHERE n IN (${marks(count)}) AND n >= ?`,
      values: [...numbers(count), 0],
    });
  });

  test.each([41, 1_000])('of %i values is one JSON text', (count) => {
    expect(translate(sql, [numbers(count), 0])).toEqual({
      sql: 'SELECT n FROM numbers WHERE n IN (SELECT value FROM json_each(?)) AND n >= ?',
      values: [JSON.stringify(numbers(count)), 0],
    });
  });

  test('is one JSON text wherever the statement would have more values than a Durable Object takes', () => {
    const thrice = 'SELECT 1 WHERE 1 = ANY ($1) OR 2 = ANY ($1) OR 3 = ANY ($1)';
    expect(translate(thrice, [numbers(33)]).values).toHaveLength(99);
    expect(translate(thrice, [numbers(34)])).toEqual({
      sql: 'SELECT 1 WHERE 1 IN (SELECT value FROM json_each(?)) OR 2 IN (SELECT value FROM json_each(?)) OR 3 IN (SELECT value FROM json_each(?))',
      values: Array(3).fill(JSON.stringify(numbers(34))),
    });
    const besides = `SELECT 1 WHERE 1 = ANY ($1) AND 0 IN (${numbers(61)
      .map((i) => `$${i + 2}`)
      .join(', ')})`;
    expect(translate(besides, [numbers(39), ...numbers(61)]).values).toHaveLength(100);
    expect(translate(besides, [numbers(40), ...numbers(61)]).values).toHaveLength(62);
  });

  test('beside others, of other lengths, keeps its place', () => {
    const two = 'SELECT 1 WHERE $3 = ANY ($2) OR $3 = ANY ($1)';
    expect(translate(two, [['a'], [], 'x'])).toEqual({ sql: 'SELECT 1 WHERE ? IN () OR ? IN (?)', values: ['x', 'x', 'a'] });
    expect(translate(two, [[], ['a', 'b'], 'x'])).toEqual({ sql: 'SELECT 1 WHERE ? IN (?, ?) OR ? IN ()', values: ['x', 'a', 'b', 'x'] });
  });

  test.each([0, 1, 40, 41, 500])('of %i values finds the same rows in SQLite, texts and numbers', (count) => {
    const database = new DatabaseSync(':memory:');
    onTestFinished(() => database.close());
    database.exec('CREATE TABLE numbers (n INTEGER NOT NULL, t TEXT NOT NULL) STRICT');
    const insert = database.prepare('INSERT INTO numbers VALUES (?, ?)');
    for (const n of numbers(600)) insert.run(n, `"${n}'`);
    const found = (condition: string, list: readonly (number | string)[]) => {
      const { sql, values } = translate(`SELECT n FROM numbers WHERE ${condition} ORDER BY n`, [list]);
      return database
        .prepare(sql)
        .all(...values)
        .map(({ n }) => n);
    };

    expect(found('n = ANY ($1)', numbers(count))).toEqual(numbers(count));
    expect(
      found(
        't = ANY ($1)',
        numbers(count).map((n) => `"${n}'`),
      ),
    ).toEqual(numbers(count));
  });
});

describe('words of PostgreSQL', () => {
  const sqlOf = (sql: string) => translate(sql, ['a', 1]).sql;

  test('that lock rows are left out, at the end and in a subquery', () => {
    expect(sqlOf('SELECT a FROM t WHERE b = $1 FOR UPDATE')).toBe('SELECT a FROM t WHERE b = ?');
    expect(sqlOf('SELECT a FROM t LIMIT 1\n     FOR UPDATE SKIP LOCKED')).toBe('SELECT a FROM t LIMIT 1');
    expect(sqlOf('SELECT 1 FROM (SELECT a FROM t FOR UPDATE SKIP LOCKED) AS free WHERE a = $2')).toBe(
      'SELECT 1 FROM (SELECT a FROM t) AS free WHERE a = ?',
    );
  });

  test('that compare texts by their bytes are left out: SQLite does that anyway', () => {
    expect(sqlOf('SELECT a FROM t ORDER BY a COLLATE "C", b COLLATE "C" DESC LIMIT $2')).toBe('SELECT a FROM t ORDER BY a, b DESC LIMIT ?');
  });

  test('for the greatest and the least of several values have SQLite’s names', () => {
    expect(sqlOf('SELECT GREATEST(a, $2, LEAST(b, 1)), greatest FROM t')).toBe('SELECT MAX(a, ?, MIN(b, 1)), greatest FROM t');
  });

  test('for a 64-bit number have SQLite’s name', () => {
    expect(sqlOf('SELECT CAST($2 AS bigint), CAST(CASE a WHEN $1 THEN 1 END AS bigint)')).toBe(
      'SELECT CAST(? AS INTEGER), CAST(CASE a WHEN ? THEN 1 END AS INTEGER)',
    );
  });
});
