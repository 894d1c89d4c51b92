import { isJsonObject, type JsonObject, type JsonValue } from '../lib/json.ts';
import { finiteIn, isNotFinite } from './metric-points.ts';

/** Which summary metrics of two versions are compared. Pure. */

/** A metric of two versions; `null`: that version does not have it. NaN and infinities are W&B's words for them. */
export interface ComparedMetric {
  readonly before: number | string | null;
  readonly now: number | string | null;
}

/** As many as a question shows. */
export const MOST_COMPARED = 4;
/** Deeper than this no metric is looked for: `val.loss.min`. */
const MAX_DEPTH = 4;

/** How a name is read that was logged to measure how good a model is, the best sign first. The place in this list is a rank. */
const MEASURED_ON = /(?:^|[^a-z])(?:val|valid|validation|eval|evaluation|test|dev|holdout)(?:[^a-z]|$)/i;
const QUALITY =
  /(?:^|[^a-z])(?:acc|accuracy|top\d+|f1|auc|auroc|roc|precision|recall|loss|error|err|mae|mse|rmse|r2|map|iou|miou|dice|bleu|rouge|wer|cer|perplexity|ppl|score|reward|ndcg|mrr)(?:[^a-z]|$)/i;
const BOOKKEEPING =
  /(?:^|[^a-z])(?:epochs?|steps?|iter|iterations?|lr|learning_rate|time|runtime|seconds|timestamp|duration|samples|tokens|batch|batch_size|grad_norm|gpu|memory|throughput)(?:[^a-z]|$)/i;

/** All numbers of a summary by name, nested ones by their dotted path; W&B's own (`_step`, `_wandb`) are left out. */
export function numbersIn(summary: JsonObject): Map<string, number | string> {
  const found = new Map<string, number | string>();
  collect(summary, '', 1, found);
  return found;
}

function collect(object: JsonObject, prefix: string, depth: number, found: Map<string, number | string>): void {
  for (const [key, value] of Object.entries(object)) {
    if (prefix === '' && key.startsWith('_')) continue;
    const name = `${prefix}${key}`;
    const number = numberIn(value);
    if (number !== undefined) found.set(name, number);
    else if (isJsonObject(value) && depth < MAX_DEPTH) collect(value, `${name}.`, depth + 1, found);
  }
}

function numberIn(value: JsonValue): number | string | undefined {
  return finiteIn(value) ?? (typeof value === 'string' && isNotFinite(value) ? value : undefined);
}

/**
 * Compares two summaries.
 *
 * @param named metrics that are wanted whatever the summaries hold
 * @returns the named metrics that at least one summary has, and those that are compared by default
 */
export function compareSummaries(now: JsonObject, before: JsonObject, named: readonly string[]): Record<string, ComparedMetric> {
  const [nowNumbers, beforeNumbers] = [numbersIn(now), numbersIn(before)];
  const pair = (name: string): ComparedMetric => ({ before: beforeNumbers.get(name) ?? null, now: nowNumbers.get(name) ?? null });
  const both = Object.fromEntries([...nowNumbers.keys()].filter((name) => beforeNumbers.has(name)).map((name) => [name, pair(name)]));
  const wanted = named.filter((name) => nowNumbers.has(name) || beforeNumbers.has(name));
  return Object.fromEntries([...new Set([...wanted, ...defaultMetrics(both)])].map((name) => [name, pair(name)]));
}

/**
 * The metrics that are compared when the config names none: at most four numbers that both versions have. Which ones depends
 * on their names alone, so one question after another shows the same: first what was measured on held-out data (`val/…`,
 * `test/…`), then measures of quality (`accuracy`, `loss`, …), then others, and counters such as `epoch` last; by name.
 */
export function defaultMetrics(metrics: Readonly<Record<string, ComparedMetric>>): string[] {
  return Object.entries(metrics)
    .filter(([, { before, now }]) => typeof before === 'number' && typeof now === 'number')
    .map(([name]) => name)
    .toSorted((a, b) => rankOf(a) - rankOf(b) || (a < b ? -1 : 1))
    .slice(0, MOST_COMPARED);
}

function rankOf(name: string): number {
  if (BOOKKEEPING.test(name)) return 4;
  const isQuality = QUALITY.test(name);
  if (MEASURED_ON.test(name)) return isQuality ? 0 : 1;
  return isQuality ? 2 : 3;
}
