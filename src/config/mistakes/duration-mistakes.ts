import { DURATION_PATTERN, durationInConfig } from '../../lib/duration.ts';
import type { JsonValue } from '../../lib/json.ts';
import type { ConfigPath } from '../locator.ts';
import { type Mistake, mistake } from './mistake.ts';

const UNITS: readonly (readonly [RegExp, number])[] = [
  [/^(ms|milliseconds?)$/, 1],
  [/^(s|secs?|seconds?)$/, 1000],
  [/^(m|mins?|minutes?)$/, 60_000],
  [/^(h|hrs?|hours?)$/, 3_600_000],
  [/^(d|days?)$/, 86_400_000],
  [/^(w|weeks?)$/, 7 * 86_400_000],
];

/** A duration in another form: a number, `1h30m`, `1.5h`, `30 minutes`. */
export function durationMistakes(value: JsonValue | undefined, path: ConfigPath): Mistake[] {
  const word = String(path.at(-1));
  if (typeof value === 'number') return [mistake(path, `needs a unit: write ${word}: ${value}s, ${value}m or ${value}h`)];
  if (typeof value !== 'string' || DURATION_PATTERN.test(value)) return [];
  const meant = millisecondsOf(value.trim().toLowerCase());
  return meant === undefined ? [] : [mistake(path, `is one whole number and a unit: write ${word}: ${durationInConfig(meant)}`)];
}

function millisecondsOf(text: string): number | undefined {
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)\s*([a-z]+)\s*/g)];
  if (parts.length === 0 || parts.map(([whole]) => whole).join('') !== text) return undefined;
  let sum = 0;
  for (const [, amount = '', unit = ''] of parts) {
    const factor = UNITS.find(([pattern]) => pattern.test(unit))?.[1];
    if (factor === undefined) return undefined;
    sum += Math.round(Number(amount) * factor);
  }
  return sum > 0 ? sum : undefined;
}
