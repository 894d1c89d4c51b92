import { expect, it } from 'vitest';
import { alertSubjectOf, isFailure } from '../../../src/route/alert.ts';
import { alertPolicies } from '../../../src/route/alert-policy.ts';
import { compileRoute, routeSchema } from '../../../src/route/route.ts';

const route = (name: string, more: object = {}) =>
  compileRoute(routeSchema.parse({ name, on: {}, to: [{ slack: { channel: '#ml' } }], ...more }));

it('whom to tell is what the route says, else the author in the channel; the channel of alerts is the same for all', () => {
  const policyOf = alertPolicies([route('a'), route('b', { on_failure: { mention: ['U012ABC'], broadcast: false } })], '#ml-ops');
  expect(policyOf('a')).toEqual({ mention: [], broadcast: true, channel: '#ml-ops' });
  expect(policyOf('b')).toEqual({ mention: ['U012ABC'], broadcast: false, channel: '#ml-ops' });
  expect(policyOf('gone')).toEqual(policyOf('a'));
  expect(alertPolicies([], null)('a').channel).toBeNull();
});

it('an alert keeps of an event what names it, and nothing else', () => {
  const event = { source: 'prod', type: 'run_metric', run: 'train-78', metric: 'loss', author: 'ada', value: 3, entity: 'acme' } as const;
  expect(alertSubjectOf(event)).toEqual({ source: 'prod', type: 'run_metric', run: 'train-78', metric: 'loss', author: 'ada' });
});

it('a failure is what a later success ends', () => {
  const problems = ['not_dispatched', 'run_missing', 'run_failed', 'resolved', 'not_asked', 'not_posted'] as const;
  expect(problems.filter((problem) => isFailure({ problem }))).toEqual(['not_dispatched', 'run_missing', 'run_failed']);
});
