import { describe, expect, it } from 'vitest';
import { readConfig } from '../../../src/config/config.ts';
import { automationConfig, problemsIn } from '../config/config-samples.ts';
import { theValue } from '../event/samples.ts';

/** What W&B or its client would refuse is refused when the file is read, with its place. */

const inEvent = (event: string) => problemsIn(automationConfig({ event }));

describe('a threshold is a number, and never', () => {
  it.each([
    ['{ run_metric: { metric: x, above: true } }', '46: automations[0].event.run_metric.above: must be a number'],
    ['{ run_metric: { metric: x, above: "1" } }', '46: automations[0].event.run_metric.above: is text: remove the quotes: above: 1'],
    ['{ run_metric: { metric: x, above: .inf } }', '46: automations[0].event.run_metric.above: must be a number'],
    ['{ run_metric: { metric: x, above: null } }', '46: automations[0].event.run_metric.above: must be a number'],
    [
      '{ run_metric_zscore: { metric: x, threshold: true, direction: above } }',
      '57: automations[0].event.run_metric_zscore.threshold: must be a number',
    ],
    [
      '{ run_metric_zscore: { metric: x, threshold: 0, direction: above } }',
      '57: automations[0].event.run_metric_zscore.threshold: must be positive',
    ],
  ])('%s', (event, problem) => {
    expect(inEvent(event)).toEqual([`relay.yaml:6:${problem}`]);
  });

  it.each(['true', '0', '"25"', '-5%', '0%', '"%"'])('a change by %s', (amount) => {
    const problems = inEvent(`{ run_metric_change: { metric: x, changes_by: ${amount} } }`);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatch(
      /^relay\.yaml:6:58: automations\[0\]\.event\.run_metric_change\.changes_by: (must be |is text: remove the quotes: )/,
    );
  });
});

describe('a window is a positive whole number', () => {
  it.each(['window: 0', 'window: -1', 'window: 2.5', 'window: true', 'prior_window: 0'])('not %s', (window) => {
    const problems = inEvent(`{ run_metric_change: { metric: x, changes_by: 1, aggregate: min, ${window} } }`);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatch(/^relay\.yaml:6:\d+: .*window: must be /);
  });

  it.each(['0', '-3', '1.5'])('nor %s for a z-score', (window) => {
    expect(inEvent(`{ run_metric_zscore: { metric: x, threshold: 1, direction: above, window: ${window} } }`)).toHaveLength(1);
  });
});

describe('a scope', () => {
  it('of a project is project or entity/project', () => {
    for (const project of ['a/b/c', '/b', 'a/']) {
      expect(problemsIn(automationConfig({ scope: `{ project: ${project} }` }))).toEqual([
        'relay.yaml:5:23: automations[0].scope.project: must be a project, or entity/project',
      ]);
    }
  });

  it.each(['wandb-registry-model', 'acme-org/wandb-registry-model'])('that is the registry %s has no runs', (project) => {
    const text = automationConfig({ scope: `{ project: ${project} }`, event: '{ run_state: { states: [failed] } }' });
    expect(problemsIn(text)[0]).toContain('relay.yaml:5:12: automations[0].scope: run_state needs a project or a team');
  });
});

describe('a name', () => {
  const named = (name: string) => automationConfig({}).replace('watch', name);

  it('has at most 255 characters', () => {
    expect(problemsIn(named('x'.repeat(256)))).toEqual(['relay.yaml:4:11: automations[0].name: must be at most 255 characters']);
    expect(theValue(readConfig(named('x'.repeat(255)), 'relay.yaml')).automations).toHaveLength(1);
  });

  it('of emoji is counted by characters, as the client counts', () => {
    expect(theValue(readConfig(named('🚀'.repeat(255)), 'relay.yaml')).automations).toHaveLength(1);
    expect(problemsIn(named('🚀'.repeat(256)))).toHaveLength(1);
  });
});

describe('adopt', () => {
  it('is true or false', () => {
    expect(theValue(readConfig(automationConfig({ more: 'adopt: true' }), 'relay.yaml')).automations[0]?.adopt).toBe(true);
    expect(problemsIn(automationConfig({ more: 'adopt: yes' }))).toEqual([
      'relay.yaml:8:12: automations[0].adopt: must be true or false, not a string: write adopt: true',
    ]);
  });
});

describe('a regular expression in the filter on runs', () => {
  it('is one of RE2', () => {
    const text = automationConfig({ event: '{ run_state: { states: [failed] } }', more: 'runs: { user: { regex: "(?<!a)b" } }' });
    expect(problemsIn(text)[0]).toMatch(/^relay\.yaml:8:28: automations\[0\]\.runs\.user\.regex: not an RE2/);
  });
});
