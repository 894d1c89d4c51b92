import { beforeEach, expect, onTestFinished, test } from 'vitest';
import { exec, exists, firstRow, forEach, insertRows, lock, rows, type Work } from '../../../../receiver/store/rules/work.ts';
import type { SqlDriver } from '../../../../receiver/store/sqlite/driver.ts';
import { openSqlite } from '../../../../receiver/store/sqlite/node-driver.ts';
import { runWork } from '../../../../receiver/store/sqlite/run-work.ts';

const COLUMNS = { word: 'text' } as const;
const write = (word: string) => insertRows('words', COLUMNS, [[word]]);

let driver: SqlDriver;
beforeEach(() => {
  driver = openSqlite(':memory:');
  onTestFinished(() => driver.close());
  driver.run('CREATE TABLE words (seq INTEGER PRIMARY KEY, word TEXT NOT NULL UNIQUE) STRICT');
});

const written = () => driver.rows<{ word: string }>('SELECT word FROM words ORDER BY seq').map(({ word }) => word);

test('a rule gets the results of its statements, and gives its own', () => {
  const result = runWork(
    driver,
    (function* () {
      const inserted = yield* insertRows('words', COLUMNS, [['b'], ['a'], ['c']]);
      const changed = yield* exec('UPDATE words SET word = word || $2 WHERE word = ANY ($1)', ['a', 'c'], '!');
      const found = yield* rows<{ word: string }>('SELECT word FROM words ORDER BY word COLLATE "C" FOR UPDATE');
      const first = yield* firstRow<{ word: string }>('SELECT word FROM words ORDER BY seq LIMIT 1');
      const each = yield* forEach(['b', 'x'], (word) => exists('SELECT 1 FROM words WHERE word = $1', word));
      return { inserted, changed, found: found.map(({ word }) => word), first, each };
    })(),
  );

  expect(result).toEqual({ inserted: 3, changed: 2, found: ['a!', 'b', 'c!'], first: { word: 'b' }, each: [true, false] });
});

test('rows are inserted in their order, and those that are there already are left alone where the rule says so', () => {
  const work = function* (): Work<number[]> {
    const first = yield* insertRows('words', COLUMNS, [['c'], ['a']]);
    const ignoring = { word: 'text' } as const;
    const second = yield* insertRows('words', ignoring, [['b'], ['a'], ['d']], { ignoreExisting: true });
    return [first, second, yield* insertRows('words', COLUMNS, [])];
  };

  expect(runWork(driver, work())).toEqual([2, 2, 0]);
  expect(written()).toEqual(['c', 'a', 'b', 'd']);
});

test('a lock is skipped with the look-up of its names', () => {
  const looksUp = function* (): Work<string[]> {
    yield* write('looked up');
    return ['a'];
  };

  runWork(
    driver,
    (function* () {
      yield* lock(looksUp);
      yield* write('done');
      yield* lock(['a']);
    })(),
  );

  expect(written()).toEqual(['done']);
});

test('an error of its own in the middle of a rule takes back what it wrote', () => {
  const failing = function* (): Work<void> {
    yield* write('taken back');
    throw new Error('a bug');
  };

  expect(() => driver.transaction(() => runWork(driver, failing()))).toThrow('a bug');
  expect(written()).toEqual([]);
});

test('an error of SQLite reaches the rule’s caller and takes back what the rule wrote', () => {
  const failing = function* (): Work<void> {
    yield* write('twice');
    yield* write('twice');
  };

  expect(() => driver.transaction(() => runWork(driver, failing()))).toThrow(/UNIQUE/);
  expect(written()).toEqual([]);
});
