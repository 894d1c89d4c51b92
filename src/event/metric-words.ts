import type { MetricFacts, NonFinite } from './metric-facts.ts';

/** What a metric did, against which limit: `went 2.75 → 9.10 (+231 %, alert at +25 %)`, `is 0.91 (alert above 0.6)`. Plain text. */
export function metricWords(facts: MetricFacts): string | undefined {
  const limit = limitWords(facts);
  const { values = [], value, zscore, nonfinite } = facts;
  if (nonfinite !== undefined) return `is ${NON_FINITE_WORDS[nonfinite]}`;
  if (zscore !== undefined) return zscoreWords(value, zscore, limit);
  if (facts.comparison === STALL) return value === undefined ? limit : stallWords(facts, value, limit);
  const [before] = values;
  if (facts.comparison !== undefined && CHANGES.has(facts.comparison) && values.length > 1 && before !== undefined && value !== undefined) {
    const notes = [changeWords(before, value), limit].filter((note) => note !== undefined);
    return `went ${numberWords(before)} → ${numberWords(value)}${notes.length === 0 ? '' : ` (${notes.join(', ')})`}`;
  }
  if (value === undefined) return limit === undefined ? undefined : `crossed its limit (${limit})`;
  return `is ${numberWords(value)}${limit === undefined ? '' : ` (${limit})`}`;
}

const NON_FINITE_WORDS: Readonly<Record<NonFinite, string>> = { NaN: 'NaN', Infinity: 'infinite', '-Infinity': 'minus infinite' };

function zscoreWords(value: number | undefined, zscore: number, limit: string | undefined): string {
  const notes = [`z-score ${numberWords(zscore)}`, limit?.replace('a z-score of ', '')].filter((note) => note !== undefined).join(', ');
  return value === undefined ? `is far from its mean (${notes})` : `is ${numberWords(value)} (${notes})`;
}

/** Comparison of a metric that has stopped changing; `value` is how much it changed. */
const STALL = 'less_than';

function stallWords({ window, threshold }: MetricFacts, value: number, limit: string | undefined): string {
  const size = typeof threshold === 'string' ? `${numberWords(value * 100)} %` : numberWords(value);
  return `changed by ${size}${window === undefined ? '' : ` in ${window} values`}${limit === undefined ? '' : ` (${limit})`}`;
}

const CHANGES: ReadonlySet<string> = new Set(['increases_by', 'decreases_by', 'changes_by']);

const AGGREGATES: ReadonlySet<string> = new Set(['average', 'min', 'max']);

/** The config's words, and Weave's. */
const LIMITS: Readonly<Record<string, string>> = {
  above: 'above',
  above_or_equal_to: 'at or above',
  below: 'below',
  below_or_equal_to: 'at or below',
  equal_to: 'at',
  not_equal_to: 'when it is not',
  increases_by: 'at +',
  decreases_by: 'at −',
  changes_by: 'at ±',
  either: 'at a z-score of ±',
  gt: 'above',
  gte: 'at or above',
  lt: 'below',
  lte: 'at or below',
  less_than: 'below',
};

/** `alert above 0.6`, `alert at +25 %`, with the aggregate when there is one: `average of 5, alert above 0.6`. */
export function limitWords({ threshold, comparison, aggregate, window }: MetricFacts): string | undefined {
  if (threshold === undefined) return undefined;
  const of = aggregate === undefined || !AGGREGATES.has(aggregate) ? '' : `${aggregate}${window === undefined ? '' : ` of ${window}`}, `;
  const word = comparison === undefined ? 'at' : ((Object.hasOwn(LIMITS, comparison) ? LIMITS[comparison] : undefined) ?? 'at');
  const size = typeof threshold === 'string' ? threshold.replace('%', ' %') : numberWords(threshold);
  return `${of}alert ${word}${/[+−±]$/.test(word) ? '' : ' '}${size}`;
}

/** `+231 %`; `undefined` where there is no such number. */
export function changeWords(before: number, after: number): string | undefined {
  if (before === 0) return undefined;
  const percent = ((after - before) / Math.abs(before)) * 100;
  return `${percent < 0 ? '−' : '+'}${new Intl.NumberFormat('en', { maximumSignificantDigits: 3, useGrouping: false }).format(Math.abs(percent))} %`;
}

/** Three significant digits at least, and no more than a person reads: `9.10`, `0.00042`, `12,345`, `1.5e-9`. */
export function numberWords(value: number): string {
  const size = Math.abs(value);
  if (size !== 0 && (size >= 1e9 || size < 1e-4)) return value.toExponential(2).replace('e+', 'e');
  if (size >= 1000) return new Intl.NumberFormat('en', { maximumFractionDigits: 1 }).format(value);
  if (Number.isInteger(value)) return String(value);
  return size >= 1
    ? value.toFixed(2)
    : new Intl.NumberFormat('en', { maximumSignificantDigits: 3, minimumSignificantDigits: 1 }).format(value);
}
