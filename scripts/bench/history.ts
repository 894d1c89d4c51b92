import { tokenCredentials } from '../../receiver/github/token-credentials.ts';
import type { Store } from '../../receiver/store/store.ts';
import { planEvent } from '../../receiver/webhook/route-event.ts';
import { readConfig } from '../../src/config/config.ts';
import { understandBody } from '../../src/event/webhook-body.ts';
import { digest } from '../../src/lib/digest.ts';
import { idsFrom } from '../../src/lib/id.ts';
import { compileRoute } from '../../src/route/route.ts';
import { indexRoutes } from '../../src/route/route-index.ts';
import { aliasBody } from '../../test/stand-ins/wandb-sender.ts';
import { BENCH_CONFIG, BENCH_REPOSITORY, BENCH_TOKEN, SUBJECTS } from './setup.ts';

/** A connection of our own to a store's database, and where the two kinds of SQL differ. */
export interface HistorySql {
  run(sql: string): Promise<void>;
  rows(sql: string): Promise<readonly Record<string, unknown>[]>;
  columns(table: string): Promise<readonly string[]>;
  /** An expression for a number in lower-case hexadecimal, with zeros in front. */
  hex(number: string, width: number): string;
}

/** So many copies of each event are made by one statement. */
const COPIES_AT_ONCE = 20;
/** The history goes so far back. */
const SPAN_MS = 29 * 86_400_000;
const TABLES = ['events', 'deliveries', 'runs', 'notes'] as const;

/**
 * Fills an empty store with delivered events whose runs have ended: one for each subject through the store itself, then
 * copies of all their rows, with ids and times of their own, in the order in which they would have come.
 *
 * @param total a multiple of `SUBJECTS`
 */
export async function fillHistory(store: Store, sql: HistorySql, total: number, progress: (done: number) => void): Promise<void> {
  const end = Date.now() - 86_400_000;
  const first = end - SPAN_MS;
  await deliverOneEach(store, first);
  await sql.run('CREATE TEMP TABLE of_events AS SELECT e.*, e.seq AS place FROM events e');
  await sql.run('CREATE TEMP TABLE of_deliveries AS SELECT d.*, e.place FROM deliveries d JOIN of_events e ON e.id = d.event_id');
  for (const table of ['runs', 'notes'] as const) {
    await sql.run(`CREATE TEMP TABLE of_${table} AS SELECT t.*, d.place FROM ${table} t JOIN of_deliveries d ON d.id = t.delivery_id`);
  }
  const copies = total / SUBJECTS - 1;
  const stepMs = Math.floor(SPAN_MS / total);
  for (let from = 1; from <= copies; from += COPIES_AT_ONCE) {
    const to = Math.min(copies, from + COPIES_AT_ONCE - 1);
    await sql.run('BEGIN');
    for (const table of TABLES) await sql.run(await copying(sql, table, { from, to, first, stepMs }));
    await sql.run('COMMIT');
    progress((to + 1) * SUBJECTS);
    // The other store's turn.
    await new Promise((resolve) => setImmediate(resolve));
  }
  await checkHistory(sql, total);
}

/** One event of each subject, delivered, its run followed to its end. All of it happens at about one time. */
async function deliverOneEach(store: Store, at: number): Promise<void> {
  const config = readConfig(BENCH_CONFIG, 'bench.yaml');
  if (!config.ok) throw new Error(JSON.stringify(config.error));
  const credential = tokenCredentials(BENCH_TOKEN).credentialFor(BENCH_REPOSITORY);
  const newId = idsFrom(
    () => at,
    () => crypto.getRandomValues(new Uint8Array(16)),
  );
  const plan = {
    matchRoutes: indexRoutes(config.value.routes.map(compileRoute)),
    credentialFor: () => credential,
    newId,
    connected: { slack: false, wandb: false },
  };
  const events = Array.from({ length: SUBJECTS }, (_, i) => {
    const payload = aliasBody('v-of-the-history', `model-${i}`);
    const body = JSON.stringify(payload);
    const understood = understandBody(payload, 'default');
    if (understood.kind !== 'event') throw new Error('the body is not an event');
    return planEvent({ event: understood.event, payload, body, bodyHash: digest(body), receivedAt: at }, plan);
  });
  await store.accept(events, { dedupeWindowMs: 0 });
  const claimed = await store.claim({ now: at + 10, leaseMs: 120_000, limit: SUBJECTS, paceMs: 0, newToken: newId });
  if (claimed.length !== SUBJECTS) throw new Error(`${claimed.length} deliveries of ${SUBJECTS} could be claimed`);
  for (const [i, delivery] of claimed.entries()) {
    const sent = { startedAt: at + 10, durationMs: 250, outcome: 'delivered', status: 204 } as const;
    const detail = `dispatched model-production to ${BENCH_REPOSITORY}`;
    await store.settle(delivery, { ...sent, detail }, { state: 'delivered', run: null }, undefined);
    const runId = String(RUN_IDS + i);
    const run = {
      repository: BENCH_REPOSITORY,
      runId,
      url: `https://github.com/${BENCH_REPOSITORY}/actions/runs/${runId}`,
      title: `deploy ${delivery.id}`,
      event: 'repository_dispatch',
      status: 'completed',
      conclusion: 'success',
      attempt: 1,
      createdAt: at + 1_000,
      startedAt: at + 1_000,
      endedAt: at + 91_000,
    } as const;
    await store.recordRuns([run], at + 92_000, () => []);
  }
}

const RUN_IDS = 10_000_000_000;

interface Copying {
  readonly from: number;
  readonly to: number;
  readonly first: number;
  readonly stepMs: number;
}

/** A statement that copies the rows that belong to the first event of each subject, so many times. */
async function copying(sql: HistorySql, table: (typeof TABLES)[number], { from, to, first, stepMs }: Copying): Promise<string> {
  const number = `(CAST(copy AS BIGINT) * ${SUBJECTS} + place - 1)`;
  const later = `${number} * ${stepMs}`;
  // UUIDs of version 7: the time comes first.
  const time = sql.hex(`(${first} + ${later})`, 12);
  const uuid = (kind: number) => `substr(${time}, 1, 8) || '-' || substr(${time}, 9, 4) || '-7${kind}00-8000-' || ${sql.hex(number, 12)}`;
  const [eventId, deliveryId, runId] = [uuid(1), uuid(2), `CAST(${RUN_IDS} + ${number} AS TEXT)`];
  const ownId = { events: eventId, deliveries: deliveryId, runs: undefined, notes: undefined }[table];
  const changed: Record<string, string> = {
    ...(ownId === undefined ? {} : { id: ownId }),
    event_id: eventId,
    delivery_id: deliveryId,
    run_id: runId,
    request: `replace(request, id, ${deliveryId})`,
    text: `'run ended: success after 90 s: https://github.com/${BENCH_REPOSITORY}/actions/runs/' || ${runId}`,
    ...Object.fromEntries(
      ['url', 'run_url'].map((column) => [column, `'https://github.com/${BENCH_REPOSITORY}/actions/runs/' || ${runId}`]),
    ),
    ...Object.fromEntries(TIMES.map((column) => [column, `${column} + ${later}`])),
  };
  const columns = (await sql.columns(table)).filter((column) => column !== 'seq');
  return `INSERT INTO ${table} (${columns.join(', ')})
    WITH RECURSIVE copies (copy) AS (SELECT ${from} UNION ALL SELECT copy + 1 FROM copies WHERE copy < ${to})
    SELECT ${columns.map((column) => changed[column] ?? column).join(', ')} FROM copies CROSS JOIN of_${table} ORDER BY copy, place`;
}

const TIMES = [
  ...['received_at', 'created_at', 'updated_at', 'due_at', 'retrying_since', 'runs_since'],
  ...['started_at', 'ended_at', 'dispatched_at', 'next_poll_at', 'at'],
];

async function checkHistory(sql: HistorySql, total: number): Promise<void> {
  const [found] = await sql.rows(
    `SELECT ${TABLES.map((table) => `(SELECT COUNT(*) FROM ${table}) AS ${table}`).join(', ')},
       (SELECT COUNT(*) FROM deliveries WHERE state = 'delivered' AND is_head = 0) AS delivered,
       (SELECT COUNT(*) FROM runs WHERE next_poll_at IS NULL) AS followed`,
  );
  if (Object.values(found ?? {}).some((count) => Number(count) !== total))
    throw new Error(`not ${total} of each: ${JSON.stringify(found)}`);
}

/** Makes history of what a run of the bench has left undelivered or unfollowed, so that the next one begins as this one did. */
export async function finishAll(sql: HistorySql): Promise<void> {
  await sql.run('BEGIN');
  await sql.run(
    `INSERT INTO runs (delivery_id, event_id, route, repository, kind, status, dispatched_at, runs_since, next_poll_at)
     SELECT id, event_id, route, '${BENCH_REPOSITORY}', 'repository_dispatch', 'expected', created_at, runs_since, 0 FROM deliveries
     WHERE state <> 'delivered'`,
  );
  await sql.run(
    `UPDATE deliveries SET state = 'delivered', is_head = 0, attempts = 1, reason = NULL, lease_token = NULL, lease_until = NULL,
       last_attempt = '{"startedAt":' || created_at || ',"durationMs":250,"outcome":"delivered","status":204,"detail":"dispatched model-production to ${BENCH_REPOSITORY}"}'
     WHERE state <> 'delivered'`,
  );
  await sql.run(`UPDATE runs SET status = 'unknown', next_poll_at = NULL WHERE next_poll_at IS NOT NULL`);
  await sql.run('UPDATE credentials SET throttled_until = 0, next_slot_at = 0');
  await sql.run('COMMIT');
}
