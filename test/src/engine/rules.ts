import { type Automation, automationSchema } from '../../../src/automation/automation.ts';
import { compileRule } from '../../../src/engine/compile.ts';
import type { Rule } from '../../../src/engine/rule.ts';
import type { Point, RunSnapshot } from '../../../src/engine/run.ts';

/** A rule from the words of the config, as the receiver gets it. */
export function ruleOf(event: Record<string, unknown>, more: Record<string, unknown> = {}): Rule {
  const rule = compileRule(automationOf(event, more), 'acme');
  if (rule === undefined) throw new Error('not a rule');
  return rule;
}

export function automationOf(event: Record<string, unknown>, more: Record<string, unknown> = {}): Automation {
  return automationSchema.parse({
    name: 'watch',
    engine: 'relay',
    scope: { project: 'vision' },
    event,
    action: { relay: { to: [{ slack: { channel: '#ml' } }] } },
    ...more,
  });
}

/** Points of one metric at the steps 0, 1, 2, …, one a minute. */
export function pointsOf(values: readonly number[], metric = 'loss', firstStep = 0): Point[] {
  return values.map((value, index) => ({ metric, x: firstStep + index, at: (firstStep + index) * 60_000, value }));
}

export function runOf(more: Partial<RunSnapshot> = {}): RunSnapshot {
  return {
    id: 'UnVuOjE=',
    name: 'abc123',
    displayName: 'nightly-1',
    state: 'running',
    createdAt: 0,
    heartbeatAt: 0,
    username: 'ada',
    userName: undefined,
    tags: [],
    group: undefined,
    jobType: undefined,
    sweep: undefined,
    lastStep: undefined,
    loggedMetrics: new Set(),
    summary: {},
    ...more,
  };
}
