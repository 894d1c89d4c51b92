import { reset, runInDurableObject } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { type ObjectStorage, objectDriver } from '../../../receiver/store/sqlite/object-driver.ts';
import { sqliteStore } from '../../../receiver/store/sqlite/sqlite-store.ts';
import { aliasBody } from '../../stand-ins/wandb-sender.ts';
import { type Kind, MOST_ROWS, MOST_ROWS_OF_A_ROUND, rowsFor, rowsOfRounds } from '../store/rows-written.ts';
import { ask, firstDelivery, objectOf, post, until } from './worker-in-test.ts';

/** What workerd counts as written, as Cloudflare does for its bill: `rowsWritten` of a cursor. Each `setAlarm` is billed as a row, too ("Pricing"). */
interface CountedStorage extends ObjectStorage {
  readonly sql: { exec(query: string, ...values: never[]): { toArray(): object[]; readonly rowsWritten: number } };
  setAlarm(at: number): Promise<void>;
}

interface Written {
  rows: number;
  alarms: number;
}

/** When a run is polled. */
const POLLED = ['UPDATE runs SET next_poll_at'];
/** When a poll finds it. On a slow machine the run of an earlier event is found while a later one is still under way. */
const FOUND = ['UPDATE runs SET run_id', 'INSERT INTO notes', 'UPDATE deliveries SET run_id'];

/** Counts in place, from now on. Polls of runs come later, and are left out. */
function countWrites(storage: CountedStorage, leftOut: readonly string[] = POLLED): Written {
  const written = { rows: 0, alarms: 0 };
  const { sql } = storage;
  const exec = sql.exec.bind(sql);
  const setAlarm = storage.setAlarm.bind(storage);
  sql.exec = (query, ...values) => {
    const cursor = exec(query, ...values);
    const rows = cursor.toArray();
    if (!leftOut.some((start) => query.trimStart().startsWith(start))) written.rows += cursor.rowsWritten;
    return { toArray: () => rows, rowsWritten: cursor.rowsWritten };
  };
  storage.setAlarm = (at) => {
    written.alarms++;
    return setAlarm(at);
  };
  return written;
}

const kinds = Object.keys(MOST_ROWS) as Kind[];

describe('rows written for an event, from its acceptance until everything is delivered', () => {
  test.each(kinds)('%s', async (kind) => {
    const rows = await runInDurableObject(env.BARE.getByName(`rows of ${kind}`), (_object, { storage }) => {
      const written = countWrites(storage as unknown as CountedStorage);
      return rowsFor(kind, sqliteStore(objectDriver(storage)), () => written.rows);
    });

    console.log(`rows written, ${kind}: ${rows}`);
    expect(rows).toBeLessThanOrEqual(MOST_ROWS[kind]);
  });
});

describe('rows written for a round of the engine, its lease included', () => {
  test.each(Object.keys(MOST_ROWS_OF_A_ROUND) as (keyof typeof MOST_ROWS_OF_A_ROUND)[])('%s', async (kind) => {
    const rows = await runInDurableObject(env.BARE.getByName(`rounds where ${kind}`), (_object, { storage }) => {
      const written = countWrites(storage as unknown as CountedStorage);
      return rowsOfRounds(kind, sqliteStore(objectDriver(storage)), () => written.rows);
    });

    console.log(`rows written, a round where ${kind}: ${rows}`);
    expect(rows).toBeLessThanOrEqual(MOST_ROWS_OF_A_ROUND[kind]);
  });
});

describe('rows written by a whole object', () => {
  afterEach(async () => {
    vi.restoreAllMocks();
    await reset();
  });

  test('from webhooks to deliveries, the pace included; and alarms', async () => {
    await until(firstDelivery(await post(aliasBody('v0', 'first'))), 'delivered');
    const written = await runInDurableObject(objectOf(), (_object, { storage }) =>
      countWrites(storage as unknown as CountedStorage, [...POLLED, ...FOUND]),
    );
    const events = 10;
    const ids: string[] = [];
    for (let n = 1; n <= events; n++) ids.push(firstDelivery(await post(aliasBody('v1', `model-${n}`))));
    for (const id of ids) await until(id, 'delivered');
    const { rows, alarms } = await runInDurableObject(objectOf(), () => written);

    console.log(`written by a whole object for each event: ${rows / events} rows, ${alarms / events} alarms`);
    // One of them is the ledger's: each event gives an alias.
    expect(rows / events).toBeLessThanOrEqual(13);
    expect(alarms).toBeLessThanOrEqual(events);
  });

  test('by checks of whether it is ready: none', async () => {
    expect((await ask('/readyz')).status).toBe(200);
    const written = await runInDurableObject(objectOf(), (_object, { storage }) => countWrites(storage as unknown as CountedStorage));
    vi.spyOn(Date, 'now').mockReturnValue(Date.now() + 5_000);

    expect((await ask('/readyz')).status).toBe(200);

    expect(await runInDurableObject(objectOf(), () => written)).toEqual({ rows: 0, alarms: 0 });
  });
});
