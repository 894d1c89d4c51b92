import type { FieldChange } from '../automation/trigger-state.ts';
import type { Diagnostic } from '../lib/diagnostic.ts';
import { placeUrl } from './automation-place.ts';
import type { EvaluatedPlan } from './evaluated-plan.ts';
import type { Plan, PlannedChange } from './plan.ts';
import { estimatesJson } from './plan-estimates.ts';
import type { RoutePlan } from './route-plan.ts';

/** What is not in the plan itself. */
export interface PlanSurroundings {
  readonly namespace: string;
  /** The address of W&B's API. */
  readonly baseUrl: string;
  /** Automations at W&B that this version cannot read. */
  readonly unreadable: readonly string[];
  readonly warnings: readonly Diagnostic[];
}

/**
 * A plan as JSON, complete. It has no ids of W&B and no literal secrets.
 *
 * A missing value before or after is `null`.
 */
export function planJson(plan: Plan, { namespace, baseUrl, unreadable, warnings }: PlanSurroundings): PlanJson {
  const { fingerprint, summary, changes, routes, notes, orphans } = plan;
  return {
    namespace,
    wandb: baseUrl,
    fingerprint,
    summary,
    changes: changes.map((change) => changeJson(change, baseUrl)),
    routes: routesJson(routes),
    evaluated_by_relay: evaluatedJson(routes.evaluated, baseUrl),
    ...(plan.estimates === undefined ? {} : { backtest: estimatesJson(plan.estimates) }),
    notes,
    orphans,
    unreadable,
    warnings: warnings.map(diagnosticJson),
  };
}

export interface PlanJson {
  readonly namespace: string;
  readonly wandb: string;
  readonly fingerprint: string;
  readonly summary: Plan['summary'];
  readonly changes: readonly object[];
  readonly routes: object;
  /** The automations with `engine: relay`, which W&B does not have. */
  readonly evaluated_by_relay: object;
  /** What the back-test says of run automations that change; absent if nobody asked. */
  readonly backtest?: object;
  readonly notes: readonly string[];
  readonly orphans: Plan['orphans'];
  readonly unreadable: readonly string[];
  readonly warnings: readonly object[];
  /** What was left out; absent if the plan is complete. */
  readonly truncated?: { readonly changes: { readonly shown: number; readonly total: number }; readonly left_out: readonly string[] };
}

/**
 * The plan as text of at most `limit` characters. What does not fit is left out and counted in `truncated`: definitions and
 * fields first, then the changes at the end.
 */
export function planJsonWithin(json: PlanJson, limit: number): string {
  const whole = JSON.stringify(json);
  if (whole.length <= limit) return whole;
  const { routes, evaluated_by_relay, backtest, notes, orphans, unreadable, warnings, changes, ...head } = json;
  const total = changes.length;
  const rest = { routes, evaluated_by_relay, ...(backtest === undefined ? {} : { backtest }), notes, orphans, unreadable, warnings };
  const brief = changes.map((change) => ({ ...change, fields: undefined, definition: undefined }));
  const frame = (shown: readonly object[], more: object, left: readonly string[]) =>
    JSON.stringify({ ...head, changes: shown, ...more, truncated: { changes: { shown: shown.length, total }, left_out: left } });
  const left = ['changes[].fields', 'changes[].definition'];
  for (const [more, names] of [
    [rest, left],
    [{}, [...left, ...Object.keys(rest)]],
  ] as const) {
    const empty = frame([], more, names).length + String(total).length;
    if (empty > limit) continue;
    let size = empty;
    let count = 0;
    while (count < total) {
      size += JSON.stringify(brief[count]).length + 1;
      if (size > limit) break;
      count++;
    }
    if (count === total || Object.keys(more).length === 0 || count > 0) return frame(brief.slice(0, count), more, names);
  }
  return frame([], {}, [...left, ...Object.keys(rest)]);
}

/** One change as JSON. What is written, its id and where it is defined are not part of it. */
export function changeJson(change: PlannedChange, baseUrl: string): object {
  const { input: _input, location: _location, id: _id, place, ...rest } = change;
  const url = place === undefined ? undefined : placeUrl(place, baseUrl);
  return { ...rest, fields: fieldsJson(change.fields), ...(url === undefined ? {} : { url }) };
}

export function fieldsJson(fields: readonly FieldChange[]): object[] {
  return fields.map(({ path, before, after }) => ({ path, before: before ?? null, after: after ?? null }));
}

function routesJson({ digest, base, changes, newRepositories, notCompared }: RoutePlan): object {
  return {
    digest,
    base,
    ...(notCompared === undefined ? {} : { not_compared: notCompared }),
    changes: changes.map(({ location: _location, fields, ...change }) => ({ ...change, fields: fieldsJson(fields) })),
    new_repositories: newRepositories.map(({ repository, route }) => ({ repository, route })),
  };
}

function evaluatedJson({ changes, unchanged, notCompared }: EvaluatedPlan, baseUrl: string): object {
  return {
    changes: changes.map(({ location: _location, place, fields, ...change }) => {
      const url = place === undefined ? undefined : placeUrl(place, baseUrl);
      return { ...change, fields: fieldsJson(fields), ...(url === undefined ? {} : { url }) };
    }),
    unchanged,
    ...(notCompared === 0 ? {} : { not_compared: notCompared }),
  };
}

/** A diagnostic as JSON: `{severity, message, file, line, column, field}`; what is not known is left out. */
export function diagnosticJson({ severity, message, location, field }: Diagnostic): object {
  return { severity, message, ...(location ?? {}), ...(field === undefined ? {} : { field }) };
}
