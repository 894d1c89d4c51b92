import { describe, expect, it } from 'vitest';
import {
  and,
  automation,
  automationTest,
  config,
  onRunMetric,
  onRunSilent,
  onRunState,
  project,
  relay,
  runEvent,
} from '../../../src/builders/builders.ts';
import { readConfig } from '../../../src/config/config.ts';
import { theValue } from '../event/samples.ts';

const train = project('train');
const action = relay({ to: [{ slack: { channel: '#ml-alerts' } }] });

/** The definition as it is written, after the config was read with it. */
function written(definition: ReturnType<typeof automation>): object {
  const text = JSON.stringify(config({ entity: 'acme', automations: [definition] }));
  theValue(readConfig(text, 'wandb-relay.json'));
  const { name: _name, scope: _scope, action: _action, engine, ...rest } = JSON.parse(text).automations[0];
  expect(engine).toBe('relay');
  return rest;
}

const metric = runEvent.metric('loss');
const of = (event: Parameters<typeof automation>[0]['event']) =>
  written(automation({ name: 'a', engine: 'relay', event: event as ReturnType<typeof onRunSilent>, action }));

describe('events that only engine: relay has', () => {
  it.each([
    [onRunMetric(train, metric.nonfinite()), { event: { run_metric_nonfinite: { metric: 'loss' } } }],
    [
      onRunMetric(train, runEvent.metrics({ regex: '^train/' }).nonfinite()),
      { event: { run_metric_nonfinite: { metrics: { regex: '^train/' } } } },
    ],
    [
      onRunMetric(train, metric.stalls({ window: 50, frac: 0.01 })),
      { event: { run_metric_stall: { metric: 'loss', window: 50, less_than: '1%' } } },
    ],
    [
      onRunMetric(train, metric.stalls({ window: 50, diff: 0.5 })),
      { event: { run_metric_stall: { metric: 'loss', window: 50, less_than: 0.5 } } },
    ],
    [
      onRunMetric({ scope: train, filter: metric.zscoreOverRuns(20).abs().gt(3) }),
      { event: { run_metric_zscore: { metric: 'loss', window: 20, threshold: 3, direction: 'either', over: 'runs' } } },
    ],
    [
      onRunMetric(train, metric.zscoreOverRuns().lt(-2)),
      { event: { run_metric_zscore: { metric: 'loss', window: 30, threshold: 2, direction: 'below', over: 'runs' } } },
    ],
    [
      onRunSilent(train, '30m', runEvent.name.contains('nightly')),
      { event: { run_silent: { for: '30m' } }, runs: { name: { contains: 'nightly' } } },
    ],
    [
      onRunState(train, runEvent.state.in(['crashed', 'preempted'], { grace: '10m', longerThan: '6h' })),
      { event: { run_state: { states: ['crashed', 'preempted'], grace: '10m', longer_than: '6h' } } },
    ],
    [
      onRunState({ scope: train, filter: and(runEvent.state.eq('killed'), runEvent.tags.in(['prod'])) }),
      { event: { run_state: { states: ['killed'] } }, runs: { filter: { tags: { $in: ['prod'] } } } },
    ],
    [onRunMetric(train, metric.gt(8)), { event: { run_metric: { metric: 'loss', above: 8 } } }],
  ])('%#', (event, definition) => {
    expect(of(event)).toEqual(definition);
  });

  it('have the fields of their engine', () => {
    expect(
      written(
        automation({
          name: 'a',
          engine: 'relay',
          event: onRunMetric(train, metric.gt(8)),
          refire: 'never',
          forPoints: 3,
          resolve: true,
          dryRun: true,
          action,
        }),
      ),
    ).toEqual({ event: { run_metric: { metric: 'loss', above: 8 } }, refire: 'never', for_points: 3, resolve: true, dry_run: true });
  });
});

it('a test of an automation names it by its key, else its name', () => {
  const lossTooHigh = automation({ name: 'high', engine: 'relay', event: onRunMetric(train, metric.gt(8)), action });
  const fields = { name: 't', series: { loss: '3 9' }, fires: [{ step: 1 }] };
  expect(automationTest({ ...fields, automation: lossTooHigh })).toEqual({ ...fields, automation: 'high' });
  expect(automationTest({ ...fields, automation: { ...lossTooHigh, key: 'k' } })).toEqual({ ...fields, automation: 'k' });
  const tests = [automationTest({ ...fields, automation: 'high' })];
  const text = JSON.stringify(config({ entity: 'acme', automations: [lossTooHigh], tests }));
  expect(theValue(readConfig(text, 'wandb-relay.json')).tests).toMatchObject([fields]);
});
