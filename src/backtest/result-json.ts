import type { AutomationResult, Backtest, NearMiss, TestedFiring } from './result.ts';

/**
 * A back-test as JSON, version 1. Times are ISO 8601 in UTC. NaN and infinities are texts, because JSON has no such numbers;
 * what is not known is `null`.
 */
export function backtestJson(backtest: Backtest): object {
  const { since, until, automations, leftOut, runsRead, runsCached, points, requests, tookMs } = backtest;
  return {
    version: 1,
    since: iso(since),
    until: iso(until),
    automations: automations.map(automationJson),
    left_out: leftOut,
    read: { runs: runsRead, runs_from_cache: runsCached, points, requests, milliseconds: Math.round(tookMs) },
  };
}

function automationJson(result: AutomationResult): object {
  const { name, engine, scope, condition, skipped, runs, runsWithMetric, runsFired, firings, nearest, variants } = result;
  return {
    name,
    engine,
    scope,
    condition,
    ...(result.isEnabled ? {} : { enabled: false }),
    ...(skipped === undefined ? {} : { skipped }),
    runs,
    ...(result.notRead === 0 ? {} : { runs_not_read: result.notRead }),
    runs_with_metric: runsWithMetric,
    runs_fired: runsFired,
    firings: firings.map(firingJson),
    nearest: nearest.map(nearJson),
    sensitivity: variants.map(({ kind, factor, words, firings: count, runsFired: fired }) => ({
      [kind]: words,
      factor,
      firings: count,
      runs_fired: fired,
    })),
    met_seconds: seconds(result.metMs),
    points: result.points,
    not_finite: result.notFinite,
    never_logged: result.missing.map(({ metric, suggestions }) => ({ metric, did_you_mean: suggestions })),
    notes: result.notes,
  };
}

function firingJson({ run, at, step, seconds: age, metric, status, value, margin, lastedMs, hasEnded }: TestedFiring): object {
  return {
    run: run.name,
    step: step ?? null,
    value: numberJson(value),
    at: iso(at),
    display_name: run.displayName,
    project: run.project,
    url: run.url,
    ...(age === undefined ? {} : { runtime_seconds: age }),
    ...(metric === undefined ? {} : { metric }),
    ...(status === undefined ? {} : { status }),
    margin: numberJson(margin),
    ...(status === undefined ? { lasted_seconds: seconds(lastedMs), ended: hasEnded } : {}),
  };
}

function nearJson({ run, at, step, seconds: age, value, missing }: NearMiss): object {
  return {
    run: run.name,
    step: step ?? null,
    value: numberJson(value),
    at: iso(at),
    display_name: run.displayName,
    project: run.project,
    url: run.url,
    ...(age === undefined ? {} : { runtime_seconds: age }),
    missing: numberJson(missing),
  };
}

function numberJson(value: number | undefined): number | string | null {
  if (value === undefined) return null;
  return Number.isFinite(value) ? value : String(value);
}

function seconds(milliseconds: number): number {
  return Math.round(milliseconds) / 1000;
}

/** Clocks of machines may be far off: a time that no calendar has is the nearest one that it has. */
function iso(at: number): string {
  const MOST = 8.64e15;
  return new Date(Math.min(MOST, Math.max(-MOST, at))).toISOString();
}
