import { numberWords } from '../event/metric-words.ts';
import { durationWords } from '../lib/duration.ts';
import { valueWords } from './condition-words.ts';
import type { AutomationResult, NearMiss, RunChart, TestedFiring } from './result.ts';
import { count } from './result-words.ts';

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** `27 Nov, 11:31` in UTC. */
export function timeWords(at: number): string {
  const date = new Date(at);
  if (Number.isNaN(date.getTime())) return '?';
  return `${dayWords(at)}, ${date.toISOString().slice(11, 16)}`;
}

/** `27 Nov` in UTC. */
export function dayWords(at: number): string {
  const date = new Date(at);
  return Number.isNaN(date.getTime()) ? '?' : `${date.getUTCDate()} ${MONTHS[date.getUTCMonth()] ?? ''}`;
}

/** Where on a run: `step 1,173`, or `after 2 h`. */
export function whereWords({ step, seconds }: Pick<TestedFiring | NearMiss, 'step' | 'seconds'>): string {
  if (seconds !== undefined) return `after ${durationWords(seconds * 1000)}`;
  return step === undefined ? '' : `step ${stepWords(step)}`;
}

/** The same after a verb: `at step 1,173`. */
function placeWords(place: Pick<TestedFiring | NearMiss, 'step' | 'seconds'>): string {
  return place.seconds === undefined ? `at ${whereWords(place)}` : whereWords(place);
}

export function stepWords(step: number): string {
  return step.toLocaleString('en', { maximumFractionDigits: 3 });
}

/** The compared number with more digits than a sentence has. */
export function exactWords({ rule: { condition } }: Pick<AutomationResult, 'rule'>, value: number): string {
  if (!Number.isFinite(value)) return valueWords(condition, value);
  const words = valueWords(condition, value);
  const isPercent = words.endsWith(' %');
  const text = String(Number((isPercent ? value * 100 : value).toPrecision(7))).replace('-', '−');
  return `${words.startsWith('+') ? '+' : ''}${text}${isPercent ? ' %' : ''}`;
}

/** A distance in the unit of the compared number, without a sign. */
export function distanceWords({ rule: { condition } }: Pick<AutomationResult, 'rule'>, distance: number): string {
  const words = valueWords(condition, 1).endsWith('%');
  return words ? `${numberWords(Math.abs(distance) * 100)} points` : numberWords(Math.abs(distance));
}

/** How long it stayed true. */
export function lastedOf({ lastedMs, hasEnded, status }: TestedFiring): string {
  if (status !== undefined) return '';
  return hasEnded ? durationWords(lastedMs) : `${durationWords(lastedMs)}, to its end`;
}

/** What happened on a run that is drawn: `fired at step 1,173 with 8.25`. */
export function chartWords(result: AutomationResult, { run, firedAt }: RunChart): string {
  const { rule } = result;
  const firings = result.firings.filter((one) => one.run === run);
  const first = firings.at(-1);
  if (first !== undefined && firedAt.length > 0) {
    const value = first.value === undefined ? '' : ` with ${valueWords(rule.condition, first.value)}`;
    const more = firings.length > 1 ? `, and ${count(firings.length - 1, 'more time')}` : '';
    return `fired ${placeWords(first)}${value}${more}`;
  }
  const miss = result.nearest.find((one) => one.run === run);
  if (miss === undefined) return '';
  const missing = miss.missing === 0 ? 'reached, not for long enough' : `${distanceWords(result, miss.missing)} missing`;
  return `${valueWords(rule.condition, miss.value)} ${placeWords(miss)}: ${missing}`;
}
