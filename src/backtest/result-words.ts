import { durationWords } from '../lib/duration.ts';
import type { AutomationResult, Backtest } from './result.ts';

/** `30 days`, `12 hours` */
export function periodWords({ since, until }: Pick<Backtest, 'since' | 'until'>): string {
  const hours = Math.round((until - since) / 3_600_000);
  if (hours >= 48) return count(Math.round(hours / 24), 'day');
  return hours >= 2 ? count(hours, 'hour') : durationWords(until - since);
}

/** The one sentence that says what a back-test found. */
export function verdictWords(result: AutomationResult, backtest: Pick<Backtest, 'since' | 'until'>): string {
  const { runs, notRead, runsWithMetric, runsFired, firings, skipped } = result;
  if (skipped !== undefined) return sentence(skipped);
  const period = periodWords(backtest);
  if (runs === 0 && notRead > 0) return `None of ${count(notRead, 'run')} could be read.`;
  if (runs === 0) return `No runs in ${period} that it is about.`;
  const logged = runsWithMetric === runs ? '' : ` (${runsWithMetric === 0 ? 'none has' : `${runsWithMetric} have`} logged the metric)`;
  const more = notRead === 0 ? '' : ` ${count(notRead, 'run')} more could not be read.`;
  if (runsFired === 0) return `Would not have fired on any of ${count(runs, 'run')} in ${period}${logged}.${more}`;
  return `Would have fired ${times(firings.length)}, on ${runsFired} of ${count(runs, 'run')} in ${period}${logged}.${more}`;
}

/** `4.2 a week`, in a period of at least a week; `undefined` in a shorter one, or without firings. */
export function rateWords({ firings }: AutomationResult, { since, until }: Pick<Backtest, 'since' | 'until'>): string | undefined {
  const weeks = (until - since) / (7 * 86_400_000);
  if (weeks < 1 || firings.length === 0) return undefined;
  const rate = firings.length / weeks;
  return `${rate >= 10 ? Math.round(rate) : Number(rate.toPrecision(2))} a week`;
}

/** How long it stayed true: `median 12 min, longest 2 h`; `undefined` where there is no such time. */
export function lastedWords({ firings }: AutomationResult): string | undefined {
  const lengths = firings
    .filter(({ status }) => status === undefined)
    .map(({ lastedMs }) => lastedMs)
    .toSorted((a, b) => a - b);
  const longest = lengths.at(-1);
  const median = lengths[Math.floor((lengths.length - 1) / 2)];
  if (longest === undefined || median === undefined || longest === 0) return undefined;
  return lengths.length === 1 ? durationWords(longest) : `median ${durationWords(median)}, longest ${durationWords(longest)}`;
}

/** `loss was never logged; did you mean train/loss or val/loss?` */
export function missingWords({ metric, suggestions }: AutomationResult['missing'][number]): string {
  const meant = suggestions.length === 0 ? '' : `; did you mean ${suggestions.join(' or ')}?`;
  return `${metric} was logged by none of these runs${meant}`;
}

export function count(n: number, word: string): string {
  return `${n.toLocaleString('en')} ${word}${n === 1 ? '' : 's'}`;
}

function times(n: number): string {
  if (n === 1) return 'once';
  return n === 2 ? 'twice' : `${n.toLocaleString('en')} times`;
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}
