import { DEFAULT_SOURCE, type RelayEvent } from '../event/event.ts';
import { finiteIn } from '../event/metric-points.ts';
import { oneLine } from '../event/one-line.ts';
import { metricFactsIn } from '../event/read-metric-facts.ts';
import type { RunFacts } from '../event/run-facts.ts';
import { wandbLinks } from '../event/wandb-links.ts';
import { understandBody } from '../event/webhook-body.ts';
import { durationInConfig } from '../lib/duration.ts';
import type { JsonObject, JsonValue } from '../lib/json.ts';
import type { Firing } from './evaluation.ts';
import type { Amount, Condition, Rule } from './rule.ts';
import type { RunSnapshot } from './run.ts';
import type { ProjectRef } from './run-reader.ts';
import { isSystemMetric } from './system-metrics.ts';

export interface FiringFacts {
  readonly rule: Pick<Rule, 'name' | 'type' | 'condition'>;
  readonly project: ProjectRef;
  readonly run: RunSnapshot;
  readonly firing: Firing;
  /** See `wandbAppUrl`. */
  readonly appUrl: string;
}

/**
 * The body of a firing: the relay payload with values in place of W&B's variables, and what only our own engine knows. Numbers
 * that JSON does not have are text, as W&B writes them: `"NaN"`, `"Infinity"`.
 */
export function firingBody({ rule, project, run, firing, appUrl }: FiringFacts): JsonObject {
  const { type, condition } = rule;
  const link = wandbLinks({ type, source: DEFAULT_SOURCE, ...project, run: run.name }, null, { url: appUrl }).find(
    ({ kind }) => kind === 'run',
  );
  const status = firing.status ?? run.state;
  return {
    relay: 1,
    engine: 'relay',
    automation: rule.name,
    event: type,
    ...present({ event_author: run.username }),
    entity_name: project.entity,
    project_name: project.project,
    run_name: run.name,
    ...(condition.kind === 'state' ? { run_status: status } : {}),
    ...metricPart(condition, firing, status),
    ...present({ step: isStep(firing, run) ? firing.x : undefined }),
    at: new Date(firing.at).toISOString(),
    ...(firing.kind === 'resolved' ? { resolved: true } : {}),
    display_name: run.displayName,
    ...present({ duration_seconds: durationOf(run) }),
    ...present({ link: link?.url }),
  };
}

/**
 * The event of such a body. Only the receiver's own engine may call this: a webhook that says `engine: relay` is W&B's, or
 * whoever's, all the same (`understandBody`).
 */
export function firingEvent(body: JsonObject): RelayEvent {
  const understood = understandBody(body, DEFAULT_SOURCE);
  if (understood.kind === 'ping') throw new Error('the body of a firing has a type');
  const { event } = understood;
  const { threshold } = metricFactsIn({ threshold: body.threshold ?? null });
  return {
    ...event,
    ...(threshold === undefined ? {} : { threshold }),
    engine: 'relay',
    ...(body.resolved === true ? { resolved: true } : {}),
    ...runFacts(body),
  };
}

function runFacts(body: JsonObject): RunFacts {
  const name = typeof body.display_name === 'string' ? oneLine(body.display_name) : '';
  return present({
    display_name: name === '' ? undefined : name,
    step: finiteIn(body.step),
    duration_seconds: finiteIn(body.duration_seconds),
    at: typeof body.at === 'string' ? body.at : undefined,
  });
}

/** What the automation compares, in the words of the config, and the numbers. */
function metricPart(condition: Condition, firing: Firing, status: string): JsonObject {
  const { metric, value, values = [] } = firing;
  const compared = { ...present({ metric }), ...(values.length === 0 ? {} : { metric_values: values.map(jsonNumber) }) };
  const now = value === undefined ? {} : { metric_value: jsonNumber(value) };
  switch (condition.kind) {
    case 'threshold': {
      const { aggregate, window, comparison, threshold } = condition;
      return { ...compared, ...now, ...windowOf(aggregate, window), comparison, threshold };
    }
    case 'change': {
      const { aggregate, window, comparison, amount } = condition;
      return { ...compared, ...windowOf(aggregate, window), comparison, threshold: amountWords(amount) };
    }
    case 'zscore': {
      const zscore = value === undefined || !Number.isFinite(value) ? {} : { zscore: value };
      return { ...compared, ...zscore, window: condition.window, comparison: condition.direction, threshold: condition.threshold };
    }
    case 'stall':
      return { ...compared, ...now, window: condition.window, comparison: 'less_than', threshold: amountWords(condition.lessThan) };
    case 'nonfinite': {
      const what = value === undefined ? undefined : jsonNumber(value);
      return { ...compared, ...(typeof what === 'string' ? { nonfinite: what } : now) };
    }
    case 'silent':
      return { threshold: durationInConfig(condition.forMs) };
    case 'state':
      return status === 'crashed' && condition.graceMs > 0 ? { threshold: durationInConfig(condition.graceMs) } : {};
  }
}

function windowOf(aggregate: string | undefined, window: number): JsonObject {
  return aggregate === undefined ? {} : { aggregate, window };
}

function amountWords(amount: Amount): number | string {
  return amount.kind === 'absolute' ? amount.value : `${Number((amount.fraction * 100).toPrecision(12))}%`;
}

function jsonNumber(value: number): number | string {
  return Number.isFinite(value) ? value : String(value);
}

/** System metrics have no steps: their place is the run's age. The config calls them `cpu` or `system.cpu`; W&B does not list them. */
function isStep({ metric }: Firing, { loggedMetrics }: RunSnapshot): boolean {
  if (metric === undefined || metric.startsWith('system.')) return false;
  return loggedMetrics.has(metric) || (loggedMetrics.size === 0 && !isSystemMetric(metric));
}

function durationOf({ createdAt, heartbeatAt }: RunSnapshot): number | undefined {
  const seconds = Math.round((heartbeatAt - createdAt) / 1000);
  return Number.isFinite(seconds) && seconds >= 0 ? seconds : undefined;
}

/** Without the fields that are not known. */
function present<Value extends JsonValue>(fields: Readonly<Record<string, Value | undefined>>): Record<string, Value> {
  return Object.fromEntries(Object.entries(fields).filter((field): field is [string, Value] => field[1] !== undefined));
}
