import { expect, it } from 'vitest';
import { aboutRule } from '../../../receiver/engine/rule-detail.ts';
import { compileRules } from '../../../src/engine/compile.ts';
import { automation, configOf } from './watched.ts';

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
