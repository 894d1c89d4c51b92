import { describe, expect, it } from 'vitest';
import { readConfig } from '../../../src/config/config.ts';
import { configWarnings } from '../../../src/config/config-warnings.ts';
import { theValue } from '../event/samples.ts';
import { automationConfig, problemsIn } from './config-samples.ts';

const RELAY = '{ relay: { to: [{ slack: { channel: "#x" } }] } }';
const LOSS = 'run_metric: { metric: loss, above: 8 }';

const relayed = (event: string, more?: string, action = RELAY) =>
  automationConfig({ event: `{ ${event} }`, action, more: `engine: relay${more === undefined ? '' : `\n    ${more}`}` });
const problem = (event: string, more?: string) => {
  const [only, ...others] = problemsIn(relayed(event, more));
  expect(others).toEqual([]);
  return only?.replace(/^relay\.yaml:\d+:\d+: automations\[0\]\./, '');
};
const warnings = (event: string, more?: string, action = RELAY) =>
  configWarnings(theValue(readConfig(relayed(event, more, action), 'relay.yaml'))).map(
    ({ field, message }) => `${field?.replace('automations[0].', '')}: ${message}`,
  );

describe('words of Prometheus, and others, are explained', () => {
  it.each([
    [
      LOSS,
      'for: 5m',
      'for: unknown key: write for_points: so many values in a row must meet the condition. A run_silent event has "for" itself',
    ],
    [LOSS, 'expr: loss > 8', 'expr: unknown key: write event, such as run_metric: { metric: loss, above: 8 }'],
    [LOSS, 'repeat_interval: 4h', 'repeat_interval: unknown key (did you mean "refire"?)'],
    [LOSS, 'send_resolved: true', 'send_resolved: unknown key (did you mean "resolve"?)'],
    [LOSS, 'dryrun: true', 'dryrun: unknown key (did you mean "dry_run"?)'],
    [LOSS, 'consecutive: 3', 'consecutive: unknown key (did you mean "for_points"?)'],
    [LOSS, 'refire: false', 'refire: write refire: never for one firing for each run, or a duration such as 24h'],
    [LOSS, 'refire: once', 'refire: write refire: never for one firing for each run, or a duration such as 24h'],
    [LOSS, 'refire: 0', 'refire: must be a duration such as 1m, or never: a run is read every 15 s at most'],
    [LOSS, 'refire: 30', 'refire: needs a unit: write refire: 30s, 30m or 30h'],
    [LOSS, 'refire: 1h30m', 'refire: is one whole number and a unit: write refire: 90m'],
    [LOSS, 'resolve: "yes"', 'resolve: must be true or false, not a string: write resolve: true'],
    [LOSS, 'grace: 10m', 'grace: belongs into the event: write event: { run_state: { states: [crashed], grace: 10m } }'],
  ])('%s with %s', (event, more, message) => {
    expect(problem(event, more)).toBe(message);
  });

  it.each([
    ['nan: { metric: loss }', 'event.nan: unknown key (did you mean "run_metric_nonfinite"?)'],
    ['plateau: { metric: loss }', 'event.plateau: unknown key (did you mean "run_metric_stall"?)'],
    ['no_data: { for: 1h }', 'event.no_data: unknown key (did you mean "run_silent"?)'],
    ['run_crashed: {}', 'event.run_crashed: unknown key (did you mean "run_state"?)'],
    ['run_silent: { after: 30m }', 'event.run_silent.after: unknown key (did you mean "for"?)'],
    ['run_silent: { for: 30 }', 'event.run_silent.for: needs a unit: write for: 30s, 30m or 30h'],
    ['run_silent: { for: 30 minutes }', 'event.run_silent.for: is one whole number and a unit: write for: 30m'],
    ['run_silent: { for: 1.5h }', 'event.run_silent.for: is one whole number and a unit: write for: 90m'],
    ['run_silent: { for: soon }', 'event.run_silent.for: must be a duration such as 30s, 10m, 24h or 3d'],
    [
      'run_metric: { metric: loss, above: 8, for: 5m }',
      'event.run_metric.for: unknown key: values have no duration: write for_points beside the event, for so many values in a row',
    ],
    [
      'run_state: { states: [crashed], for: 10m }',
      'event.run_state.for: unknown key: write grace: 10m for a crash that comes back, or longer_than: 6h for runs that took so long',
    ],
    ['run_metric: { metric: loss, above: 8, refire: 1h }', 'event.run_metric.refire: belongs beside the event: write refire one level up'],
    ['run_state: { states: [crash] }', 'event.run_state.states[0]: W&B calls it crashed: write crashed'],
    ['run_state: { states: [stopped] }', 'event.run_state.states[0]: W&B calls it killed: write killed'],
    ['run_state: { states: [preempting] }', 'event.run_state.states[0]: such a run is about to be preempted: write preempted'],
    [
      'run_state: { states: [pending] }',
      'event.run_state.states[0]: there is no automation for pending runs. The states are running, finished, failed, crashed, killed, preempted',
    ],
    ['run_metric_nonfinite: { metric: [a, b/c] }', 'event.run_metric_nonfinite.metric: is one metric: write metrics: { in: [a, b/c] }'],
    ['run_metric_nonfinite: { metric: { regex: x } }', 'event.run_metric_nonfinite.metric: is one metric: write metrics for a pattern'],
    [
      'run_metric_stall: { metric: x, window: 9, min_delta: 1 }',
      'event.run_metric_stall.min_delta: unknown key (did you mean "less_than"?)',
    ],
    [
      'run_metric_stall: { metric: x, window: 9, less_than: "0.5 %" }',
      'event.run_metric_stall.less_than: write it without the space: less_than: 0.5%',
    ],
    [
      'run_metric_zscore: { metric: x, threshold: 3, direction: above, over: history }',
      'event.run_metric_zscore.over: must be one of "values", "runs" (did you mean "values"?)',
    ],
  ])('%s', (event, message) => {
    expect(problem(event)).toBe(message);
  });
});

describe('a raw filter on runs', () => {
  const isRead = (text: string) => readConfig(text, 'relay.yaml').ok;
  const filter = (text: string) => `runs: { filter: ${text} }`;

  it('of engine: relay has the operators and fields that the relay can evaluate', () => {
    expect(isRead(relayed(LOSS, filter('{ $and: [{ config.lr: { $gt: 0.1 } }, { tags: { $in: [a] } }] }')))).toBe(true);
    expect(problem(LOSS, filter('{ config.lr: { $where: "1" } }'))).toContain('runs.filter.config.lr.$where: ');
    expect(problem(LOSS, filter('{ colour: red }'))).toContain('runs.filter.colour: ');
  });

  it('of W&B is passed on as it is', () => {
    expect(isRead(automationConfig({ event: `{ ${LOSS} }`, more: filter('{ colour: { $near: 1 } }') }))).toBe(true);
  });
});

describe('what is valid and probably not meant is a warning', () => {
  it('an integration, and adopt: nothing is made in W&B', () => {
    expect(warnings(LOSS, 'adopt: true', '{ relay: { integration: hook, to: [{ slack: { channel: "#x" } }] } }')).toEqual([
      'action.relay.integration: has no effect with engine: relay: nothing is made in W&B, so there is no webhook',
      'adopt: has no effect with engine: relay: nothing is made in W&B',
    ]);
  });

  it('a run that has ended is to be stopped', () => {
    const stop = '{ relay: { to: [{ wandb_stop: {} }, { slack: { channel: "#x" } }] } }';
    expect(warnings('run_state: { states: [failed, crashed] }', undefined, stop)).toEqual([
      'action.relay.to[0].wandb_stop: does nothing: a run that is failed or crashed has ended',
    ]);
    expect(warnings('run_state: { states: [running, failed] }', undefined, stop)).toEqual([]);
    expect(warnings(LOSS, undefined, stop)).toEqual([]);
  });

  it.each([
    [LOSS, 'refire: 5s', 'refire: 5s is shorter than 15s'],
    ['run_state: { states: [crashed], grace: 10s }', undefined, 'event.run_state.grace: 10s is shorter than 15s'],
    ['run_silent: { for: 20s }', undefined, 'event.run_silent.for: 20s is shorter than 30s'],
    ['run_metric: { metric: x, aggregate: average, window: 5000, above: 1 }', undefined, 'event.run_metric.window: 5000 values are many'],
    ['run_metric_nonfinite: { metric: "train/*" }', undefined, 'event.run_metric_nonfinite.metric: "train/*" looks like a pattern'],
    ['run_metric_nonfinite: { metrics: "train/*" }', undefined, 'event.run_metric_nonfinite.metrics: "train/*" looks like a pattern'],
    [LOSS, 'runs: { tags: "^prod" }', 'runs.tags: "^prod" looks like a pattern'],
  ])('%s with %s', (event, more, message) => {
    expect(warnings(event, more)).toEqual([expect.stringContaining(message)]);
  });

  it('and not what is usual', () => {
    expect(warnings(LOSS, 'refire: 15s')).toEqual([]);
    expect(warnings('run_state: { states: [crashed], grace: 10m }', 'refire: never')).toEqual([]);
    expect(warnings('run_silent: { for: 30s }')).toEqual([]);
    expect(warnings('run_metric: { metric: x, aggregate: average, window: 1000, above: 1 }')).toEqual([]);
  });
});
