import { describe, expect, it } from 'vitest';
import { limitWords, metricWords, numberWords } from '../../../src/event/metric-words.ts';
import { metricFactsIn } from '../../../src/event/read-metric-facts.ts';
import { understandBody } from '../../../src/event/webhook-body.ts';

describe('the numbers of a metric event', () => {
  it.each([
    ['[2.75, 9.1]', [2.75, 9.1]],
    ['2.75,9.1', [2.75, 9.1]],
    ['(2.75; 9.1)', [2.75, 9.1]],
    ['0.91', [0.91]],
    ['-1e-3', [-0.001]],
    ['[NaN, 1, Infinity, -Infinity]', [1]],
    [
      [1, '2', [3]],
      [1, 2, 3],
    ],
    [7, [7]],
    ['', []],
    ['${metric_values}', []],
    ['loss was high', []],
    [{ loss: 1 }, []],
    [null, []],
  ])('are read from metric_values %j', (metric_values, values) => {
    const facts = metricFactsIn({ metric_values });
    expect(facts.values ?? []).toEqual(values);
    expect(facts.value).toBe(values.at(-1));
  });

  it('keep the last hundred of a long list', () => {
    const { values, value } = metricFactsIn({ metric_values: Array.from({ length: 1000 }, (_, i) => i) });
    expect([values?.length, values?.[0], value]).toEqual([100, 900, 999]);
  });

  it('come with what the automation watches, in the words of the config', () => {
    const literals = { aggregate: 'average', window: 10, comparison: 'increases_by', threshold: '25%' };
    expect(metricFactsIn({ metric_values: '[1,2]', ...literals })).toEqual({ value: 2, values: [1, 2], ...literals });
    expect(metricFactsIn({ threshold: '0.6', window: '5', aggregate: '${x}', comparison: ' ' })).toEqual({ threshold: 0.6, window: 5 });
    expect(metricFactsIn({ metric_value: '3', comparison_op: 'gt', threshold: 2 })).toEqual({ value: 3, comparison: 'gt', threshold: 2 });
  });

  it('are part of metric events only, and do not make one of them an event of a run', () => {
    const body = {
      relay: 1,
      automation: 'a',
      event: 'run_metric',
      run_name: 'r',
      metric: 'loss',
      metric_values: '[9]',
      metric_current_status: 'Running',
      threshold: 8,
    };
    expect(understandBody(body, 'default')).toMatchObject({
      event: { type: 'run_metric', status: 'running', value: 9, values: [9], threshold: 8 },
    });
    expect(understandBody({ ...body, event: 'run_state' }, 'default')).not.toHaveProperty('event.value');
    const { event: _, ...untyped } = body;
    expect(understandBody(untyped, 'default')).toMatchObject({ event: { type: 'unknown' } });
  });
});

describe('the words for them', () => {
  it.each([
    [{ values: [2.75, 9.1], value: 9.1, comparison: 'increases_by', threshold: '25%' }, 'went 2.75 → 9.10 (+231 %, alert at +25 %)'],
    [
      { values: [0.9, 0.6], value: 0.6, comparison: 'decreases_by', threshold: 0.2, aggregate: 'average', window: 10 },
      'went 0.9 → 0.6 (−33.3 %, average of 10, alert at −0.2)',
    ],
    [{ values: [0, 3], value: 3, comparison: 'changes_by', threshold: 2 }, 'went 0 → 3 (alert at ±2)'],
    [{ value: 0.91, comparison: 'above', threshold: 0.6 }, 'is 0.91 (alert above 0.6)'],
    [
      { values: [1, 2, 3], value: 3, comparison: 'below_or_equal_to', threshold: 3, aggregate: 'max', window: 3 },
      'is 3 (max of 3, alert at or below 3)',
    ],
    [{ value: 4.2, comparison: 'either', threshold: 3 }, 'is 4.20 (alert at a z-score of ±3)'],
    [{ value: 5, comparison: 'gt', threshold: 4 }, 'is 5 (alert above 4)'],
    [{ comparison: 'above', threshold: 0.6 }, 'crossed its limit (alert above 0.6)'],
    [{ value: 12 }, 'is 12'],
    [{}, undefined],
    // Words from outside are not shown.
    [{ value: 1, comparison: '<!channel>', aggregate: '*bold*', threshold: 2 }, 'is 1 (alert at 2)'],
  ])('of %j', (facts, words) => {
    expect(metricWords(facts)).toBe(words);
  });

  it.each([
    [0, '0'],
    [0.000421, '0.000421'],
    [0.1 + 0.2, '0.3'],
    [1.005, '1.00'],
    [-9.1, '-9.10'],
    [1234.56, '1,234.6'],
    [2e12, '2.00e12'],
    [1.5e-9, '1.50e-9'],
  ])('of the number %d', (value, words) => {
    expect(numberWords(value)).toBe(words);
  });

  it('have no limit where none is known', () => {
    expect(limitWords({ comparison: 'above' })).toBeUndefined();
  });
});
