import type { QueryResult } from 'pg';
import type { SqlValue } from '../rules/work.ts';
import type { TransactionSql } from './sql.ts';

/** Sends a statement at once, behind those that are not answered yet, and resolves with its answer. */
export type Ask = (text: string, values?: readonly SqlValue[]) => Promise<QueryResult>;

/**
 * Runs a transaction with as few waits for the server as possible. BEGIN travels with the first statement, and what is sent
 * without waiting travels with COMMIT. The server works on them one after another, each when the one before it has ended: what
 * BEGIN locks is locked when the first statement begins to read.
 *
 * Rejects with the error that came first: all later ones only say that the transaction has failed.
 */
export async function pipelined<T>(ask: Ask, begin: string, work: (sql: TransactionSql) => Promise<T>): Promise<T> {
  const unanswered: Promise<QueryResult>[] = [];
  let committed: Promise<QueryResult> | undefined;
  const send = (text: string, values: readonly SqlValue[] = []): Promise<QueryResult> => {
    if (committed !== undefined) throw new Error('a statement was to follow the last one of a transaction');
    const answer = ask(text, values);
    unanswered.push(answer);
    // Whoever waits for it sees the error, below.
    answer.catch(() => undefined);
    return answer;
  };
  const allAnswers = async (): Promise<void> => {
    for (const answer of unanswered.splice(0)) await answer;
  };
  const commit = (): Promise<QueryResult> => {
    const sent = send('COMMIT');
    committed = sent;
    return sent;
  };
  const query = async (text: string, values: readonly SqlValue[]): Promise<QueryResult> => {
    const answer = send(text, values);
    await allAnswers();
    return answer;
  };
  send(begin);
  const result = await work({
    rows: async <Row extends object>(sql: string, ...values: SqlValue[]) => (await query(sql, values)).rows as Row[],
    run: async (sql, ...values) => (await query(sql, values)).rowCount ?? 0,
    send: (sql, ...values) => void send(sql, values),
    lastRows: async <Row extends object>(sql: string, ...values: SqlValue[]) => {
      const answer = send(sql, values);
      commit();
      await allAnswers();
      return (await answer).rows as Row[];
    },
  });
  const last = committed ?? commit();
  await allAnswers();
  // The server ends a transaction that has failed in this way, without an error.
  const { command } = await last;
  if (command !== 'COMMIT') throw new Error(`PostgreSQL answered COMMIT with ${command}`);
  return result;
}
