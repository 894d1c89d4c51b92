import { describe, expect, it } from 'vitest';
import { readConfig } from '../../../src/config/config.ts';
import { automationConfig, problemsIn } from '../config/config-samples.ts';
import { theValue } from '../event/samples.ts';

const RELAY = '{ relay: { to: [{ slack: { channel: x } }] } }';
const FAILED = 'run_state: { states: [failed] }';
const LOSS = 'run_metric: { metric: loss, above: 8 }';

/** An automation of `engine: relay`. Its further lines begin on line 9. */
const relayed = (event: string, more?: string, action = RELAY) =>
  automationConfig({ event: `{ ${event} }`, action, more: `engine: relay${more === undefined ? '' : `\n    ${more}`}` });
const ofWandb = (event: string, more?: string) => automationConfig({ event: `{ ${event} }`, ...(more === undefined ? {} : { more }) });

describe('engine: relay may have', () => {
  it.each([
    'run_metric_nonfinite: { metric: loss }',
    'run_metric_nonfinite: { metrics: { regex: "^train/" } }',
    'run_metric_stall: { metric: loss, window: 20, less_than: 0.001 }',
    'run_metric_stall: { metric: loss, window: 20, less_than: 1% }',
    'run_silent: { for: 30m }',
    'run_state: { states: [killed, preempted, crashed], grace: 10m, longer_than: 6h }',
    'run_state: { states: [preempted], grace: 10m }',
    'run_state: { states: [finished], longer_than: 6h }',
    'run_metric_zscore: { metric: loss, threshold: 3, direction: above, over: runs }',
    LOSS,
    FAILED,
  ])('%s', (event) => {
    expect(theValue(readConfig(relayed(event), 'relay.yaml')).automations).toHaveLength(1);
  });

  it.each(['refire: 10m', 'refire: never', 'for_points: 3', 'resolve: true', 'dry_run: true', 'runs: { tags: { not_in: [debug] } }'])(
    '%s',
    (more) => {
      expect(theValue(readConfig(relayed(LOSS, more), 'relay.yaml')).automations).toHaveLength(1);
    },
  );

  it('durations, which are read as milliseconds', () => {
    const [automation] = theValue(
      readConfig(relayed('run_state: { states: [crashed], grace: 10m, longer_than: 6h }', 'refire: 1h'), 'relay.yaml'),
    ).automations;
    expect(automation?.refire).toBe(3_600_000);
    expect(automation?.event.run_state).toMatchObject({ grace: 600_000, longer_than: 21_600_000 });
  });
});

describe('what only engine: relay has is refused without it, with what to do', () => {
  const ADD = 'add "engine: relay", so that the receiver evaluates it';
  it.each([
    ['run_metric_nonfinite: { metric: loss }', `6:36: automations[0].event.run_metric_nonfinite: W&B has no such event: ${ADD}`],
    [
      'run_metric_stall: { metric: x, window: 9, less_than: 1 }',
      `6:32: automations[0].event.run_metric_stall: W&B has no such event: ${ADD}`,
    ],
    ['run_silent: { for: 30m }', `6:26: automations[0].event.run_silent: W&B has no such event: ${ADD}`],
    [
      'run_state: { states: [failed, preempted] }',
      `6:44: automations[0].event.run_state.states[1]: a preempted run triggers nothing in W&B: ${ADD}. W&B's states are running, finished, failed`,
    ],
    [
      'run_state: { states: [finished], longer_than: 6h }',
      '6:60: automations[0].event.run_state.longer_than: needs "engine: relay": W&B fires as soon as a run has the state',
    ],
    [
      'run_state: { states: [failed], grace: 6m }',
      '6:52: automations[0].event.run_state.grace: needs "engine: relay": W&B fires as soon as a run has the state',
    ],
    [
      'run_metric_zscore: { metric: x, threshold: 3, direction: above, over: values }',
      '6:84: automations[0].event.run_metric_zscore.over: needs "engine: relay": W&B decides itself what the mean is taken of',
    ],
  ])('%s', (event, problem) => {
    expect(problemsIn(ofWandb(event))).toEqual([`relay.yaml:${problem}`]);
    expect(problemsIn(ofWandb(event, 'engine: wandb'))).toEqual([`relay.yaml:${problem}`]);
  });

  it.each([
    ['refire: 1h', '8:13: automations[0].refire: needs "engine: relay": W&B fires an automation at most once for a run in 24 hours'],
    ['for_points: 3', '8:17: automations[0].for_points: needs "engine: relay": W&B fires on the first value that meets the condition'],
    ['resolve: true', '8:14: automations[0].resolve: needs "engine: relay": W&B does not report that a condition has ended'],
    ['dry_run: true', '8:14: automations[0].dry_run: needs "engine: relay": W&B cannot try an automation without its action'],
    [
      'runs: { tags: prod }',
      '8:19: automations[0].runs.tags: needs "engine: relay". For W&B write the filter itself, such as filter: { tags: { $in: [prod] } }',
    ],
  ])('%s', (more, problem) => {
    expect(problemsIn(ofWandb(LOSS, more))).toEqual([`relay.yaml:${problem}`]);
  });

  it.each(['refire: 1h', 'for_points: 3', 'resolve: true', 'dry_run: true'])('%s of an event that is not one of runs', (more) => {
    const field = more.split(':')[0];
    expect(problemsIn(automationConfig({ more }))).toEqual([
      expect.stringContaining(`automations[0].${field}: ${field} is for run events only; link_artifact is not one`),
    ]);
  });
});

describe('engine: relay is refused', () => {
  it.each([
    ['{ no_op: {} }', LOSS],
    ['{ notification: { slack: "#x" } }', FAILED],
    ['{ webhook: { integration: hook } }', 'run_silent: { for: 1h }'],
  ])('with the action %s', (action, event) => {
    expect(problemsIn(relayed(event, undefined, action))).toEqual([
      'relay.yaml:7:13: automations[0].action: engine: relay needs a relay action, because W&B does not know the automation: write relay: { to: [ … ] }',
    ]);
  });

  it.each([
    [
      'run_state: { states: [failed, killed], grace: 10m }',
      'grace: is for runs that come back: add crashed to the states, or preempted, or leave it out',
    ],
    [
      'run_metric: { metric: x, aggregate: average, window: 10001, above: 1 }',
      'window: must be at most 10000 with engine: relay: its values are kept for each run',
    ],
    [
      'run_metric_change: { metric: x, aggregate: average, prior_window: 20000, changes_by: 1 }',
      'prior_window: must be at most 10000 with engine: relay: its values are kept for each run',
    ],
    [
      'run_metric_zscore: { metric: x, window: 1, threshold: 3, direction: above }',
      'window: must be at least 2: one value has no deviation',
    ],
    ['run_metric_stall: { metric: x, window: 1, less_than: 1 }', 'window: must be at least 2: one value does not change'],
    ['run_metric_stall: { metric: x, window: 5, less_than: 0 }', 'less_than: must be positive'],
    ['run_metric_nonfinite: {}', 'must have exactly one of metric, metrics; has none'],
  ])('with %s', (event, problem) => {
    expect(problemsIn(relayed(event))).toEqual([expect.stringContaining(problem)]);
  });

  it.each([
    ['run_state: { states: [crashed] }', 'counts values of a metric, and run_state has none: use grace'],
    ['run_silent: { for: 30m }', 'counts values of a metric, and run_silent has none'],
  ])('with for_points and %s', (event, problem) => {
    expect(problemsIn(relayed(event, 'for_points: 3'))).toEqual([`relay.yaml:9:17: automations[0].for_points: ${problem}`]);
  });
});
