import { type Automation, eventTypeOf, relayRouteName, type Scope } from '../automation/automation.ts';
import { CHANGES, COMPARISONS } from '../automation/automation-event.ts';
import { canonicalJson } from '../lib/canonical.ts';
import { digest } from '../lib/digest.ts';
import type { JsonValue } from '../lib/json.ts';
import type { Amount, Condition, Rule } from './rule.ts';

const DAY_MS = 86_400_000;

/** Changes when the same condition is evaluated in another way, or saved in another form. */
const FORMAT = 1;

/**
 * The run automations that are evaluated, as rules, in their order. Others, and those that are not enabled, are left out.
 *
 * @param entity the team of a project without one of its own; without it such a project cannot be found, and is left out
 * @param engines `wandb` too for back-testing: W&B fires at most once in 24 hours for each run
 */
export function compileRules(
  automations: readonly Automation[],
  entity: string | undefined,
  engines: readonly ('wandb' | 'relay')[] = ['relay'],
): Rule[] {
  return automations
    .filter((automation) => engines.includes(automation.engine ?? 'wandb'))
    .flatMap((automation) => compileRule(automation, entity) ?? []);
}

/** One automation as a rule; `undefined` when it is not evaluated: it is for no run event, not enabled, or its team is not known. */
export function compileRule(automation: Automation, entity: string | undefined): Rule | undefined {
  const condition = conditionOf(automation.event);
  const place = placeOf(automation.scope, entity);
  if (condition === undefined || place === undefined || automation.enabled === false) return undefined;
  const engine = automation.engine ?? 'wandb';
  const forPoints = automation.for_points ?? 1;
  const dryRun = automation.dry_run ?? false;
  return {
    key: JSON.stringify([relayRouteName(automation), place.entity, place.project ?? null]),
    version: versionOf({ condition, forPoints, dryRun, engine, runs: automation.runs }),
    name: automation.name,
    type: eventTypeOf(automation),
    engine,
    ...place,
    runs: automation.runs,
    condition,
    refireMs: automation.refire ?? DAY_MS,
    forPoints,
    resolve: automation.resolve ?? false,
    dryRun,
  };
}

/** What is left out may change without a new look at the runs: the name, the action, `refire`, `resolve`. */
function versionOf(evaluated: Pick<Rule, 'condition' | 'forPoints' | 'dryRun' | 'engine' | 'runs'>): string {
  const plain = JSON.parse(JSON.stringify({ ...evaluated, format: FORMAT })) as JsonValue;
  return digest(canonicalJson(plain)).slice(0, 16);
}

function placeOf(scope: Scope, team: string | undefined): Pick<Rule, 'entity' | 'project'> | undefined {
  if (scope.team !== undefined) return { entity: scope.team, project: undefined };
  if (scope.project === undefined) return undefined;
  const [entity, project] = scope.project.includes('/') ? scope.project.split('/') : [team, scope.project];
  return entity === undefined || entity === '' ? undefined : { entity, project };
}

/** The condition with the config's defaults. `undefined`: not an event of runs. */
function conditionOf(event: Automation['event']): Condition | undefined {
  if (event.run_metric !== undefined) return thresholdOf(event.run_metric);
  if (event.run_metric_change !== undefined) return changeOf(event.run_metric_change);
  if (event.run_metric_zscore !== undefined) {
    const { metric, window = 30, threshold, direction, over = 'values' } = event.run_metric_zscore;
    return { kind: 'zscore', metric, window, threshold, direction, over };
  }
  if (event.run_metric_nonfinite !== undefined) {
    const { metric, metrics } = event.run_metric_nonfinite;
    const match = metric ?? metrics;
    return match === undefined ? undefined : { kind: 'nonfinite', metrics: match };
  }
  if (event.run_metric_stall !== undefined) {
    const { metric, window, less_than: lessThan } = event.run_metric_stall;
    return { kind: 'stall', metric, window, lessThan: amountOf(lessThan) };
  }
  if (event.run_silent !== undefined) return { kind: 'silent', forMs: event.run_silent.for };
  if (event.run_state !== undefined) return stateOf(event.run_state);
  return undefined;
}

function thresholdOf(event: NonNullable<Automation['event']['run_metric']>): Condition | undefined {
  const comparison = COMPARISONS.find((word) => event[word] !== undefined);
  const threshold = comparison && event[comparison];
  if (comparison === undefined || threshold === undefined) return undefined;
  const { metric, aggregate, window } = event;
  return { kind: 'threshold', metric, aggregate, window: aggregate === undefined ? 1 : (window ?? 5), comparison, threshold };
}

function changeOf(event: NonNullable<Automation['event']['run_metric_change']>): Condition | undefined {
  const comparison = CHANGES.find((word) => event[word] !== undefined);
  const amount = comparison && event[comparison];
  if (comparison === undefined || amount === undefined) return undefined;
  const { metric, aggregate, window, prior_window: priorWindow } = event;
  const windows = aggregate === undefined ? { window: 1, priorWindow: 1 } : { window: window ?? 10, priorWindow: priorWindow ?? 50 };
  return { kind: 'change', metric, aggregate, ...windows, comparison, amount: amountOf(amount) };
}

function amountOf(amount: number | string): Amount {
  if (typeof amount === 'number') return { kind: 'absolute', value: amount };
  return { kind: 'relative', fraction: Number(amount.slice(0, -1)) / 100 };
}

/** To W&B a crashed run has failed. Source: W&B's documentation of run status automations. */
function stateOf({ states, grace, longer_than: longerThan }: NonNullable<Automation['event']['run_state']>): Condition {
  const all = states.includes('failed') ? [...new Set([...states, 'crashed'])] : states;
  return { kind: 'state', states: all, graceMs: grace ?? 0, longerThanMs: longerThan ?? 0 };
}
