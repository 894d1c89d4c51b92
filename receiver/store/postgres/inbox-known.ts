import { CLOCK_TOLERANCE_MS } from '../../../src/lib/clock.ts';
import type { NewEvent } from '../delivery.ts';
import type { Sql } from './driver.ts';

/** The latest event of a subject that is no duplicate. */
export interface LatestEvent {
  readonly id: string;
  readonly bodyHash: string;
  readonly receivedAt: number;
}

export interface LineEnd {
  /** The place of the last that waits or is being sent; `undefined` when there is none. */
  readonly last: number | undefined;
  /** Something is held that belongs to this line. */
  readonly held: boolean;
}

/** What the store knows that decides about a batch of events; kept true by the batch itself as it goes on. */
export interface Known {
  readonly latest: Map<string, LatestEvent>;
  readonly lines: Map<string, LineEnd>;
  /** When a cooldown key last fired. */
  readonly fired: Map<string, number>;
}

interface KnownRow {
  what: 'subject' | 'line' | 'cooldown';
  key: string;
  id: string | null;
  body_hash: string | null;
  number: number | null;
  held: boolean | null;
}

const LINE = `SELECT 'line' AS what, key, NULL AS id, NULL AS body_hash,
    (SELECT position FROM deliveries WHERE order_key = key AND state IN ('pending', 'in_flight') ORDER BY position DESC LIMIT 1) AS number,
    (SELECT true FROM deliveries WHERE order_key = key AND state = 'held' LIMIT 1) AS held
  FROM unnest($1::text[]) AS given (key)`;

const SUBJECT = `SELECT 'subject', key, latest.id, latest.body_hash, latest.received_at, NULL
  FROM unnest($2::text[]) AS given (key) CROSS JOIN LATERAL (
    SELECT id, body_hash, received_at FROM events WHERE subject_key = key AND outcome <> 'duplicate' ORDER BY seq DESC LIMIT 1) AS latest`;

// A delivery that could never be sent is no firing, nor is one of a clock that was ahead.
const COOLDOWN = `SELECT 'cooldown', key, NULL, NULL, latest.created_at, NULL
  FROM unnest($3::text[]) AS given (key) CROSS JOIN LATERAL (
    SELECT created_at FROM deliveries WHERE cooldown_key = key AND created_at <= $4 AND request IS NOT NULL ORDER BY created_at DESC LIMIT 1) AS latest`;

/** Everything in one statement: a batch waits for few answers of the server. */
export async function whatIsKnown(sql: Sql, events: readonly NewEvent[]): Promise<Known> {
  const keys = keysOf(events);
  const rows =
    keys.cooldowns.length === 0
      ? await sql.rows<KnownRow>(`${LINE} UNION ALL ${SUBJECT}`, keys.lines, keys.subjects)
      : await sql.rows<KnownRow>(
          `${LINE} UNION ALL ${SUBJECT} UNION ALL ${COOLDOWN}`,
          keys.lines,
          keys.subjects,
          keys.cooldowns,
          Math.max(...events.map(({ receivedAt }) => receivedAt)) + CLOCK_TOLERANCE_MS,
        );
  const known: Known = { latest: new Map(), lines: new Map(), fired: new Map() };
  for (const { what, key, id, body_hash, number, held } of rows) {
    if (what === 'line') known.lines.set(key, { last: number ?? undefined, held: held === true });
    else if (what === 'cooldown') known.fired.set(key, number ?? 0);
    else known.latest.set(key, { id: id ?? '', bodyHash: body_hash ?? '', receivedAt: number ?? 0 });
  }
  return known;
}

/** How a line stands now, for one that is not known or has changed. */
export async function lineEnd(sql: Sql, orderKey: string): Promise<LineEnd> {
  const [row] = await sql.rows<KnownRow>(LINE, [orderKey]);
  return { last: row?.number ?? undefined, held: row?.held === true };
}

export interface KeysOfBatch {
  readonly subjects: readonly string[];
  readonly lines: readonly string[];
  readonly cooldowns: readonly string[];
}

export function keysOf(events: readonly NewEvent[]): KeysOfBatch {
  const firings = events.flatMap((event) => event.firings);
  return {
    subjects: distinct(events.map((event) => event.subjectKey)),
    lines: distinct(firings.flatMap((firing) => firing.deliveries.map((delivery) => delivery.orderKey))),
    cooldowns: distinct(firings.flatMap((firing) => firing.cooldownKey ?? [])),
  };
}

function distinct(keys: readonly string[]): string[] {
  return [...new Set(keys)];
}
