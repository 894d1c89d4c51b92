import { isJsonObject, type JsonObject, type JsonValue } from '../lib/json.ts';
import { JsonNumber } from '../lib/json-number.ts';

/** The last values of a metric, oldest first, as `wandb.history` of an event keeps them. */
export interface MetricPoints {
  readonly metric: string;
  /** What `at` counts: the run's steps or, for system metrics, which have none, the seconds that it runs. */
  readonly axis: 'step' | 'seconds';
  readonly points: readonly MetricPoint[];
  /** How many values since the first point are NaN or infinite, and are no points. */
  readonly notFinite: number;
}

export interface MetricPoint {
  readonly at: number;
  readonly value: number;
}

/** As many as a chart has room for. */
export const MOST_POINTS = 20;

export function pointsToJson({ metric, axis, points, notFinite }: MetricPoints): JsonObject {
  return { metric, axis, points: points.map(({ at, value }) => [at, value]), ...(notFinite === 0 ? {} : { not_finite: notFinite }) };
}

/** Reads what `pointsToJson` made; `undefined` when it is something else. */
export function pointsFromJson(value: JsonValue | undefined): MetricPoints | undefined {
  if (!isJsonObject(value)) return undefined;
  const { metric, axis, points, not_finite = 0 } = value;
  if (typeof metric !== 'string' || (axis !== 'step' && axis !== 'seconds') || !Array.isArray(points)) return undefined;
  const read = points.flatMap((pair): MetricPoint[] => {
    const [at, value] = Array.isArray(pair) ? pair.map(finiteIn) : [];
    return at === undefined || value === undefined ? [] : [{ at, value }];
  });
  return { metric, axis, points: read.slice(-MOST_POINTS), notFinite: finiteIn(not_finite) ?? 0 };
}

/** The number that a JSON value is, if it is finite. */
export function finiteIn(value: unknown): number | undefined {
  const number = value instanceof JsonNumber ? value.valueOf() : value;
  return typeof number === 'number' && Number.isFinite(number) ? number : undefined;
}

/** What W&B writes for numbers that JSON does not have: in answers about summaries and sampled histories, as text. */
export function isNotFinite(value: unknown): boolean {
  return typeof value === 'string' && /^(NaN|[+-]?Infinity)$/.test(value);
}
