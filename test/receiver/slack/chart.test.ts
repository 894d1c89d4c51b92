import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CHART_LIMITS, type ChartBlock, chartOf, chartWords } from '../../../receiver/slack/chart.ts';
import { conversationMessage } from '../../../receiver/slack/message.ts';
import type { RelayEvent } from '../../../src/event/event.ts';
import { type MetricPoints, pointsToJson } from '../../../src/event/metric-points.ts';
import { CONTEXT, conversationEvent, conversationOf, eventView } from './message-samples.ts';
import { nastyName } from './nasty-names.ts';

const EVENT: RelayEvent = {
  type: 'run_metric_change',
  source: 'default',
  entity: 'acme',
  project: 'train',
  run: 'train-78',
  metric: 'loss',
  values: [2.75, 9.1],
  value: 9.1,
  threshold: '25%',
  comparison: 'increases_by',
};

const pointsAt = (values: readonly number[], more: Partial<MetricPoints> = {}): MetricPoints => ({
  metric: 'loss',
  axis: 'step',
  points: values.map((value, i) => ({ at: 12_000 + 20 * i, value })),
  notFinite: 0,
  ...more,
});
const POINTS = pointsAt([3.1, 2.9, 2.75, 9.1]);

const seriesOf = (event: RelayEvent, points = POINTS) =>
  chartOf(event, points)?.chart.series.map(({ name, data }) => [name, ...new Set(data.map(({ value }) => value))]);

describe('a chart of a metric', () => {
  it('shows the last values and the limit', () => {
    expect(chartOf(EVENT, pointsAt([3.1, 9.1]))).toEqual({
      type: 'data_visualization',
      title: 'loss, last 2 values',
      chart: {
        type: 'line',
        series: [
          {
            name: 'loss',
            data: [
              { label: '12000', value: 3.1 },
              { label: '12020', value: 9.1 },
            ],
          },
          {
            name: 'alert above',
            data: [
              { label: '12000', value: 3.4375 },
              { label: '12020', value: 3.4375 },
            ],
          },
        ],
        axis_config: { categories: ['12000', '12020'], x_label: 'step', y_label: 'loss' },
      },
    });
  });

  it.each<[string, Partial<RelayEvent>, unknown[]]>([
    ['a number above', { type: 'run_metric', comparison: 'above', threshold: 8 }, [['alert above', 8]]],
    ['a number below', { type: 'run_metric', comparison: 'below_or_equal_to', threshold: -8 }, [['alert below', -8]]],
    ['a number that it equals', { type: 'run_metric', comparison: 'equal_to', threshold: 0 }, [['alert at', 0]]],
    ['an increase by a number', { threshold: 1 }, [['alert above', 3.75]]],
    ['a decrease by a part', { comparison: 'decreases_by', threshold: '100%' }, [['alert below', 0]]],
    ['a change of a negative value', { comparison: 'increases_by', values: [-4, 9] }, [['alert above', -3]]],
    [
      'a change in both directions',
      { comparison: 'changes_by', threshold: 1 },
      [
        ['alert above', 3.75],
        ['alert below', 1.75],
      ],
    ],
    ['a change from an unknown value', { values: [9.1] }, []],
    ['a z-score', { type: 'run_metric_zscore', comparison: 'above', threshold: 3 }, []],
    ['nothing that is known', { threshold: undefined as never }, []],
  ])('has the limit of %s', (_what, changes, limits) => {
    expect(seriesOf({ ...EVENT, ...changes })?.slice(1)).toEqual(limits);
  });

  it('has names that differ, also for a metric that is called as a limit', () => {
    expect(seriesOf(EVENT, { ...POINTS, metric: 'alert above' })?.map(([name]) => name)).toEqual(['alert above', 'alert above (2)']);
  });

  it('counts the time of the run for system metrics', () => {
    const points = { ...POINTS, axis: 'seconds' as const, points: [59, 3_675].map((at) => ({ at, value: at })) };
    expect(chartOf(EVENT, points)?.chart.axis_config).toEqual({ categories: ['0:00:59', '1:01:15'], x_label: 'time', y_label: 'loss' });
    expect(chartWords(EVENT, points)).toContain('(0:00:59 to 1:01:15 of the run)');
  });

  it('is none of fewer than two values', () => {
    expect([chartOf(EVENT, pointsAt([1])), chartWords(EVENT, pointsAt([1])), chartOf(EVENT, pointsAt([]))]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
  });

  it('keeps every limit of Slack, whatever the metric is called', () => {
    const many = Array.from({ length: 60 }, (_none, i) => ({ at: i % 2 === 0 ? 1e300 + i : i + 1 / 3, value: i }));
    const check = (metric: string) => {
      const chart = chartOf({ ...EVENT, comparison: 'changes_by' }, { ...POINTS, metric, points: many });
      expect(problemsOf(chart)).toEqual([]);
      expect(JSON.stringify(chart)).not.toContain(':fire:');
    };
    for (const name of ['a'.repeat(300), ':fire:', '👩‍👩‍👧‍👦'.repeat(40)]) check(name);
    fc.assert(fc.property(nastyName, check), { numRuns: 200 });
  });
});

describe('the words above a chart', () => {
  it('say the same as the chart', () => {
    expect(chartWords(EVENT, pointsAt([3.1, 2.9, 2.75, 9.1], { notFinite: 2 }))).toBe(
      'loss, last 4 values (steps 12000 to 12060): from 3.10 to 9.10, lowest 2.75, highest 9.10 · alert above 3.44 · 2 more are NaN or infinite',
    );
  });
});

describe('the charts of a message', () => {
  const event = (metric: string, id: string, values: number[]) =>
    conversationEvent({
      event: eventView(
        { ...EVENT, metric },
        { id, wandb: { run: { name: 'train-78' }, history: pointsToJson(pointsAt(values, { metric })) } },
      ),
      deliveries: [],
    });
  const titles = (...events: ReturnType<typeof event>[]) =>
    conversationMessage(conversationOf(events), CONTEXT).blocks.flatMap((block) =>
      block.type === 'data_visualization' ? [block.title] : [],
    );

  it('are the latest one of each metric, two at most, each below its words', () => {
    expect(titles(event('loss', 'a', [1, 2]), event('loss', 'b', [1, 2, 3]))).toEqual(['loss, last 3 values']);
    expect(titles(event('a', '1', [1, 2]), event('b', '2', [1, 2]), event('c', '3', [1, 2]))).toEqual([
      'c, last 2 values',
      'b, last 2 values',
    ]);
    const { blocks } = conversationMessage(conversationOf([event('loss', 'a', [1, 2])]), CONTEXT);
    const at = blocks.findIndex(({ type }) => type === 'data_visualization');
    expect(JSON.stringify(blocks[at - 1])).toContain('from 1 to 2');
  });

  it('are none of what is no history', () => {
    for (const history of [null, 'text', { metric: 'loss' }, { metric: 'loss', axis: 'step', points: [[1], 'x', [2, 'NaN']] }]) {
      const odd = conversationEvent({ event: eventView(EVENT, { wandb: { history } }), deliveries: [] });
      expect(titles(odd)).toEqual([]);
    }
  });
});

/** Slack, "Data visualization block". */
function problemsOf(chart: ChartBlock | undefined): string[] {
  if (chart === undefined) return ['none'];
  const { categories, x_label, y_label } = chart.chart.axis_config;
  const tooLong = (text: string, limit: number) => (text.length < 1 || text.length > limit ? [`${text.length} characters: ${text}`] : []);
  const names = chart.chart.series.map(({ name }) => name);
  return [
    ...tooLong(chart.title, 50),
    ...[x_label, y_label].flatMap((label) => tooLong(label, 50)),
    ...names.flatMap((name) => tooLong(name, 20)),
    ...categories.flatMap((label) => tooLong(label, 20)),
    ...(categories.length > 20 || new Set(categories).size < categories.length ? ['categories'] : []),
    ...(names.length > CHART_LIMITS.series || new Set(names).size < names.length ? ['series'] : []),
    ...chart.chart.series.flatMap(({ data }) =>
      JSON.stringify(data.map(({ label }) => label)) === JSON.stringify(categories) && data.every(({ value }) => Number.isFinite(value))
        ? []
        : ['data'],
    ),
    ...([chart.title, y_label, ...names].every((text) => text.isWellFormed() && !/[<>\n\u202A-\u202E]/.test(text)) ? [] : ['characters']),
  ];
}
