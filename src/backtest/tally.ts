import type { StartEvaluation } from '../engine/evaluation.ts';
import { conditionWords } from './condition-words.ts';
import type { AutomationResult, MissingMetric, NearMiss, RunChart, TestedFiring, TestedRun, Variant } from './result.ts';
import { runChart } from './run-chart.ts';
import { countFirings, type RunHistory, type RunOutcome, type SimulationSetting, simulateRun } from './simulate-run.ts';
import { type Subject, simulationNotes, skipReason } from './subject.ts';
import { limitWords, variantsOf, windowWords } from './variants.ts';

/** Runs that fired, and runs that came close, of which there is a chart. */
const CHARTS = { fired: 6, near: 3 } as const;
const NEAREST = 5;

/** Collects what one automation makes of run after run. Keeps no history. */
export interface Tally {
  readonly subject: Subject;
  /** `history.series`: only of metrics that the rule watches. */
  add(run: TestedRun, history: RunHistory, setting: SimulationSetting): void;
  result(rest: { readonly missing: readonly MissingMetric[]; readonly notes: readonly string[] }): AutomationResult;
}

/** @param isBrief only counts firings: no variants, no charts, for a plan */
export function startTally(subject: Subject, start: StartEvaluation, isBrief: boolean): Tally {
  const { rule } = subject;
  const skipped = skipReason(subject);
  const tried = (isBrief ? [] : variantsOf(rule)).map((variant) => ({ variant, firings: 0, runsFired: 0 }));
  const variantRules = tried.map(({ variant }) => variant.rule);
  const firings: TestedFiring[] = [];
  const near: { readonly miss: NearMiss; readonly chart: RunChart | undefined }[] = [];
  const charts: { readonly at: number; readonly chart: RunChart }[] = [];
  const sums = { runs: 0, withMetric: 0, fired: 0, metMs: 0, points: 0, notFinite: 0, runsNotFinite: 0 };

  const addFired = (run: TestedRun, history: RunHistory, outcome: RunOutcome): void => {
    sums.fired++;
    const found = outcome.firings.map((one) => firingOf(run, one, axisOf(history)));
    firings.push(...found);
    const latest = found.at(-1)?.at ?? 0;
    const isShown = charts.length < CHARTS.fired || charts.some(({ at }) => at < latest);
    const chart = isBrief || !isShown ? undefined : runChart(rule, run, history, outcome);
    if (chart === undefined) return;
    charts.push({ at: latest, chart });
    charts.sort((a, b) => b.at - a.at).splice(CHARTS.fired);
  };
  const addNear = (run: TestedRun, history: RunHistory, outcome: RunOutcome): void => {
    const miss = nearMiss(run, outcome, axisOf(history));
    if (miss === undefined || isBrief) return;
    const place = near.findIndex((other) => other.miss.missing > miss.missing);
    const at = place < 0 ? near.length : place;
    if (at >= NEAREST) return;
    near.splice(at, 0, { miss, chart: at < CHARTS.near ? runChart(rule, run, history, outcome) : undefined });
    near.splice(NEAREST);
  };
  return {
    subject,
    add: (run, history, setting) => {
      sums.runs++;
      if (skipped !== undefined) return;
      const outcome = simulateRun(start, rule, history, setting);
      if (rule.condition.kind === 'state' || outcome.points > 0) sums.withMetric++;
      sums.metMs += outcome.metMs;
      sums.points += outcome.points;
      sums.notFinite += outcome.notFinite;
      if (outcome.notFinite > 0) sums.runsNotFinite++;
      if (outcome.firings.length > 0) addFired(run, history, outcome);
      else addNear(run, history, outcome);
      const counts = countFirings(start, variantRules, history, setting);
      for (const [i, one] of tried.entries()) {
        const count = counts[i] ?? 0;
        one.firings += count;
        if (count > 0) one.runsFired++;
      }
    },
    result: ({ missing, notes }) => ({
      ...headOf(subject),
      skipped,
      runs: sums.runs,
      runsWithMetric: sums.withMetric,
      runsFired: sums.fired,
      firings: firings.toSorted((a, b) => b.at - a.at),
      nearest: near.map(({ miss }) => miss),
      variants: variantRows(subject, tried, { firings: firings.length, runsFired: sums.fired }),
      metMs: sums.metMs,
      points: sums.points,
      notFinite: { values: sums.notFinite, runs: sums.runsNotFinite },
      missing,
      charts: [
        ...charts.map(({ chart }) => chart),
        ...near.slice(0, CHARTS.near).flatMap(({ chart }) => (chart === undefined ? [] : [chart])),
      ],
      notes: [...(skipped === undefined ? simulationNotes(rule) : []), ...notes],
    }),
  };
}

function headOf({ rule, isEnabled, scope }: Subject) {
  return { name: rule.name, key: rule.key, engine: rule.engine, isEnabled, scope, rule, condition: conditionWords(rule) };
}

function axisOf({ series }: RunHistory): 'step' | 'seconds' {
  return series[0]?.axis ?? 'step';
}

function firingOf(
  run: TestedRun,
  { firing, margin, lastedMs, hasEnded }: RunOutcome['firings'][number],
  axis: 'step' | 'seconds',
): TestedFiring {
  const { at, x, metric, status, value } = firing;
  return {
    run,
    at,
    step: axis === 'step' ? x : undefined,
    ...(axis === 'seconds' && x !== undefined ? { seconds: x } : {}),
    ...(metric === undefined ? {} : { metric }),
    ...(status === undefined ? {} : { status }),
    value,
    margin,
    lastedMs,
    hasEnded,
  };
}

function nearMiss(run: TestedRun, { closest }: RunOutcome, axis: 'step' | 'seconds'): NearMiss | undefined {
  if (closest === undefined || !Number.isFinite(closest.margin)) return undefined;
  const { at, x, value, margin } = closest;
  return {
    run,
    at,
    step: axis === 'step' ? x : undefined,
    ...(axis === 'seconds' ? { seconds: x } : {}),
    value,
    missing: Math.max(0, -margin),
  };
}

/** The variants in order, with the rule itself among its limits and among its windows. */
function variantRows(
  { rule }: Subject,
  tried: readonly { readonly variant: { kind: 'limit' | 'window'; factor: number; words: string }; firings: number; runsFired: number }[],
  own: { readonly firings: number; readonly runsFired: number },
): Variant[] {
  const words = { limit: limitWords(rule.condition), window: windowWords(rule.condition) };
  return (['limit', 'window'] as const).flatMap((kind) => {
    const rows = tried.filter(({ variant }) => variant.kind === kind);
    if (rows.length === 0) return [];
    const all = rows.map(
      ({ variant, firings, runsFired }): Variant => ({ kind, factor: variant.factor, words: variant.words, firings, runsFired }),
    );
    return [...all, { kind, factor: 1, words: words[kind] ?? '', ...own }].toSorted((a, b) => a.factor - b.factor);
  });
}
