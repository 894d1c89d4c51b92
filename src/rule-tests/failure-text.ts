import type { Rule } from '../engine/rule.ts';
import type { SeriesFiring, SeriesStep } from '../engine/series.ts';
import { meets } from '../engine/verdict.ts';
import { type Diagnostic, formatDiagnostic } from '../lib/diagnostic.ts';
import { durationInConfig, durationWords } from '../lib/duration.ts';
import type { JsonObject } from '../lib/json.ts';
import { visible } from '../lib/visible.ts';
import { shownDefinition, yamlValue } from '../plan/definition-text.ts';
import type { Expected, RuleTestResult } from './run-rule-tests.ts';

/** So many steps of one failure are explained. */
const STEPS_EXPLAINED = 4;
/** So many values of a window are shown, the latest. */
const VALUES_SHOWN = 12;
/** Characters of a series, and of other text of a config. */
const TEXT_ROOM = 200;

/** Why a test failed, in one line: `fired at step 14, expected at step 15`. */
export function failureSummary(result: RuleTestResult): string {
  const { problem, expected, fired, isAccepted } = result;
  if (problem !== undefined) return problem;
  const what = fired.length === 0 ? 'never fired' : `fired at ${stepList(fired.map((one) => firedWords(one, expected)))}`;
  const wanted = expected.length === 0 ? 'never' : `at ${stepList(expected.map(expectedWords))}`;
  return `${what}, expected ${wanted}${isAccepted ? '' : ': "runs" does not accept the run'}`;
}

/** The failure as an error at the test. */
export function failureDiagnostic(result: RuleTestResult): Diagnostic {
  const { test, automation } = result;
  const [word, index] = test.path;
  return {
    severity: 'error',
    message: visible(`the test ${JSON.stringify(test.name)} failed: ${JSON.stringify(automation.name)} ${failureSummary(result)}`),
    location: test.location,
    field: `${word}[${index}]`,
  };
}

/** The automation, what it was given, and each step that was not as expected. Invisible characters are shown. */
export function failureDetails(result: RuleTestResult): string[] {
  const { automation, test } = result;
  const shown = shownDefinition(automation);
  const words = ['runs', 'event', 'for_points', 'refire'].flatMap((key) =>
    shown[key] === undefined ? [] : [`${key}: ${yamlValue(shown[key])}`],
  );
  const given: JsonObject = {
    ...(test.series ?? {}),
    ...(test.past_runs === undefined ? {} : { past_runs: test.past_runs }),
    ...(test.states === undefined ? {} : { states: test.states }),
  };
  const lines = [
    ...words,
    ...Object.entries(given).map(([key, text]) => `${key}: ${String(text)}`),
    ...wrongSteps(result).map((step) => stepLine(step, result)),
  ];
  return lines.map((line) => cut(visible(line)));
}

/** So many failures are explained; of the others only the place and the summary is shown. */
export const FAILURES_EXPLAINED = 10;

/** Failures for a terminal or a log: each at its place, with its explanation below. */
export function failureLines(failed: readonly RuleTestResult[]): string[] {
  return failed.flatMap((result, i) => [
    formatDiagnostic(failureDiagnostic(result)),
    ...(i < FAILURES_EXPLAINED ? failureDetails(result).map((line) => `    ${line}`) : []),
  ]);
}

/** `5 tests passed`, `2 of 5 tests failed`; nothing without tests. */
export function testCounts(results: readonly RuleTestResult[]): string | undefined {
  if (results.length === 0) return undefined;
  const failed = results.filter(({ passed }) => !passed).length;
  const tests = (count: number) => `${count} ${count === 1 ? 'test' : 'tests'}`;
  return failed === 0 ? `${tests(results.length)} passed` : `${failed} of ${tests(results.length)} failed`;
}

/** What a test of an automation that W&B evaluates does not prove. */
export function wandbNote(results: readonly RuleTestResult[]): string | undefined {
  const names = [...new Set(results.filter(({ automation }) => automation.engine !== 'relay').map(({ automation }) => automation.name))];
  if (names.length === 0) return undefined;
  const some = names.length > 3 ? `${names.slice(0, 3).join(', ')} and ${names.length - 3} more` : names.join(', ');
  return visible(
    `${some}: tested as the relay evaluates it. W&B evaluates it itself, and may differ: add "engine: relay" to have what was tested`,
  );
}

/** A result as JSON. */
export function resultJson(result: RuleTestResult): object {
  const { test, automation, passed, expected, fired } = result;
  return {
    name: test.name,
    automation: automation.name,
    passed,
    expected: expected.map((one) => ({ ...one })),
    fired: fired.map(({ step, kind, metric, value, status }) => ({
      step,
      ...(kind === 'resolved' ? { resolved: true } : {}),
      ...(metric === undefined ? {} : { metric }),
      ...(value === undefined ? {} : { value: Number.isFinite(value) ? value : String(value) }),
      ...(status === undefined ? {} : { status }),
    })),
    ...(passed ? {} : { details: failureDetails(result) }),
  };
}

function expectedWords({ step, metric, value, resolved }: Expected): string {
  return withExtras(step, [metric, value === undefined ? undefined : numberText(value), resolved === true ? 'resolved' : undefined]);
}

/** What fired, in the terms that the test uses. */
function firedWords({ step, metric, value, kind }: SeriesFiring, expected: readonly Expected[]): string {
  const names = (word: 'metric' | 'value') => expected.some((one) => one.step === step && one[word] !== undefined);
  return withExtras(step, [
    names('metric') ? metric : undefined,
    names('value') && value !== undefined ? numberText(value) : undefined,
    kind === 'resolved' ? 'resolved' : undefined,
  ]);
}

function withExtras(step: number, extras: readonly (string | undefined)[]): string {
  const said = extras.filter((extra) => extra !== undefined);
  return said.length === 0 ? String(step) : `${step} (${said.join(', ')})`;
}

const LISTED = 5;

function stepList(steps: readonly string[]): string {
  const shown = steps.slice(0, LISTED);
  const more = steps.length - shown.length;
  const list =
    more > 0
      ? `${shown.join(', ')} and ${more} more`
      : shown.length < 2
        ? shown.join('')
        : `${shown.slice(0, -1).join(', ')} and ${shown.at(-1)}`;
  return `${steps.length === 1 ? 'step' : 'steps'} ${list}`;
}

/** The steps to look at, in their order. */
function wrongSteps({ missing, unexpected }: RuleTestResult): number[] {
  const wrong = new Set([...missing, ...unexpected].map(({ step }) => step));
  return [...wrong].sort((a, b) => a - b).slice(0, STEPS_EXPLAINED);
}

/** `step 14 (14 min): loss is 9, window [2.8, 2.8, 9], compared 4.9: meets the condition; fired, not expected` */
function stepLine(number: number, result: RuleTestResult): string {
  const { steps, rule, fired, unexpected } = result;
  const step = steps[number];
  const last = steps.length - 1;
  if (step === undefined || rule === undefined) return `step ${number}: the test ends at step ${last}`;
  const time = step.at === 0 ? '' : ` (${durationWords(step.at)})`;
  const isWrong = unexpected.some((one) => one.step === number);
  const hasFired = fired.some((one) => one.step === number);
  const outcome = isWrong ? 'fired, not expected' : hasFired ? 'fired, with other values' : `did not fire${whyNot(number, result)}`;
  return `step ${number}${time}: ${factsOf(step, rule, steps)}; ${outcome}`;
}

function factsOf(step: SeriesStep, rule: Rule, steps: readonly SeriesStep[]): string {
  const { condition } = rule;
  switch (condition.kind) {
    case 'state': {
      const since = streakStart(step.step, steps, ({ state }) => state === step.state);
      return since === step.step ? `the run is ${step.state}` : `the run is ${step.state} since step ${since}`;
    }
    case 'silent':
      return `the run is ${step.state}${step.value === undefined ? '' : `, and silent for ${durationWords(step.value)}`}`;
    case 'nonfinite':
      return `the latest value is ${numberText(step.window.at(-1))}`;
    default: {
      const isPlain = condition.kind === 'threshold' && condition.aggregate === undefined;
      const window = isPlain ? `the value is ${numberText(step.window.at(-1))}` : `window ${windowText(step.window)}`;
      if (step.value === undefined) return `${window}: nothing to compare, ${whyNothing(step, condition)}`;
      const verdict = meets(condition, step.value) ? 'meets the condition' : 'does not meet the condition';
      return isPlain ? `${window}, which ${verdict}` : `${window}, compared ${numberText(step.value)}: ${verdict}`;
    }
  }
}

function whyNothing({ window }: SeriesStep, condition: Exclude<Rule['condition'], { kind: 'state' | 'silent' | 'nonfinite' }>): string {
  const needed = condition.kind === 'change' ? condition.window + condition.priorWindow : condition.window;
  if (window.length < needed) return `because the window is not full (${window.length} of ${needed} values)`;
  return window.some(Number.isNaN) ? 'because of the NaN' : 'because the values do not allow it';
}

/** Why an expected firing did not come, as far as the steps show it. */
function whyNot(number: number, { steps, fired, isAccepted, automation, rule }: RuleTestResult): string {
  if (!isAccepted) return ': "runs" does not accept the run';
  const step = steps[number];
  if (step === undefined || !step.isMet) {
    if (rule?.condition.kind === 'state') return rule.condition.graceMs > 0 ? `: grace is ${durationInConfig(rule.condition.graceMs)}` : '';
    return rule !== undefined && rule.forPoints > 1 ? `: for_points wants ${rule.forPoints} in a row` : '';
  }
  const since = streakStart(number, steps, ({ isMet }) => isMet);
  if (since < number) return `: the condition is met since step ${since}, and only its beginning fires`;
  const before = fired.filter((one) => one.kind === 'firing' && one.step < number).at(-1);
  if (before === undefined) return '';
  const refire = automation.refire === undefined ? '24h' : automation.refire === 'never' ? 'never' : durationInConfig(automation.refire);
  return `: it fired at step ${before.step}, and refire is ${refire}`;
}

/** The first step of those in a row, up to this one, that are alike. */
function streakStart(number: number, steps: readonly SeriesStep[], isAlike: (step: SeriesStep) => boolean): number {
  let start = number;
  for (let i = number - 1; i >= 0; i -= 1) {
    const step = steps[i];
    if (step === undefined || !isAlike(step)) break;
    start = i;
  }
  return start;
}

function windowText(window: readonly number[]): string {
  const shown = window.slice(-VALUES_SHOWN).map(numberText);
  return `[${window.length > shown.length ? '… ' : ''}${shown.join(' ')}]`;
}

function numberText(value: number | undefined): string {
  if (value === undefined) return 'none';
  return Number.isFinite(value) ? String(Number(value.toPrecision(6))) : String(value);
}

function cut(line: string): string {
  return line.length <= TEXT_ROOM ? line : `${line.slice(0, TEXT_ROOM)}…`;
}
