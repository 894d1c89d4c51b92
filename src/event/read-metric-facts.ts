import { DURATION_PATTERN } from '../lib/duration.ts';
import type { JsonObject, JsonValue } from '../lib/json.ts';
import { JsonNumber } from '../lib/json-number.ts';
import { type MetricFacts, NON_FINITE } from './metric-facts.ts';
import { oneLine } from './one-line.ts';

/** More values than this say no more, and a body must not become larger by being understood. */
const MOST_VALUES = 100;
const LONGEST_WORD = 40;

/**
 * Reads the numbers of a body: W&B's `metric_values`, whose form is not documented (a list as JSON or as text, or one number),
 * the literals of the relay payload, and Weave's `metric_value`, `threshold` and `comparison_op`. What is no finite number is
 * left out.
 */
export function metricFactsIn(from: JsonObject): MetricFacts {
  const values = numbersIn(from.metric_values ?? from.values).slice(-MOST_VALUES);
  const value = numberIn(from.metric_value ?? from.value) ?? values.at(-1);
  const threshold = thresholdIn(from.threshold);
  const comparison = wordIn(from.comparison ?? from.comparison_op);
  const aggregate = wordIn(from.aggregate);
  const window = numberIn(from.window);
  const zscore = numberIn(from.zscore);
  const nonfinite = NON_FINITE.find((word) => word === from.nonfinite);
  return {
    ...(value === undefined ? {} : { value }),
    ...(values.length === 0 ? {} : { values }),
    ...(threshold === undefined ? {} : { threshold }),
    ...(comparison === undefined ? {} : { comparison }),
    ...(aggregate === undefined ? {} : { aggregate }),
    ...(window === undefined ? {} : { window }),
    ...(zscore === undefined ? {} : { zscore }),
    ...(nonfinite === undefined ? {} : { nonfinite }),
  };
}

function numbersIn(value: JsonValue | undefined): number[] {
  if (Array.isArray(value)) return value.flatMap(numbersIn);
  const one = numberIn(value);
  if (one !== undefined) return [one];
  if (typeof value !== 'string') return [];
  // A list as text, with or without brackets; NaN and Infinity stand in it as words.
  return value
    .replace(/^\s*[[(]|[\])]\s*$/g, '')
    .split(/[,;\s]+/)
    .flatMap((part) => numberIn(part) ?? []);
}

function numberIn(value: JsonValue | undefined): number | undefined {
  const text = typeof value === 'string' ? value.trim() : value instanceof JsonNumber ? value.text : value;
  if (typeof text !== 'number' && (typeof text !== 'string' || !/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text))) return undefined;
  const number = Number(text);
  return Number.isFinite(number) ? number : undefined;
}

function thresholdIn(value: JsonValue | undefined): number | string | undefined {
  const percent = typeof value === 'string' ? /^\s*(\d+(?:\.\d+)?%)\s*$/.exec(value)?.[1] : undefined;
  return percent ?? durationIn(value) ?? numberIn(value);
}

function durationIn(value: JsonValue | undefined): string | undefined {
  const text = typeof value === 'string' ? value.trim() : '';
  return DURATION_PATTERN.test(text) ? text : undefined;
}

function wordIn(value: JsonValue | undefined): string | undefined {
  const word = typeof value === 'string' ? oneLine(value) : '';
  return word === '' || word.includes('${') || word.length > LONGEST_WORD ? undefined : word;
}
