import { type Automation, eventTypeOf } from '../../automation/automation.ts';
import { parsePercent } from '../../lib/percent.ts';
import type { Located } from '../config.ts';
import type { ConfigPath } from '../locator.ts';
import { engineWarnings, stopWarnings } from './engine-warnings.ts';
import { filterWarnings } from './filter-words.ts';
import { matchWarnings, quotesWarnings, type Warning } from './match-warnings.ts';
import { meantPattern } from './pattern-like.ts';
import { payloadWarnings } from './payload-variables.ts';

/** Warnings about one automation: what is valid, and probably not what was meant. */
export function automationWarnings(automation: Located<Automation>): Warning[] {
  const { event, runs, scope, action, path } = automation;
  const type = eventTypeOf(automation);
  const subject = type.startsWith('run_') ? 'run' : 'artifact';
  const fields = event[type as keyof typeof event];
  const at = [...path, 'event', type];
  const own = (word: string): unknown =>
    typeof fields === 'object' && Object.hasOwn(fields, word) ? (fields as Record<string, unknown>)[word] : undefined;
  return [
    ...matchWarnings(scope.collection, [...path, 'scope', 'collection']),
    ...nameWarnings(scope, [...path, 'scope']),
    ...['alias', 'tag'].flatMap((word) => matchWarnings(own(word), [...at, word])),
    ...filterWarnings(asFilter(own('filter')), subject, [...at, 'filter']),
    ...metricWarnings(own('metric'), [...at, 'metric'], type),
    ...matchWarnings(own('metrics'), [...at, 'metrics']),
    ...shareWarnings(automation.event.run_metric_change, at),
    ...matchWarnings(runs?.name, [...path, 'runs', 'name']),
    ...matchWarnings(runs?.user, [...path, 'runs', 'user']),
    ...matchWarnings(runs?.tags, [...path, 'runs', 'tags']),
    ...filterWarnings(runs?.filter, 'run', [...path, 'runs', 'filter']),
    ...payloadWarnings(action.webhook?.payload ?? null, type, [...path, 'action', 'webhook', 'payload']),
    ...engineWarnings(automation),
    ...stopWarnings(automation),
  ];
}

function asFilter(value: unknown): Parameters<typeof filterWarnings>[0] {
  return typeof value === 'object' && value !== null ? (value as Parameters<typeof filterWarnings>[0]) : undefined;
}

const NAMES = ['project', 'registry', 'team', 'organization'] as const;

function nameWarnings(scope: Automation['scope'], path: ConfigPath): Warning[] {
  return NAMES.flatMap((word): Warning[] => {
    const name = scope[word];
    if (name === undefined || meantPattern(name) === undefined) return [];
    const message = `${JSON.stringify(name)} looks like a pattern, but a scope has one ${word}: use for_each for several, or a wider scope. Only a collection may be a pattern`;
    return [{ path: [...path, word], message }];
  });
}

function metricWarnings(metric: unknown, path: ConfigPath, type: string): Warning[] {
  if (typeof metric !== 'string') return [];
  if (meantPattern(metric) === undefined) return quotesWarnings(metric, path);
  const several = type === 'run_metric_nonfinite' ? 'write metrics: { regex: … } for several' : 'use for_each for several';
  return [
    { path, message: `${JSON.stringify(metric)} looks like a pattern, but an automation watches one metric of this very name: ${several}` },
  ];
}

/** Shares that were probably meant as another number. */
function shareWarnings(change: Automation['event']['run_metric_change'], path: ConfigPath): Warning[] {
  return (['increases_by', 'decreases_by', 'changes_by'] as const).flatMap((word): Warning[] => {
    const amount = change?.[word];
    if (typeof amount !== 'string') return [];
    const share = parsePercent(amount);
    const here = [...path, word];
    if (share < 0.01) {
      const meant = `${Number((share * 10_000).toPrecision(12))}%`;
      return [
        {
          path: here,
          message: `${amount} is a very small share (${share} of the prior value): if ${amount.slice(0, -1)} was meant as a fraction, write ${meant}`,
        },
      ];
    }
    if (word === 'decreases_by' && share > 1)
      return [{ path: here, message: `${amount} is more than the whole prior value: a metric that stays positive never falls so far` }];
    if (share >= 10) {
      const meant = `${Number(share.toPrecision(12))}%`;
      return [
        { path: here, message: `${amount} is a very large share (${share} times the prior value): if ${meant} was meant, write ${meant}` },
      ];
    }
    return [];
  });
}
