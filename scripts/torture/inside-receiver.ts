/**
 * Loaded into a receiver's process before `wandb-relay serve` (`node --import`). The receiver is the one that users run; this
 * watches it from below: statements on their way to SQLite or PostgreSQL, requests on their way to GitHub. At the step that the
 * harness asks for, the process ends itself with SIGKILL, in the middle of that turn of the event loop.
 */
import { subscribe } from 'node:diagnostics_channel';
import { DatabaseSync, StatementSync } from 'node:sqlite';
import { CLOCK_VARIABLE, type Command, DISK_VARIABLE, type Step } from './steps.ts';

let killAt: Step | undefined;
let aheadMs = Number(process.env[CLOCK_VARIABLE] ?? 0);
let isDiskFull = process.env[DISK_VARIABLE] === '1';

function reach(step: Step): void {
  if (step === killAt) process.kill(process.pid, 'SIGKILL');
}

const machineClock = Date.now;
Date.now = () => machineClock() + aheadMs;

/** Follows one connection's statements, and knows which commit makes an event durable. */
class StatementWatch {
  #isOpen = false;
  #storesEvent = false;

  /** Returns what has to be called when the statement has been executed. */
  begin(sql: string): () => void {
    const word = /^\s*(\w+)/.exec(sql)?.[1]?.toUpperCase();
    if (word === 'BEGIN') {
      this.#isOpen = true;
      this.#storesEvent = false;
    }
    if (word === 'ROLLBACK') this.#isOpen = false;
    if (/\bINSERT INTO (events|unrouted)\b/i.test(sql)) this.#storesEvent = true;
    const commits = this.#storesEvent && (word === 'COMMIT' || !this.#isOpen);
    if (word === 'COMMIT') this.#isOpen = false;
    if (!commits) return () => undefined;
    this.#storesEvent = false;
    reach('before-commit');
    return () => reach('after-commit');
  }
}

const databases = new Map<DatabaseSync, StatementWatch>();
const statements = new WeakMap<StatementSync, { readonly sql: string; readonly watch: StatementWatch }>();

function watchOf(database: DatabaseSync): StatementWatch {
  let watch = databases.get(database);
  if (watch === undefined) {
    watch = new StatementWatch();
    databases.set(database, watch);
    if (isDiskFull) limitPages(database);
  }
  return watch;
}

/** SQLite's own limit, with the error of a full disk (SQLite documentation, "PRAGMA max_page_count"): it works for every user. */
function limitPages(database: DatabaseSync): void {
  if (!database.isOpen) return;
  const { page_count: pages } = database.prepare('PRAGMA page_count').get() as { page_count: number };
  execute.call(database, `PRAGMA max_page_count = ${isDiskFull ? Math.max(1, pages) : 4_294_967_294}`);
}

const execute = DatabaseSync.prototype.exec;
DatabaseSync.prototype.exec = function (sql) {
  const done = watchOf(this).begin(sql);
  execute.call(this, sql);
  done();
};
const prepare = DatabaseSync.prototype.prepare;
DatabaseSync.prototype.prepare = function (...given) {
  const statement = prepare.apply(this, given);
  statements.set(statement, { sql: given[0], watch: watchOf(this) });
  return statement;
};
for (const method of ['run', 'all', 'get'] as const) {
  const original = StatementSync.prototype[method] as (...values: unknown[]) => unknown;
  Object.assign(StatementSync.prototype, {
    [method](this: StatementSync, ...values: unknown[]) {
      const known = statements.get(this);
      const done = known?.watch.begin(known.sql);
      const result = original.apply(this, values);
      done?.();
      return result;
    },
  });
}

async function watchPostgres(): Promise<void> {
  const { Client } = await import('pg');
  const watches = new WeakMap<object, StatementWatch>();
  const query = Client.prototype.query as (...given: unknown[]) => unknown;
  Object.assign(Client.prototype, {
    query(this: object, ...given: unknown[]) {
      const [first] = given;
      const sql = typeof first === 'string' ? first : (first as { text?: string } | undefined)?.text;
      const watch = watches.get(this) ?? new StatementWatch();
      watches.set(this, watch);
      const done = watch.begin(sql ?? '');
      const result = query.apply(this, given);
      if (!(result instanceof Promise)) return result;
      return result.then((value: unknown) => {
        done();
        return value;
      });
    },
  });
}
if (process.env.DATABASE_URL?.startsWith('postgres') === true) await watchPostgres();

/** Undici, Node's own or the package, publishes every request on these channels, whatever agent or proxy carries it. */
function onDispatch(channel: string, step: Step): void {
  subscribe(channel, (message) => {
    const { request } = message as { request: { method: string; path: string } };
    if (request.method === 'POST' && request.path.endsWith('/dispatches')) reach(step);
  });
}
onDispatch('undici:request:create', 'after-claim');
onDispatch('undici:request:headers', 'after-send');

process.on('message', (command: Command) => {
  switch (command.do) {
    case 'kill-at':
      killAt = command.step;
      return;
    case 'set-clock':
      aheadMs = command.aheadMs;
      return;
    case 'set-disk':
      isDiskFull = command.full;
      for (const database of databases.keys()) limitPages(database);
      return;
  }
});
// A receiver ends with its harness.
process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'));
// The channel alone must not keep a receiver from ending.
process.channel?.unref();
