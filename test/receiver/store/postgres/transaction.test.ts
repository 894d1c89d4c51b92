import type { QueryResult } from 'pg';
import { describe, expect, test } from 'vitest';
import { pipelined } from '../../../../receiver/store/postgres/transaction.ts';

const INSERT = 'INSERT INTO t VALUES (1)';

interface Asked {
  readonly text: string;
  answer(result: Partial<QueryResult>): void;
  fail(error: Error): void;
}

/** A server that answers when it is told to. */
function server() {
  const asked: Asked[] = [];
  const ask = (text: string): Promise<QueryResult> =>
    new Promise((resolve, reject) => {
      asked.push({ text, answer: (result) => resolve({ rows: [], rowCount: 0, command: text, ...result } as QueryResult), fail: reject });
    });
  const next = (): Asked => {
    const first = asked.shift();
    if (first === undefined) throw new Error('nothing was asked');
    return first;
  };
  const settled = () => new Promise((resolve) => setImmediate(resolve));
  return { ask, next, settled, waiting: () => asked.map(({ text }) => text) };
}

describe('a transaction on PostgreSQL', () => {
  test('waits twice: for BEGIN and what is read, and for what is written and COMMIT', async () => {
    const { ask, next, settled, waiting } = server();
    const done = pipelined(ask, 'BEGIN', async (sql) => {
      const read = await sql.rows('SELECT 1');
      sql.send(INSERT);
      return read;
    });
    expect(waiting()).toEqual(['BEGIN', 'SELECT 1']);

    next().answer({});
    next().answer({ rows: [{ n: 1 }] });
    await settled();
    expect(waiting()).toEqual([INSERT, 'COMMIT']);

    next().answer({});
    next().answer({});
    expect(await done).toEqual([{ n: 1 }]);
  });

  test('waits once when it ends with what it reads: COMMIT travels with it', async () => {
    const { ask, next, settled, waiting } = server();
    let isDone = false;
    const done = pipelined(ask, 'BEGIN', async (sql) => {
      sql.send(INSERT);
      return sql.lastRows('SELECT 1');
    });
    void done.then(() => {
      isDone = true;
    });
    expect(waiting()).toEqual(['BEGIN', INSERT, 'SELECT 1', 'COMMIT']);

    for (const rows of [[], [], [{ n: 1 }]]) next().answer({ rows });
    await settled();
    expect(isDone).toBe(false);
    next().answer({});

    expect(await done).toEqual([{ n: 1 }]);
    expect(waiting()).toEqual([]);
  });

  test('is not committed when that COMMIT comes to nothing', async () => {
    const { ask, next } = server();
    const done = pipelined(ask, 'BEGIN', (sql) => sql.lastRows('SELECT 1'));
    for (const command of ['BEGIN', 'SELECT', 'ROLLBACK']) next().answer({ command });

    await expect(done).rejects.toThrow('PostgreSQL answered COMMIT with ROLLBACK');
  });

  test('asks for nothing after what was to be the last', async () => {
    const { ask, next } = server();
    const done = pipelined(ask, 'BEGIN', async (sql) => {
      await sql.lastRows('SELECT 1');
      sql.send(INSERT);
    });
    for (const command of ['BEGIN', 'SELECT', 'COMMIT']) next().answer({ command });

    await expect(done).rejects.toThrow('a statement was to follow the last one of a transaction');
  });

  test('ends with its first error, not with those that only follow from it', async () => {
    const { ask, next } = server();
    const done = pipelined(ask, 'BEGIN', (sql) => sql.rows('SELECT 1'));
    const [begin, read] = [next(), next()];
    read.fail(new Error('current transaction is aborted'));
    begin.fail(new Error('deadlock detected'));

    await expect(done).rejects.toThrow('deadlock detected');
  });

  test('is not committed when a statement fails that was not waited for', async () => {
    const { ask, next } = server();
    const done = pipelined(ask, 'BEGIN', async (sql) => sql.send(INSERT));
    next().answer({});
    next().fail(new Error('duplicate key'));

    await expect(done).rejects.toThrow('duplicate key');
  });

  test('is not committed when the server has rolled it back without an error', async () => {
    const { ask, next, settled } = server();
    const done = pipelined(ask, 'BEGIN', async () => 'done');
    next().answer({});
    await settled();
    next().answer({ command: 'ROLLBACK' });

    await expect(done).rejects.toThrow('PostgreSQL answered COMMIT with ROLLBACK');
  });
});
