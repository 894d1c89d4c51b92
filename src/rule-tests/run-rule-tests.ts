import type { Automation } from '../automation/automation.ts';
import { MAX_RELAY_WINDOW } from '../automation/automation-fit.ts';
import type { Config, Located } from '../config/config.ts';
import { testedAutomations } from '../config/config-names.ts';
import { DEFAULT_INTERVAL_MS, RUN_STATES, type RuleTest } from '../config/rule-test-schema.ts';
import { compileRule } from '../engine/compile.ts';
import { metricsOf } from '../engine/metric-name.ts';
import type { Rule } from '../engine/rule.ts';
import type { RunSnapshot } from '../engine/run.ts';
import { compileRunFilter, runFilterProblems } from '../engine/run-filter.ts';
import { evaluateSeries, type SeriesFiring, type SeriesStep } from '../engine/series.ts';
import { parseSeries, parseStates } from '../engine/series-notation.ts';
import type { JsonValue } from '../lib/json.ts';

/** A firing, or the end of a condition, that a test expects. */
export interface Expected {
  readonly step: number;
  readonly metric?: string | undefined;
  readonly value?: number | undefined;
  readonly resolved?: boolean | undefined;
}

export interface RuleTestResult {
  readonly test: Located<RuleTest>;
  readonly automation: Automation;
  /** `undefined`: it cannot be evaluated, see `problem`. */
  readonly rule: Rule | undefined;
  readonly passed: boolean;
  /** Why there is nothing to compare. */
  readonly problem?: string;
  /** False: `runs` of the automation does not accept the run, so it never fires. */
  readonly isAccepted: boolean;
  readonly expected: readonly Expected[];
  /** What fired; ends of conditions only if the test lists one. */
  readonly fired: readonly SeriesFiring[];
  /** Expected, and did not fire. */
  readonly missing: readonly Expected[];
  /** Fired, and was not expected. */
  readonly unexpected: readonly SeriesFiring[];
  readonly steps: readonly SeriesStep[];
}

/** Evaluates the tests of a config, each by itself. Pure. */
export function runRuleTests({ tests, automations, entity }: Pick<Config, 'tests' | 'automations' | 'entity'>): RuleTestResult[] {
  return tests.flatMap((test) => {
    const [automation] = testedAutomations(test.automation, automations);
    // A test of an automation that does not exist is an error of the config.
    return automation === undefined ? [] : [runRuleTest(test, automation, entity)];
  });
}

function runRuleTest(test: Located<RuleTest>, automation: Automation, entity: string | undefined): RuleTestResult {
  const interval = test.interval ?? DEFAULT_INTERVAL_MS;
  const expected = test.fires
    .map(({ step, at, ...rest }): Expected => ({ step: step ?? Math.round((at ?? 0) / interval), ...rest }))
    .toSorted((a, b) => a.step - b.step);
  // What is switched off can be tested all the same.
  const rule = compileRule({ ...automation, enabled: true }, entity);
  const common = { test, automation, rule, expected };
  const series = seriesOf(test);
  const problem = rule === undefined ? 'cannot be evaluated' : problemOf(rule, test, series);
  if (rule === undefined || problem !== undefined) {
    return { ...common, passed: false, ...(problem === undefined ? {} : { problem }), ...NOTHING };
  }
  const run = runOf(test);
  const isAccepted = test.run === undefined || compileRunFilter(automation.runs).matches(run);
  const states = test.states === undefined ? [] : readNotation(parseStates(test.states, RUN_STATES));
  const population = readNotation(parseSeries(test.past_runs ?? '_')).filter((value) => value !== undefined);
  const found = evaluateSeries(rule, { series, states, intervalMs: interval, run, population });
  const wantsEnds = expected.some(({ resolved }) => resolved === true);
  const fired = isAccepted ? found.firings.filter(({ kind }) => kind === 'firing' || wantsEnds) : [];
  const { missing, unexpected } = compared(expected, fired);
  const passed = missing.length + unexpected.length === 0;
  return { ...common, passed, isAccepted, fired, missing, unexpected, steps: found.steps };
}

const NOTHING = { isAccepted: true, fired: [], missing: [], unexpected: [], steps: [] } as const;

type Series = Readonly<Record<string, readonly (number | undefined)[]>>;

function seriesOf({ series = {} }: RuleTest): Series {
  return Object.fromEntries(Object.entries(series).map(([metric, text]) => [metric, readNotation(parseSeries(text))]));
}

/** The schema has read the notation before. */
function readNotation<T>(parsed: { readonly ok: true; readonly value: T } | { readonly ok: false }): T {
  if (!parsed.ok) throw new Error('a notation that the schema accepted cannot be read');
  return parsed.value;
}

/** What the test lacks, so that it would prove nothing. */
function problemOf({ condition, runs }: Rule, test: RuleTest, series: Series): string | undefined {
  const metrics = Object.keys(series);
  const window = longestWindow(condition);
  if (window > MAX_RELAY_WINDOW) return `has a window of ${window} values, and at most ${MAX_RELAY_WINDOW} can be tested`;
  const [filter] = test.run === undefined || runs?.filter === undefined ? [] : runFilterProblems(runs.filter);
  if (filter !== undefined) return `has a filter on runs that only W&B can evaluate (${filter.message}): leave "run" out of the test`;
  switch (condition.kind) {
    case 'state':
      return test.states === undefined ? 'watches states, and the test has none: write states: "running x10 failed"' : undefined;
    case 'silent':
      return undefined;
    default: {
      if (condition.kind === 'zscore' && condition.over === 'runs' && test.past_runs === undefined) {
        return 'compares with earlier runs, and the test has none: write past_runs: "0.9x30"';
      }
      if (metrics.some(metricsOf(condition))) return undefined;
      const wanted = condition.kind === 'nonfinite' ? 'one of its metrics' : JSON.stringify(condition.metric);
      const has =
        metrics.length === 0 ? 'the test has no series' : `the test has only ${metrics.map((one) => JSON.stringify(one)).join(', ')}`;
      return `watches ${wanted}, and ${has}`;
    }
  }
}

function longestWindow(condition: Rule['condition']): number {
  return Math.max('window' in condition ? condition.window : 0, 'priorWindow' in condition ? condition.priorWindow : 0);
}

function runOf({ run = {} }: RuleTest): Partial<RunSnapshot> & RunSnapshot {
  const { name = 'test', state = 'running', user, tags = [], group, job_type: jobType, config = {} } = run;
  const fields = Object.fromEntries(Object.entries(config).map(([key, value]): [string, JsonValue] => [`config.${key}`, value]));
  return {
    id: '',
    name,
    displayName: name,
    state,
    createdAt: 0,
    heartbeatAt: 0,
    username: user,
    userName: user,
    tags,
    group,
    jobType,
    sweep: undefined,
    lastStep: undefined,
    loggedMetrics: new Set(),
    summary: {},
    fields,
  };
}

/** Each firing meets one expectation at the most. */
function compared(expected: readonly Expected[], fired: readonly SeriesFiring[]): Pick<RuleTestResult, 'missing' | 'unexpected'> {
  const open = [...expected];
  const unexpected = fired.filter((firing) => {
    const found = open.findIndex((one) => isExpected(one, firing));
    if (found === -1) return true;
    open.splice(found, 1);
    return false;
  });
  return { missing: open, unexpected };
}

function isExpected({ step, metric, value, resolved }: Expected, firing: SeriesFiring): boolean {
  return (
    firing.step === step &&
    (firing.kind === 'resolved') === (resolved === true) &&
    (metric === undefined || firing.metric === metric) &&
    (value === undefined || isSame(firing.value, value))
  );
}

/** Sums of doubles differ in their last digits. */
function isSame(value: number | undefined, wanted: number): boolean {
  return value !== undefined && (Object.is(value, wanted) || Math.abs(value - wanted) <= 1e-9 * Math.max(1, Math.abs(wanted)));
}
