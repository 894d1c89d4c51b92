import { describe, expect, it } from 'vitest';
import { readConfigFiles } from '../../../src/config/config-files.ts';
import { formatDiagnostic } from '../../../src/lib/diagnostic.ts';
import { theError, theValue } from '../event/samples.ts';
import { problemsIn } from './config-samples.ts';

const AUTOMATION = `  - name: high
    engine: relay
    scope: { project: train }
    event: { run_metric: { metric: loss, above: 8 } }
    action: { relay: { to: [{ slack: { channel: x } }] } }
`;

/** The tests begin on line 10. */
const config = (...tests: string[]) =>
  `version: 1\nentity: acme\nautomations:\n${AUTOMATION}tests:\n${tests.map((test) => `  - { ${test} }`).join('\n')}\n`;
const problems = (test: string) => problemsIn(config(test)).map((problem) => problem.replace(/^relay\.yaml:10:\d+: /, ''));

const GOOD = 'name: a, automation: high, series: { loss: 3 9 }, fires: []';

describe('a test of an automation', () => {
  it('is read with its place', () => {
    const read = theValue(readConfigFiles([{ name: 'relay.yaml', text: config(`${GOOD}, interval: 5m`) }]));
    expect(read.tests).toMatchObject([
      { name: 'a', automation: 'high', series: { loss: '3 9' }, interval: 300_000, location: { line: 10, column: 5 }, path: ['tests', 0] },
    ]);
  });

  it.each([
    [
      'name: a, automation: high, fires: []',
      'tests[0]: has nothing to evaluate: write series: { loss: "3 2.9 9" }, or states: "running x10 crashed"',
    ],
    ['name: a, automation: high, series: { loss: 3 9 }', 'tests[0].fires: is missing'],
    [
      'name: a, automation: high, series: { loss: "3 nein 9" }, fires: []',
      'tests[0].series.loss: character 3: "nein" is no value: write a number, NaN, Inf, _ (none), 3x10 (3, then 10 times again) or 3+1x10 (each 1 more)',
    ],
    ['name: a, automation: high, series: { loss: [3, null, 9] }, fires: []', 'tests[0].series.loss: is text: write loss: "3 _ 9"'],
    ['name: a, automation: high, series: 3 9, fires: []', 'tests[0].series: is a mapping by metric: write series: { loss: "3 9" }'],
    [
      'name: a, automation: high, states: running crashing, fires: []',
      'tests[0].states: character 9: "crashing" is no state: there are running, finished, failed, crashed, killed, preempted, preempting, pending',
    ],
    ['name: a, automation: high, states: [running, failed], fires: []', 'tests[0].states: is text: write states: "running failed"'],
    [`${GOOD.replace('[]', 'never')}`, 'tests[0].fires: write fires: [] for an automation that must not fire'],
    [`${GOOD.replace('[]', '14')}`, 'tests[0].fires: must be a list: write fires: [{ step: 14 }]'],
    [`${GOOD.replace('[]', '[14]')}`, 'tests[0].fires[0]: must be a mapping: write { step: 14 }'],
    [`${GOOD.replace('[]', '{ step: 14 }')}`, 'tests[0].fires: must be a list: write fires: [{ step: … }]'],
    [`${GOOD.replace('[]', '[{ step: 1, at: 1m }]')}`, 'tests[0].fires[0]: must have exactly one of step, at; has step, at'],
    [`${GOOD.replace('[]', '[{ at: 90s }]')}`, 'tests[0].fires[0].at: is between two steps: write a multiple of interval'],
    [`${GOOD.replace('[]', '[{ index: 1 }]')}`, 'tests[0].fires[0].index: unknown key (did you mean "step"?)'],
    [`${GOOD}, interval: 60`, 'tests[0].interval: needs a unit: write interval: 60s, 60m or 60h'],
    [`${GOOD}, interval: 0s`, 'tests[0].interval: must be positive'],
    [`${GOOD}, states: failed, run: { state: failed }`, 'tests[0].run.state: excludes "states", which has the state at each step'],
    [`${GOOD.replace('high', 'hihg')}`, 'tests[0].automation: there is no automation "hihg" (did you mean "high"?)'],
    [`${GOOD}, expect: 1`, 'tests[0].expect: unknown key (did you mean "fires"?)'],
  ])('%s', (test, problem) => {
    expect(problems(test)).toEqual([problem]);
  });

  it('has its errors where they are', () => {
    expect(problemsIn(config('name: a, automation: high, series: { loss: 3 nein 9 }, fires: []'))).toEqual([
      expect.stringMatching(/^relay\.yaml:10:50: tests\[0\]\.series\.loss: character 3: /),
    ]);
  });

  it('has a name of its own', () => {
    expect(problemsIn(config(GOOD, GOOD))).toEqual([
      'relay.yaml:11:13: tests[1].name: there is another test "a" (line 10): names are unique',
    ]);
  });

  it('is of an automation of runs', () => {
    const link = '  - { name: linked, scope: { project: train }, event: { link_artifact: {} }, action: { no_op: {} } }\n';
    expect(problemsIn(config(GOOD.replace('high', 'linked')).replace('tests:', `${link}tests:`))).toEqual([
      'relay.yaml:11:28: tests[0].automation: "linked" has the event link_artifact: only run events can be tested',
    ]);
  });

  it('names one of several automations of a name by its key', () => {
    const other = AUTOMATION.replace('name: high', 'name: high\n    key: eval').replace('project: train', 'project: eval');
    const both = (wanted: string) => config(GOOD.replace('high', wanted)).replace('tests:', `${other}tests:`);
    expect(problemsIn(both('high'))).toEqual([
      'relay.yaml:16:28: tests[0].automation: 2 automations have the name "high": give each a key, and write the key here',
    ]);
    expect(theValue(readConfigFiles([{ name: 'relay.yaml', text: both('eval') }])).tests).toHaveLength(1);
  });

  it('may stand in a file of its own, whose lines its errors have', () => {
    const files = (test: string) => [
      { name: 'relay.yaml', text: config(GOOD) },
      { name: 'tests.yaml', text: `version: 1\ntests:\n  - { ${test} }\n` },
    ];
    const read = theValue(readConfigFiles(files(GOOD.replace('name: a', 'name: b'))));
    expect(read.tests.map(({ name, location }) => [name, location.file, location.line])).toEqual([
      ['a', 'relay.yaml', 10],
      ['b', 'tests.yaml', 3],
    ]);
    expect(theValue(readConfigFiles([{ name: 'one.json', text: JSON.stringify(read.source) }])).tests).toHaveLength(2);
    expect(theError(readConfigFiles(files(GOOD))).map(formatDiagnostic)).toEqual([
      'tests.yaml:3:13: tests[0].name: there is another test "a" (relay.yaml:10): names are unique',
    ]);
  });
});
