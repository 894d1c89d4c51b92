import { expect, it } from 'vitest';
import { aboutRule, withFiring } from '../../../receiver/engine/rule-detail.ts';
import { compileRules } from '../../../src/engine/compile.ts';
import { FakeRun } from './fake-wandb.ts';
import { automation, configOf } from './watched.ts';

const RUN = new FakeRun('r1', () => 0).snapshot;

it('leaves out a list of metrics that is too long to be shown, so that the rest can be stored', () => {
  const detailOf = (count: number) => {
    const names = Array.from({ length: count }, (_none, i) => `layer${i}/gradient`);
    const config = configOf(automation('not-finite', `run_metric_nonfinite: { metrics: { in: [${names.join(', ')}] } }`));
    const [rule] = compileRules(config.automations, config.entity);
    if (rule === undefined) throw new Error('the automation is evaluated');
    return aboutRule(rule);
  };
  expect(detailOf(3).condition).toBeDefined();
  expect(detailOf(5_000)).toMatchObject({ name: 'not-finite' });
  expect(JSON.stringify(detailOf(5_000)).length).toBeLessThan(1_000);
});

it('keeps the latest firing, in whatever order several come', () => {
  const at = (ms: number, kind: 'firing' | 'resolved' = 'firing') => withFiring({}, RUN, { kind, at: ms, values: [] }, false);
  expect(at(5).last?.at).toBe(5);
  expect(at(5, 'resolved').last).toBeUndefined();
  expect(withFiring(at(5), RUN, { kind: 'firing', at: 3, values: [] }, false).last?.at).toBe(5);
  const ofEarlier = { last: { run: 'r1', display_name: 'r1', at: 9, resolved: true as const } };
  expect(withFiring(ofEarlier, RUN, { kind: 'firing', at: 3, values: [] }, false).last?.at).toBe(3);
});
