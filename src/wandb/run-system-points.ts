import * as z from 'zod';
import type { Point } from '../engine/run.ts';
import type { PointsQuery, ProjectRef, ReadFailure } from '../engine/run-reader.ts';
import { systemKey } from '../engine/system-metrics.ts';
import { err, ok, type Result } from '../lib/result.ts';
import { loggedNumber, loggedTime, loggedValue, readLoggedObject } from './logged-json.ts';
import { systemRowsDocument } from './run-documents.ts';
import { failureOf, missingProject } from './run-failure.ts';
import type { RunSession } from './run-session.ts';
import type { WandbError } from './wandb-error.ts';

/**
 * Rows come every 15 seconds, so these are the last 20 hours of one machine. `events` has no range: of a run with more rows
 * W&B returns every so many of the whole run, and what is read then is not every value.
 */
const SAMPLES = 5_000;
/** Rows are wide: about a kilobyte, and more with many GPUs. */
const RUNS_PER_REQUEST = 8;
const FEWEST_SAMPLES = 100;

const eventsShape = z.object({
  project: z.record(z.string(), z.object({ events: z.array(z.unknown()).nullish() }).nullish()).nullish(),
});

export interface SystemQuery {
  readonly query: PointsQuery;
  readonly metrics: readonly string[];
  readonly createdAt: number | undefined;
}

export interface SystemPoints {
  readonly points: readonly Point[];
  /** The latest time of any row; milliseconds since 1970. */
  readonly readUpTo: number;
  /** Rows of a later time than was asked for are there. */
  readonly waits: boolean;
}

export interface SystemRead {
  /** By the query that asked for them. */
  readonly found: ReadonlyMap<PointsQuery, SystemPoints>;
  /** Why there are none for the other queries. */
  readonly failure?: ReadFailure;
}

/** Points of system metrics logged after `systemAfter` and up to `systemUpTo`. A failure keeps what was read before it. */
export async function readSystemPoints(
  session: RunSession,
  project: ProjectRef,
  queries: readonly SystemQuery[],
  signal: AbortSignal,
): Promise<SystemRead> {
  const found = new Map<PointsQuery, SystemPoints>();
  const asked = queries.filter(({ metrics }) => metrics.length > 0);
  let samples = SAMPLES;
  for (let start = 0, size = RUNS_PER_REQUEST; start < asked.length; ) {
    const some = asked.slice(start, start + size);
    const answer = await ask(session, project, some, samples, signal);
    if (!answer.ok) {
      if (answer.error.tooLong !== true || (size === 1 && samples <= FEWEST_SAMPLES)) return { found, failure: failureOf(answer.error) };
      if (size > 1) size = Math.ceil(size / 4);
      else samples = Math.ceil(samples / 4);
      continue;
    }
    for (const [i, query] of some.entries()) found.set(query.query, pointsIn(answer.value[i] ?? [], query, session.now()));
    start += some.length;
    samples = SAMPLES;
  }
  return { found };
}

async function ask(
  session: RunSession,
  project: ProjectRef,
  queries: readonly SystemQuery[],
  samples: number,
  signal: AbortSignal,
): Promise<Result<(readonly unknown[])[], WandbError>> {
  const variables = { samples, ...Object.fromEntries(queries.map(({ query }, i) => [`r${i}`, query.run])) };
  const answer = await session.query(systemRowsDocument(queries.length), variables, eventsShape, { project, signal });
  if (!answer.ok) return answer;
  const found = answer.value.project;
  if (!found) return err({ kind: 'not_found', status: null, message: missingProject(project).message });
  return ok(queries.map((_query, i) => found[`r${i}`]?.events ?? []));
}

function pointsIn(lines: readonly unknown[], { query, metrics, createdAt }: SystemQuery, now: number): SystemPoints {
  const points = new Map(metrics.map((metric): [string, Map<number, Point>] => [metric, new Map()]));
  let readUpTo = query.systemAfter;
  let waits = false;
  for (const line of lines) {
    const row = typeof line === 'string' ? readLoggedObject(line) : undefined;
    if (row === undefined) continue;
    const age = finite(row._runtime);
    const when = Math.round(loggedTime(row._timestamp) ?? loggedTime(((createdAt ?? now) + (age ?? 0) * 1000) / 1000) ?? now);
    if (!(when > query.systemAfter)) continue;
    if (when > query.systemUpTo) {
      waits = true;
      continue;
    }
    readUpTo = Math.max(readUpTo, when);
    const x = age ?? (when - (createdAt ?? 0)) / 1000;
    for (const [metric, places] of points) {
      const value = loggedNumber(loggedValue(row, systemKey(metric)));
      if (value !== undefined) places.set(x, { metric, x, at: when, value });
    }
  }
  const sorted = [...points.values()].flatMap((places) => [...places.values()].toSorted((a, b) => a.x - b.x));
  return { points: sorted, readUpTo, waits };
}

function finite(value: unknown): number | undefined {
  const number = loggedNumber(value);
  return number !== undefined && Number.isFinite(number) ? number : undefined;
}
