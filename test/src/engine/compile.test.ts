import { describe, expect, test } from 'vitest';
import { compileRule, compileRules } from '../../../src/engine/compile.ts';
import { automationOf, ruleOf } from './rules.ts';

const above8 = { run_metric: { metric: 'loss', above: 8 } };

describe('the defaults of the config format', () => {
  test.each([
    ['a threshold', above8, { kind: 'threshold', aggregate: undefined, window: 1, comparison: 'above', threshold: 8 }],
    ['an average', { run_metric: { metric: 'loss', aggregate: 'average', below: 0 } }, { window: 5, comparison: 'below', threshold: 0 }],
    ['a window', { run_metric: { metric: 'loss', aggregate: 'max', window: 7, equal_to: 1 } }, { window: 7, comparison: 'equal_to' }],
    [
      'a change',
      { run_metric_change: { metric: 'loss', increases_by: 2 } },
      { window: 1, priorWindow: 1, amount: { kind: 'absolute', value: 2 } },
    ],
    [
      'a change of averages',
      { run_metric_change: { metric: 'loss', aggregate: 'average', changes_by: '2.5%' } },
      { window: 10, priorWindow: 50, comparison: 'changes_by', amount: { kind: 'relative', fraction: 0.025 } },
    ],
    [
      'a z-score',
      { run_metric_zscore: { metric: 'loss', threshold: 3, direction: 'above' } },
      { kind: 'zscore', window: 30, threshold: 3, direction: 'above', over: 'values' },
    ],
    ['NaN', { run_metric_nonfinite: { metric: 'loss' } }, { kind: 'nonfinite', metrics: 'loss' }],
    ['NaN of several', { run_metric_nonfinite: { metrics: { regex: 'loss' } } }, { kind: 'nonfinite', metrics: { regex: 'loss' } }],
    [
      'a stall',
      { run_metric_stall: { metric: 'loss', window: 9, less_than: '1%' } },
      { kind: 'stall', window: 9, lessThan: { kind: 'relative', fraction: 0.01 } },
    ],
    ['silence', { run_silent: { for: '30m' } }, { kind: 'silent', forMs: 1_800_000 }],
    ['a state', { run_state: { states: ['finished'] } }, { kind: 'state', states: ['finished'], graceMs: 0, longerThanMs: 0 }],
    ['failed', { run_state: { states: ['failed'] } }, { states: ['failed', 'crashed'] }],
    [
      'failed and crashed',
      { run_state: { states: ['crashed', 'failed'], grace: '1m', longer_than: '2h' } },
      { states: ['crashed', 'failed'], graceMs: 60_000, longerThanMs: 7_200_000 },
    ],
  ])('%s', (_name, event, condition) => {
    expect(ruleOf(event).condition).toMatchObject(condition);
  });

  test('of the firing', () => {
    expect(ruleOf(above8)).toMatchObject({ refireMs: 86_400_000, forPoints: 1, resolve: false, dryRun: false, type: 'run_metric' });
    const words = { refire: 'never', for_points: 3, resolve: true, dry_run: true };
    expect(ruleOf(above8, words)).toMatchObject({ refireMs: 'never', forPoints: 3, resolve: true, dryRun: true });
    expect(ruleOf(above8, { refire: '10m' })).toMatchObject({ refireMs: 600_000 });
  });
});

describe('which automations are evaluated', () => {
  const relay = automationOf(above8);
  const wandb = automationOf(above8, { engine: undefined, name: 'at-wandb' });

  test('those of engine: relay, and with the other engine also those of W&B', () => {
    const artifact = automationOf({ add_artifact_alias: { alias: 'production' } }, { engine: undefined, scope: { registry: 'model' } });
    expect(compileRules([relay, wandb, artifact], 'acme').map(({ name }) => name)).toEqual(['watch']);
    const both = compileRules([relay, wandb, artifact], 'acme', ['wandb', 'relay']);
    expect(both.map(({ name, engine }) => [name, engine])).toEqual([
      ['watch', 'relay'],
      ['at-wandb', 'wandb'],
    ]);
  });

  test('none that is not enabled', () => {
    expect(compileRules([automationOf(above8, { enabled: false }), automationOf(above8, { enabled: true })], 'acme')).toHaveLength(1);
  });

  test.each([
    [{ project: 'vision' }, 'acme', { entity: 'acme', project: 'vision' }],
    [{ project: 'other/vision' }, 'acme', { entity: 'other', project: 'vision' }],
    [{ project: 'other/vision' }, undefined, { entity: 'other', project: 'vision' }],
    [{ team: 'ml' }, 'acme', { entity: 'ml', project: undefined }],
  ])('in the scope %o', (scope, entity, place) => {
    expect(compileRule(automationOf(above8, { scope }), entity)).toMatchObject(place);
  });

  test('none in a project whose team is not known', () => {
    expect(compileRules([relay], undefined)).toEqual([]);
  });
});

describe('what identifies a rule', () => {
  const { key, version } = ruleOf(above8);

  test('the key is the automation in its scope, whatever it does', () => {
    for (const words of [{ refire: '1m' }, { name: 'new', key: 'watch' }, { dry_run: true }]) expect(ruleOf(above8, words).key).toBe(key);
    expect(ruleOf({ run_metric: { metric: 'loss', above: 9 } }).key).toBe(key);
    for (const words of [{ name: 'new' }, { scope: { project: 'audio' } }, { scope: { team: 'acme' } }]) {
      expect(ruleOf(above8, words).key).not.toBe(key);
    }
    expect(ruleOf(above8, { scope: { project: 'acme/vision' } }).key).toBe(key);
  });

  test('the version is what is evaluated, and on which runs', () => {
    const action = { relay: { to: [{ slack: { channel: '#other' } }] } };
    for (const words of [{ name: 'new' }, { description: 'x' }, { enabled: true }, { action }, { refire: '1m' }, { resolve: true }]) {
      expect(ruleOf(above8, words).version, JSON.stringify(words)).toBe(version);
    }
    for (const words of [{ for_points: 2 }, { runs: { name: 'nightly' } }, { dry_run: true }]) {
      expect(ruleOf(above8, words).version, JSON.stringify(words)).not.toBe(version);
    }
    expect(ruleOf({ run_metric: { metric: 'loss', above: 9 } }).version).not.toBe(version);
    expect(ruleOf({ run_metric: { above: 8, metric: 'loss' } }).version).toBe(version);
  });
});
