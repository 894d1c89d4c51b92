import * as z from 'zod';
import { isSystemMetric, systemKey } from '../engine/system-metrics.ts';
import { finiteIn, type MetricPoint, type MetricPoints, MOST_POINTS } from '../event/metric-points.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../lib/json.ts';
import { ok, type Result } from '../lib/result.ts';
import type { WandbClient } from './client.ts';
import { RUN_HISTORY, RUN_SYSTEM_METRICS } from './documents.ts';
import { loggedNumber, readLoggedObject } from './logged-json.ts';
import type { WandbError } from './wandb-error.ts';

export interface HistoryQuery {
  readonly entity: string;
  readonly project: string;
  /** The run's id. */
  readonly run: string;
  readonly metric: string;
  /** The run is known to have logged it: then it is no system metric, whatever its name is. */
  readonly isLogged: boolean;
  /** The run's last step, where it is known. */
  readonly lastStep: number | undefined;
  /** How long the run runs, where that is known: only a short run's system metrics can be read exactly. */
  readonly durationSeconds: number | undefined;
}

/** W&B returns all rows of a range that has fewer than this many, and thins out the others. */
const SAMPLES = 250;
/** Steps of the shortest range; each next one is ten times as long. */
const SHORTEST_RANGE = 100;
/** Ranges in one request, the whole run among them. */
const MOST_RANGES = 8;
/** W&B logs system metrics every 15 seconds, in wide rows: of a run of two hours that is about a megabyte. */
const SYSTEM_INTERVAL_S = 15;
const SYSTEM_SAMPLES = 500;

const historyShape = z.object({
  project: z.object({ run: z.object({ sampledHistory: z.array(z.unknown()).nullish() }).nullish() }).nullish(),
});
const systemShape = z.object({ project: z.object({ run: z.object({ events: z.array(z.string()).nullish() }).nullish() }).nullish() });

/**
 * The last values of a metric, in one request; `null`: there are none that are known to be all values of a range.
 *
 * How often a metric is logged is not known beforehand. So the request asks for several ranges at once, each ending at the
 * run's last step: of those that W&B returned whole, the longest is used.
 */
export async function fetchPoints(
  client: WandbClient,
  query: HistoryQuery,
  signal: AbortSignal,
): Promise<Result<MetricPoints | null, WandbError>> {
  return isSystemMetric(query.metric) && !query.isLogged
    ? await systemPoints(client, query, signal)
    : await historyPoints(client, query, signal);
}

async function historyPoints(
  client: WandbClient,
  { entity, project, run, metric, lastStep }: HistoryQuery,
  onceUntil: AbortSignal,
): Promise<Result<MetricPoints | null, WandbError>> {
  const specs = rangesUpTo(lastStep).map((range) => JSON.stringify({ keys: ['_step', metric], samples: SAMPLES, ...range }));
  const answer = await client.query(RUN_HISTORY, { entity, project, run, specs }, historyShape, { onceUntil });
  if (!answer.ok) return answer;
  const ranges = (answer.value.project?.run?.sampledHistory ?? []).map(rowsOf);
  const whole = ranges.filter((rows) => rows.length < SAMPLES);
  const longest = whole.toSorted((a, b) => b.length - a.length)[0] ?? [];
  const found = longest.flatMap((row) => valueAt(row._step, row[metric]));
  return ok(pointsOf(metric, 'step', found));
}

/** Both ends count (`sampledHistory`, unlike `history`). */
function rangesUpTo(lastStep: number | undefined): { minStep: number; maxStep?: number }[] {
  const all = { minStep: 0, ...(lastStep === undefined ? {} : { maxStep: Math.ceil(lastStep) }) };
  const ranges: { minStep: number; maxStep?: number }[] = [];
  if (lastStep === undefined) return [all];
  for (let steps = SHORTEST_RANGE; steps <= lastStep && ranges.length < MOST_RANGES - 1; steps *= 10) {
    ranges.push({ minStep: Math.ceil(lastStep) - steps + 1, maxStep: Math.ceil(lastStep) });
  }
  return [...ranges, all];
}

function rowsOf(value: unknown): JsonObject[] {
  return Array.isArray(value) ? (value as JsonValue[]).filter(isJsonObject) : [];
}

async function systemPoints(
  client: WandbClient,
  { entity, project, run, metric, durationSeconds }: HistoryQuery,
  onceUntil: AbortSignal,
): Promise<Result<MetricPoints | null, WandbError>> {
  // Of a longer run W&B returns every so many rows, not the last ones.
  if (durationSeconds === undefined || durationSeconds / SYSTEM_INTERVAL_S > SYSTEM_SAMPLES) return ok(null);
  const answer = await client.query(RUN_SYSTEM_METRICS, { entity, project, run, samples: SYSTEM_SAMPLES }, systemShape, { onceUntil });
  if (!answer.ok) return answer;
  const lines = answer.value.project?.run?.events ?? [];
  if (lines.length >= SYSTEM_SAMPLES) return ok(null);
  const key = systemKey(metric);
  const found = lines.flatMap((line) => {
    const row = readLoggedObject(line);
    return row === undefined ? [] : valueAt(row._runtime, row[key]);
  });
  return ok(pointsOf(metric, 'seconds', found));
}

interface LoggedValue {
  readonly at: number;
  /** `undefined`: NaN or infinite. */
  readonly value: number | undefined;
}

function valueAt(at: unknown, value: unknown): LoggedValue[] {
  const where = finiteIn(at);
  const number = loggedNumber(value);
  return where === undefined || number === undefined ? [] : [{ at: where, value: finiteIn(number) }];
}

/** The last values, one for each place: rows that were exported come twice (W&B), and a fork repeats steps. */
function pointsOf(metric: string, axis: MetricPoints['axis'], values: readonly LoggedValue[]): MetricPoints | null {
  const byPlace = new Map(values.map((one) => [one.at, one]));
  const sorted = [...byPlace.values()].toSorted((a, b) => a.at - b.at);
  const finite = sorted.flatMap(({ at, value }): MetricPoint[] => (value === undefined ? [] : [{ at, value }]));
  const points = finite.slice(-MOST_POINTS);
  const [first] = points;
  if (first === undefined) return null;
  const notFinite = sorted.filter(({ at, value }) => value === undefined && at >= first.at).length;
  return { metric, axis, points, notFinite };
}
