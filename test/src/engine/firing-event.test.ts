import { expect, it } from 'vitest';
import { firingEvent } from '../../../src/engine/firing-event.ts';
import { understandBody } from '../../../src/event/webhook-body.ts';
import { bodyOf, firedEvent, NONFINITE, SILENT, STALL, stateOf, THRESHOLD, ZSCORE } from '../../receiver/slack/firing-samples.ts';

const COMMON = {
  source: 'default',
  entity: 'acme',
  project: 'train',
  author: 'ada',
  automation: 'watch',
  run: 'k3v9x2ab',
  display_name: 'train-78',
  engine: 'relay',
  duration_seconds: 4320,
  at: '2026-11-21T03:00:00.000Z',
};

it.each([
  [
    'a threshold',
    firedEvent({ ...THRESHOLD, aggregate: 'average', window: 5 }, { value: 9.1, values: [9.1] }),
    {
      type: 'run_metric',
      metric: 'loss',
      step: 12_400,
      value: 9.1,
      values: [9.1],
      aggregate: 'average',
      window: 5,
      comparison: 'above',
      threshold: 8,
    },
  ],
  [
    'a relative change',
    firedEvent(
      {
        kind: 'change',
        metric: 'loss',
        aggregate: undefined,
        window: 1,
        priorWindow: 1,
        comparison: 'increases_by',
        amount: { kind: 'relative', fraction: 0.07 },
      },
      { value: 2.3, values: [2.75, 9.1] },
    ),
    {
      type: 'run_metric_change',
      metric: 'loss',
      step: 12_400,
      value: 9.1,
      values: [2.75, 9.1],
      comparison: 'increases_by',
      threshold: '7%',
    },
  ],
  [
    'a z-score',
    firedEvent(ZSCORE, { value: 4.2, values: [2.8, 9.1] }),
    {
      type: 'run_metric_zscore',
      metric: 'loss',
      step: 12_400,
      value: 9.1,
      values: [2.8, 9.1],
      zscore: 4.2,
      window: 30,
      comparison: 'above',
      threshold: 3,
    },
  ],
  [
    'NaN',
    firedEvent(NONFINITE, { metric: 'loss', x: 7, value: Number.NaN }),
    { type: 'run_metric_nonfinite', metric: 'loss', step: 7, nonfinite: 'NaN' },
  ],
  [
    'minus infinity',
    firedEvent(NONFINITE, { metric: 'loss', x: 0, value: -Infinity, values: [-Infinity] }),
    { type: 'run_metric_nonfinite', metric: 'loss', step: 0, nonfinite: '-Infinity' },
  ],
  [
    'a stall',
    firedEvent(STALL, { value: 0.0003, values: [2.1, 2.1003] }),
    {
      type: 'run_metric_stall',
      metric: 'loss',
      step: 12_400,
      value: 0.0003,
      values: [2.1, 2.1003],
      window: 50,
      comparison: 'less_than',
      threshold: 0.001,
    },
  ],
  ['silence', firedEvent(SILENT, { value: 1_860_000 }), { type: 'run_silent', threshold: '30m' }],
  ['a state', firedEvent(stateOf(['killed']), { status: 'killed' }), { type: 'run_state', status: 'killed' }],
  [
    'a crash with grace that has ended',
    firedEvent(stateOf(['crashed'], { graceMs: 600_000 }), { kind: 'resolved', status: 'running' }),
    { type: 'run_state', status: 'running', resolved: true },
  ],
  [
    'a crash with grace',
    firedEvent(stateOf(['crashed'], { graceMs: 600_000 }), { status: 'crashed' }),
    { type: 'run_state', status: 'crashed', threshold: '10m' },
  ],
])('the event of %s has the words of the config', (_what, event, own) => {
  expect(event).toEqual({ ...COMMON, ...own });
});

it('has no step for a system metric, whose place is the age of the run', () => {
  for (const metric of ['system.gpu.0.temp', 'gpu.0.temp'])
    expect(firedEvent(THRESHOLD, { metric, x: 312.5, value: 91 })).not.toHaveProperty('step');
  // A server that lists no metrics.
  expect(firedEvent(THRESHOLD, { value: 91 }, { run: { loggedMetrics: new Set() } })).toMatchObject({ step: 12_400 });
});

it('is JSON with a link to the run, also where the value is not', () => {
  const body = bodyOf(NONFINITE, { metric: 'loss', x: 7, value: Infinity });
  expect(JSON.parse(JSON.stringify(body))).toEqual(body);
  expect(body).toMatchObject({
    relay: 1,
    engine: 'relay',
    nonfinite: 'Infinity',
    link: 'https://forge.coreweave.com/wandb/acme/train/runs/k3v9x2ab',
  });
});

it('is not what a webhook may claim to be', () => {
  const body = { ...bodyOf(THRESHOLD, { kind: 'resolved', value: 2 }) };
  expect(firingEvent(body)).toMatchObject({ engine: 'relay', resolved: true, display_name: 'train-78' });
  const claimed = understandBody(body, 'default');
  for (const field of ['engine', 'resolved', 'display_name', 'step', 'at', 'duration_seconds'])
    expect(claimed).not.toHaveProperty(`event.${field}`);
  expect(claimed).toMatchObject({ event: { type: 'run_metric', run: 'k3v9x2ab', value: 2 } });
});

it('says names of any kind on one line', () => {
  expect(firedEvent(SILENT, {}, { run: { displayName: 'a\nb\u2028c' } })).toMatchObject({ display_name: 'a b c' });
  expect(firedEvent(SILENT, {}, { run: { displayName: ' ' } })).not.toHaveProperty('display_name');
});
