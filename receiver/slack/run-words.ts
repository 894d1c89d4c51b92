import type { RelayEvent } from '../../src/event/event.ts';
import { metricWords, numberWords } from '../../src/event/metric-words.ts';
import { durationWords, parseDuration } from '../../src/lib/duration.ts';
import { isJsonObject, type JsonObject } from '../../src/lib/json.ts';

/** What events say of runs and their metrics. Names are put in by `say`; the rest is our own words and numbers. */

/** The name that people gave the run, where that is known; else its id. */
export function runLabel(event: RelayEvent, wandb?: JsonObject | null): string | undefined {
  const known = wandb?.run;
  const named = event.run !== undefined && isJsonObject(known) && known.name === event.run ? known.display_name : undefined;
  return event.display_name ?? (typeof named === 'string' && named.trim() !== '' ? named : undefined) ?? event.run;
}

/** W&B's run states (W&B, "Run states"); an unknown one is named. */
const RUN_STATES: Readonly<Record<string, string>> = {
  running: 'is running',
  finished: 'finished',
  failed: 'failed',
  crashed: 'crashed',
  killed: 'was killed',
  pending: 'is pending',
  preempting: 'is being preempted',
  preempted: 'was preempted',
};

/** `failed`, `is running`. */
export function runStateWords(status: string | undefined, say: (name: string) => string): string {
  if (status === undefined) return 'changed its state';
  return (Object.hasOwn(RUN_STATES, status) ? RUN_STATES[status] : undefined) ?? `is now ${say(status)}`;
}

const ENDED: ReadonlySet<string> = new Set(['finished', 'failed', 'crashed', 'killed', 'preempted']);

/** `failed after 3 h 2 min`, `has logged nothing for 30 min`: of a run as a whole. */
export function runPredicate(event: RelayEvent, say: (name: string) => string): string {
  if (event.type === 'run_silent') return silentWords(event);
  const state = runStateWords(event.status, say);
  if (event.resolved === true && event.status === 'running') return `${state} again`;
  const { duration_seconds: seconds, status = '' } = event;
  const after = seconds === undefined || seconds === 0 || !ENDED.has(status) ? '' : ` after ${durationWords(seconds * 1000)}`;
  const grace = durationOf(event.threshold);
  return `${state}${after}${status !== 'crashed' || grace === undefined ? '' : ` and did not come back within ${durationWords(grace)}`}`;
}

function silentWords({ resolved, threshold }: RelayEvent): string {
  if (resolved === true) return 'logs again';
  const limit = durationOf(threshold);
  return limit === undefined ? 'logs nothing' : `has logged nothing for ${durationWords(limit)}`;
}

function durationOf(threshold: RelayEvent['threshold']): number | undefined {
  return typeof threshold === 'string' ? parseDuration(threshold) : undefined;
}

/** `is 9.10 (alert above 8)`: of a metric. Plain text. */
export function metricPredicate(event: RelayEvent): string {
  if (event.resolved === true) return resolvedPredicate(event);
  return metricWords(event) ?? WITHOUT_NUMBERS[event.type] ?? "met the automation's condition";
}

const WITHOUT_NUMBERS: Readonly<Partial<Record<RelayEvent['type'], string>>> = {
  run_metric: "met the automation's threshold",
  run_metric_change: 'changed as much as the automation watches for',
  run_metric_zscore: 'is far from its mean (z-score)',
  run_metric_nonfinite: 'is not a finite number',
  run_metric_stall: 'has stopped changing',
};

function resolvedPredicate(event: RelayEvent): string {
  if (event.type === 'run_metric_stall') return 'changes again';
  if (event.type === 'run_metric_nonfinite')
    return event.value === undefined ? 'is a finite number again' : `is ${numberWords(event.value)} again`;
  return metricWords(event) ?? 'is back within its limit';
}

/** Where in the run it was: `step 12,400`, `1 h 12 min into the run`. States have the time in their words. */
export function runPosition({ type, step, duration_seconds: seconds }: RelayEvent): string[] {
  return [
    ...(step === undefined ? [] : [`step ${new Intl.NumberFormat('en', { maximumFractionDigits: 6 }).format(step)}`]),
    ...(seconds === undefined || seconds === 0 || type === 'run_state' ? [] : [`${durationWords(seconds * 1000)} into the run`]),
  ];
}
