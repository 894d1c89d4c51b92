import type { Firing } from '../../../src/engine/evaluation.ts';
import { firingBody, firingEvent } from '../../../src/engine/firing-event.ts';
import type { Condition } from '../../../src/engine/rule.ts';
import type { RunSnapshot } from '../../../src/engine/run.ts';
import type { EventType, RelayEvent } from '../../../src/event/event.ts';
import type { JsonObject } from '../../../src/lib/json.ts';
import { T0 } from './message-samples.ts';

const TYPES: Readonly<Record<Condition['kind'], EventType>> = {
  threshold: 'run_metric',
  change: 'run_metric_change',
  zscore: 'run_metric_zscore',
  nonfinite: 'run_metric_nonfinite',
  stall: 'run_metric_stall',
  silent: 'run_silent',
  state: 'run_state',
};

export const RUN: RunSnapshot = {
  id: 'UnVuOmFiYzEyMw==',
  name: 'k3v9x2ab',
  displayName: 'train-78',
  state: 'running',
  createdAt: T0 - 72 * 60_000,
  heartbeatAt: T0,
  username: 'ada',
  userName: 'Ada Lovelace',
  tags: [],
  group: undefined,
  jobType: undefined,
  sweep: undefined,
  lastStep: 12_400,
  loggedMetrics: new Set(['loss']),
  summary: {},
};

export interface FiringSample {
  readonly automation?: string;
  readonly run?: Partial<RunSnapshot>;
}

/** The body that our own engine makes when a condition is met; of `kind: resolved`, when it has ended. */
export function bodyOf(condition: Condition, firing: Partial<Firing> = {}, { automation = 'watch', run }: FiringSample = {}): JsonObject {
  const metric = 'metric' in condition ? { metric: condition.metric, x: 12_400 } : {};
  return firingBody({
    rule: { name: automation, type: TYPES[condition.kind], condition },
    project: { entity: 'acme', project: 'train' },
    run: { ...RUN, ...run },
    firing: { kind: 'firing', at: T0, ...metric, ...firing },
    appUrl: 'https://forge.coreweave.com/wandb',
  });
}

export function firedEvent(condition: Condition, firing?: Partial<Firing>, sample?: FiringSample): RelayEvent {
  return firingEvent(bodyOf(condition, firing, sample));
}

export const THRESHOLD = {
  kind: 'threshold',
  metric: 'loss',
  aggregate: undefined,
  window: 1,
  comparison: 'above',
  threshold: 8,
} as const satisfies Condition;
export const ZSCORE = {
  kind: 'zscore',
  metric: 'loss',
  window: 30,
  threshold: 3,
  direction: 'above',
  over: 'values',
} as const satisfies Condition;
export const NONFINITE = { kind: 'nonfinite', metrics: 'loss' } as const satisfies Condition;
export const STALL = {
  kind: 'stall',
  metric: 'loss',
  window: 50,
  lessThan: { kind: 'absolute', value: 0.001 },
} as const satisfies Condition;
export const SILENT = { kind: 'silent', forMs: 30 * 60_000 } as const satisfies Condition;
export const stateOf = (states: readonly string[], more: { graceMs?: number; longerThanMs?: number } = {}): Condition => ({
  kind: 'state',
  states,
  graceMs: 0,
  longerThanMs: 0,
  ...more,
});
