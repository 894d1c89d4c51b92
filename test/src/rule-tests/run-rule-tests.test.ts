import { describe, expect, it } from 'vitest';
import { readConfig } from '../../../src/config/config.ts';
import {
  failureDetails,
  failureDiagnostic,
  failureLines,
  failureSummary,
  testCounts,
  wandbNote,
} from '../../../src/rule-tests/failure-text.ts';
import { runRuleTests } from '../../../src/rule-tests/run-rule-tests.ts';
import { testsMarkdown } from '../../../src/rule-tests/tests-markdown.ts';
import { theValue } from '../event/samples.ts';

const AUTOMATIONS: Readonly<Record<string, string>> = {
  high: 'event: { run_metric: { metric: loss, above: 8 } }',
  nightly: 'event: { run_metric: { metric: loss, above: 8 } }, runs: { name: { regex: "^nightly" }, tags: { not: debug } }',
  lr: 'event: { run_metric: { metric: loss, above: 8 } }, runs: { filter: { config.lr: { $gt: 0.1 } } }',
  three: 'event: { run_metric: { metric: loss, above: 8 } }, for_points: 3',
  often: 'event: { run_metric: { metric: loss, above: 8 } }, refire: 1m, resolve: true',
  mean: 'event: { run_metric: { metric: loss, aggregate: average, window: 5, above: 8 } }',
  rose: 'event: { run_metric_change: { metric: loss, aggregate: average, window: 2, prior_window: 2, increases_by: 50% } }',
  usual: 'event: { run_metric_zscore: { metric: loss, threshold: 3, direction: above, over: runs } }',
  nan: 'event: { run_metric_nonfinite: { metrics: { regex: loss } } }',
  flat: 'event: { run_metric_stall: { metric: loss, window: 3, less_than: 0.1 } }',
  crashed: 'event: { run_state: { states: [crashed], grace: 10m } }',
  long: 'event: { run_state: { states: [finished], longer_than: 6h } }',
  silent: 'event: { run_silent: { for: 30m } }',
  off: 'enabled: false, event: { run_metric: { metric: loss, above: 8 } }',
};

const ACTION = 'action: { relay: { to: [{ slack: { channel: "#a" } }] } }';

/** A config with these tests, one a line. */
function resultsOf(...tests: string[]) {
  const lines = [
    'version: 1',
    'entity: acme',
    'automations:',
    ...Object.entries(AUTOMATIONS).map(
      ([name, fields]) => `  - { name: ${name}, engine: relay, scope: { project: train }, ${fields}, ${ACTION} }`,
    ),
    `  - { name: wandb, scope: { project: train }, event: { run_metric: { metric: loss, above: 8 } }, ${ACTION} }`,
    `  - { name: raw, scope: { project: train }, event: { run_state: { states: [failed] } }, runs: { filter: { unheard_of: 1 } }, ${ACTION} }`,
    'tests:',
    ...tests.map((test, i) => `  - { name: test ${i}, ${test} }`),
  ];
  return runRuleTests(theValue(readConfig(lines.join('\n'), 'relay.yaml')));
}

function resultOf(test: string) {
  const [result] = resultsOf(test);
  if (result === undefined) throw new Error('no test');
  return result;
}

describe('a test passes', () => {
  it.each([
    ['the loss of the config format', 'automation: high, series: { loss: 3 2.9 2.8x10 NaN 9+1x3 }, fires: [{ step: 14 }]'],
    ['a crash that comes back', 'automation: crashed, states: running x10 crashed x5 running, fires: []'],
    ['a crash that lasts', 'automation: crashed, states: running x10 crashed x20, fires: [{ at: 21m }]'],
    ['another interval', 'automation: crashed, interval: 5m, states: running crashed x5, fires: [{ at: 15m }]'],
    ['a run that took long', 'automation: long, interval: 1h, states: running x6 finished, fires: [{ step: 7 }]'],
    ['a run that did not take long', 'automation: long, interval: 1h, states: running x4 finished, fires: []'],
    ['silence', 'automation: silent, series: { loss: 1 _x40 }, fires: [{ step: 30 }]'],
    ['values in a row', 'automation: three, series: { loss: 9 9 3 9 9 9 9 }, fires: [{ step: 5 }]'],
    ['an average', 'automation: mean, series: { loss: 10x9 }, fires: [{ step: 4, value: 10 }]'],
    ['a change', 'automation: rose, series: { loss: 1 1 2 2 }, fires: [{ step: 3, value: 1 }]'],
    ['a z-score over runs', 'automation: usual, past_runs: 1 1.1x14 0.9x14, series: { loss: 1 1 9 }, fires: [{ step: 2 }]'],
    [
      'NaN of one of several metrics',
      'automation: nan, series: { train/loss: 1 NaN, val/loss: 1 1 }, fires: [{ step: 1, metric: train/loss }]',
    ],
    ['a stall', 'automation: flat, series: { loss: 3 2 1 1 1 }, fires: [{ step: 4 }]'],
    ['an automation that is off', 'automation: off, series: { loss: 9 }, fires: [{ step: 0 }]'],
    ['an automation that W&B evaluates', 'automation: wandb, series: { loss: 3 9 }, fires: [{ step: 1 }]'],
    ['firings alone', 'automation: often, series: { loss: 9 3 9 3 }, fires: [{ step: 0 }, { step: 2 }]'],
    [
      'firings and ends, in any order',
      'automation: often, series: { loss: 9 3 9 3 }, fires: [{ step: 3, resolved: true }, { step: 0 }, { step: 1, resolved: true }, { step: 2 }]',
    ],
    ['a run that is accepted', 'automation: nightly, run: { name: nightly-1, tags: [a] }, series: { loss: 9 }, fires: [{ step: 0 }]'],
    ['a run that is not', 'automation: nightly, run: { name: daily, tags: [a] }, series: { loss: 9 }, fires: []'],
    ['a tag that is not', 'automation: nightly, run: { name: nightly-1, tags: [a, debug] }, series: { loss: 9 }, fires: []'],
    ['a value of its config', 'automation: lr, run: { config: { lr: 0.2 } }, series: { loss: 9 }, fires: [{ step: 0 }]'],
    ['another value of its config', 'automation: lr, run: { config: { lr: 0.01 } }, series: { loss: 9 }, fires: []'],
    ['no run: it is one that is accepted', 'automation: nightly, series: { loss: 9 }, fires: [{ step: 0 }]'],
  ])('%s', (_what, test) => {
    const result = resultOf(test);
    expect(result.passed ? 'passed' : failureLines([result])).toBe('passed');
  });
});

describe('a test fails, and says why', () => {
  it.each([
    [
      'automation: high, series: { loss: 3 9 9 }, fires: [{ step: 2 }]',
      'fired at step 1, expected at step 2',
      [
        'event: { run_metric: { metric: loss, above: 8 } }',
        'loss: 3 9 9',
        'step 1 (1 min): the value is 9, which meets the condition; fired, not expected',
        'step 2 (2 min): the value is 9, which meets the condition; did not fire: the condition is met since step 1, and only its beginning fires',
      ],
    ],
    [
      'automation: mean, series: { loss: 10 10 10 }, fires: [{ step: 2 }, { step: 9 }]',
      'never fired, expected at steps 2 and 9',
      [
        expect.stringContaining('event: '),
        'loss: 10 10 10',
        'step 2 (2 min): window [10 10 10]: nothing to compare, because the window is not full (3 of 5 values); did not fire',
        'step 9: the test ends at step 2',
      ],
    ],
    [
      'automation: mean, series: { loss: 9 9 NaN 9 9 }, fires: [{ step: 4 }]',
      'never fired, expected at step 4',
      expect.arrayContaining(['step 4 (4 min): window [9 9 NaN 9 9]: nothing to compare, because of the NaN; did not fire']),
    ],
    [
      'automation: mean, series: { loss: 7x4 }, fires: [{ step: 4 }]',
      'never fired, expected at step 4',
      expect.arrayContaining(['step 4 (4 min): window [7 7 7 7 7], compared 7: does not meet the condition; did not fire']),
    ],
    [
      'automation: high, series: { loss: 9 3 9 }, fires: []',
      'fired at step 0, expected never',
      expect.arrayContaining(['step 0: the value is 9, which meets the condition; fired, not expected']),
    ],
    [
      'automation: high, series: { loss: 9 3 9 }, fires: [{ step: 0 }, { step: 2 }]',
      'fired at step 0, expected at steps 0 and 2',
      expect.arrayContaining([
        'step 2 (2 min): the value is 9, which meets the condition; did not fire: it fired at step 0, and refire is 24h',
      ]),
    ],
    [
      'automation: three, series: { loss: 9 9 9 }, fires: [{ step: 0 }]',
      'fired at step 2, expected at step 0',
      expect.arrayContaining(['step 0: the value is 9, which meets the condition; did not fire: for_points wants 3 in a row']),
    ],
    [
      'automation: high, series: { loss: 3 9 }, fires: [{ step: 1, value: 8 }]',
      'fired at step 1 (9), expected at step 1 (8)',
      expect.arrayContaining(['step 1 (1 min): the value is 9, which meets the condition; fired, not expected']),
    ],
    [
      'automation: crashed, states: running x10 crashed x20, fires: [{ step: 11 }]',
      'fired at step 21, expected at step 11',
      [
        'event: { run_state: { states: [crashed], grace: 10m } }',
        'states: running x10 crashed x20',
        'step 11 (11 min): the run is crashed; did not fire: grace is 10m',
        'step 21 (21 min): the run is crashed since step 11; fired, not expected',
      ],
    ],
    [
      'automation: silent, series: { loss: 1 _x40 }, fires: []',
      'fired at step 30, expected never',
      expect.arrayContaining(['step 30 (30 min): the run is running, and silent for 30 min; fired, not expected']),
    ],
    [
      'automation: nightly, run: { name: daily }, series: { loss: 9 }, fires: [{ step: 0 }]',
      'never fired, expected at step 0: "runs" does not accept the run',
      expect.arrayContaining([expect.stringContaining('runs: { name: { regex: ^nightly }')]),
    ],
    ['automation: high, series: { val/loss: 9 }, fires: []', 'watches "loss", and the test has only "val/loss"', expect.anything()],
    ['automation: high, states: running, fires: []', 'watches "loss", and the test has no series', expect.anything()],
    ['automation: nan, series: { acc: NaN }, fires: []', 'watches one of its metrics, and the test has only "acc"', expect.anything()],
    [
      'automation: crashed, series: { loss: 1 }, fires: []',
      'watches states, and the test has none: write states: "running x10 failed"',
      expect.anything(),
    ],
    [
      'automation: usual, series: { loss: 1 }, fires: []',
      'compares with earlier runs, and the test has none: write past_runs: "0.9x30"',
      expect.anything(),
    ],
    [
      'automation: raw, run: { name: x }, states: failed, fires: []',
      expect.stringMatching(/^has a filter on runs that only W&B can evaluate \(.+\): leave "run" out of the test$/),
      expect.anything(),
    ],
  ])('%s', (test, summary, details) => {
    const result = resultOf(test);
    expect([result.passed, failureSummary(result)]).toEqual([false, summary]);
    expect(failureDetails(result)).toEqual(details);
  });

  it('at its line, in one sentence', () => {
    expect(failureDiagnostic(resultOf('automation: high, series: { loss: 9 }, fires: []'))).toEqual({
      severity: 'error',
      message: 'the test "test 0" failed: "high" fired at step 0, expected never',
      location: { file: 'relay.yaml', line: 21, column: 5 },
      field: 'tests[0]',
    });
  });

  it('without a text from outside that moves the terminal', () => {
    const [result] = resultsOf('automation: high, series: { "loss": 9 }, fires: []');
    const test = result && { ...result, test: { ...result.test, name: 'a\u001b[31m' } };
    expect(JSON.stringify(test && failureLines([test]))).not.toContain('\\u001b[31m"');
  });
});

describe('many failures', () => {
  const failing = Array.from({ length: 40 }, () => 'automation: high, series: { loss: 9 }, fires: []');

  it('are counted, and the first ones are explained', () => {
    const results = resultsOf(...failing, 'automation: high, series: { loss: 9 }, fires: [{ step: 0 }]');
    expect(testCounts(results)).toBe('40 of 41 tests failed');
    const lines = failureLines(results.filter(({ passed }) => !passed));
    expect(lines.filter((line) => line.startsWith('relay.yaml:'))).toHaveLength(40);
    expect(lines.filter((line) => line.startsWith('    event: '))).toHaveLength(10);
  });

  it('are a part of the comment that stays short', () => {
    const lines = testsMarkdown(resultsOf(...failing), () => undefined);
    expect(lines.slice(0, 2)).toEqual(['> [!CAUTION]', '> 40 of 40 tests failed: an automation does not fire when its test says so.']);
    expect(lines.filter((line) => line.includes('❌'))).toHaveLength(30);
    expect(lines.filter((line) => line.startsWith('<details'))).toHaveLength(10);
    expect(lines).toContain('10 more failures: see the log.');
  });
});

describe('the comment', () => {
  it('says that all tests passed, and nothing without tests', () => {
    expect(testsMarkdown(resultsOf('automation: high, series: { loss: 9 }, fires: [{ step: 0 }]'), () => undefined)).toEqual([
      '✅ 1 test passed',
      '',
    ]);
    expect(testsMarkdown([], () => undefined)).toEqual([]);
  });

  it('links the line, and escapes what is from outside', () => {
    const [result] = resultsOf('automation: high, series: { loss: 9 }, fires: []');
    const evil = result && { ...result, test: { ...result.test, name: '</summary><img src=x>' } };
    const text = testsMarkdown(evil === undefined ? [] : [evil], ({ line }) => `https://github.example/#L${line}`).join('\n');
    expect(text).toContain('<a href="https://github.example/#L21">line 21</a>');
    expect(text).not.toContain('<img');
  });
});

it('a note names what W&B evaluates itself', () => {
  expect(wandbNote(resultsOf('automation: wandb, series: { loss: 9 }, fires: [{ step: 0 }]'))).toBe(
    'wandb: tested as the relay evaluates it. W&B evaluates it itself, and may differ: add "engine: relay" to have what was tested',
  );
  expect(wandbNote(resultsOf('automation: high, series: { loss: 9 }, fires: [{ step: 0 }]'))).toBeUndefined();
});
