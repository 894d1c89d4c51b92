import { CLOCK_TOLERANCE_MS } from '../../../src/lib/clock.ts';
import type { LatestEvent } from '../delivery.ts';
import { holderOf } from '../rules/holders.ts';
import type { Known, LookUp, OrderKeyEnd } from '../rules/inbox-known.ts';
import { LAST_POSITION_OF_1 } from '../rules/order.ts';
import { exists, firstRow, type Work } from '../rules/work.ts';

/** One small statement for each key; see `LookUp`. */
export const sqliteLookUp: LookUp = {
  *all(keys) {
    const hasUnrouted = yield* exists('SELECT 1 FROM unrouted WHERE skipped IS NULL LIMIT 1');
    const latest = yield* sqliteLookUp.latest(keys.subjects, false);
    const known: Known = { latest, ends: new Map(), fired: new Map(), holders: new Map(), hasUnrouted };
    for (const key of keys.cooldowns) {
      const last = yield* firstRow<{ created_at: number }>(
        // With `+` the index is read from the latest.
        `SELECT created_at FROM deliveries WHERE cooldown_key = $1 AND +created_at <= $2 AND request IS NOT NULL
         ORDER BY created_at DESC LIMIT 1`,
        key,
        keys.latestAt + CLOCK_TOLERANCE_MS,
      );
      if (last !== undefined) known.fired.set(key, last.created_at);
    }
    for (const key of keys.aliases) {
      const holder = yield* holderOf(key);
      if (holder !== undefined) known.holders.set(key, holder);
    }
    return known;
  },
  *latest(subjects) {
    const found: Known['latest'] = new Map();
    for (const key of subjects) {
      const latest = yield* latestOf(key);
      if (latest !== undefined) found.set(key, latest);
    }
    return found;
  },
  *orderKey(orderKey): Work<OrderKeyEnd> {
    const end = yield* firstRow<{ last: number | null; held: number | null }>(
      `SELECT ${LAST_POSITION_OF_1} AS last,
         (SELECT 1 FROM deliveries WHERE order_key = $1 AND state = 'held' LIMIT 1) AS held`,
      orderKey,
    );
    return { last: end?.last ?? undefined, held: end?.held === 1 };
  },
};

function* latestOf(key: string): Work<LatestEvent | undefined> {
  const row = yield* firstRow<{ id: string; body_hash: string; received_at: number }>(
    `SELECT id, body_hash, received_at FROM events WHERE subject_key = $1 AND outcome <> 'duplicate' ORDER BY seq DESC LIMIT 1`,
    key,
  );
  return row === undefined ? undefined : { id: row.id, bodyHash: row.body_hash, receivedAt: row.received_at };
}
