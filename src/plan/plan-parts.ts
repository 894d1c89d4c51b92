import type { FieldChange } from '../automation/trigger-state.ts';
import type { SourceLocation } from '../lib/diagnostic.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../lib/json.ts';
import { visible } from '../lib/visible.ts';
import type { AutomationPlace } from './automation-place.ts';
import { definitionLines, yamlValue } from './definition-text.ts';
import type { EvaluatedChange } from './evaluated-plan.ts';
import type { Plan, PlanAction, PlannedChange } from './plan.ts';
import { estimateFor, type ShownEstimate } from './plan-estimates.ts';
import type { RouteChange } from './route-plan.ts';

/** One thing that a plan shows: an automation with both of its halves, in W&B and in the receiver, or a route. */
export interface PlanPart {
  readonly action: Exclude<PlanAction, 'unchanged'>;
  /** A route of its own, or the half of an automation that only the receiver has. */
  readonly isRoute: boolean;
  readonly name: string;
  /** For people; blank for a route. */
  readonly scope: string;
  readonly change?: PlannedChange;
  /** An automation that the receiver evaluates. */
  readonly evaluated?: EvaluatedChange;
  readonly route?: RouteChange;
  readonly place?: AutomationPlace;
  readonly location?: SourceLocation;
  /** What it would have done on past runs: `Would have fired on 3 of 60 runs in 30 days (now: 12).` */
  readonly estimate?: ShownEstimate;
  /** Sentences below the difference, such as what is known of the automation besides its definition. */
  readonly remarks: readonly string[];
}

const EVALUATED = 'The receiver evaluates it: takes effect when the receiver loads this config.';
const NO_LONGER_EVALUATED = 'The receiver evaluates it no longer once it loads this config.';
export const RECEIVER_ONLY = 'Changes in the receiver only: takes effect when the receiver loads this config.';
const RECEIVER_TOO = 'The routes take effect when the receiver loads this config.';

/** Deletions first, then refusals, then other changes. */
const ORDER = { delete: 0, refused: 1, update: 2, create: 3 } as const;

/** What a plan shows, the most destructive first. */
export function planParts(plan: Pick<Plan, 'changes' | 'routes' | 'estimates'>): PlanPart[] {
  const byKey = new Map(plan.routes.changes.flatMap((route) => (route.automation === undefined ? [] : [[route.automation, route]])));
  const joined = new Set<RouteChange>();
  const parts = plan.changes.flatMap((change): PlanPart[] => {
    const route = byKey.get(change.key);
    // A key that was deleted in one scope may be defined in another one.
    const isJoined = route !== undefined && !joined.has(route) && (change.action !== 'delete' || route.action === 'delete');
    if (isJoined) joined.add(route);
    return !isJoined && change.action === 'unchanged' ? [] : [partOf(change, isJoined ? route : undefined)];
  });
  const evaluated = plan.routes.evaluated.changes.map((change) => {
    const route = byKey.get(change.key);
    const isJoined = route !== undefined && !joined.has(route);
    if (isJoined) joined.add(route);
    return evaluatedPart(change, isJoined ? route : undefined);
  });
  const routes = plan.routes.changes.filter((route) => !joined.has(route)).map(routePart);
  const estimated = [...parts, ...evaluated].map((part) => ({ ...part, ...estimateFor(plan.estimates, partIdentity(part)) }));
  return [...estimated, ...routes].toSorted((a, b) => ORDER[a.action] - ORDER[b.action]);
}

function partIdentity({ change, evaluated, scope }: PlanPart): { readonly key: string; readonly scope: string } {
  return { key: change?.key ?? evaluated?.key ?? '', scope };
}

function partOf(change: PlannedChange, route: RouteChange | undefined): PlanPart {
  const { name, scope, action, place, location } = change;
  const remark = route === undefined ? [] : [action === 'unchanged' ? RECEIVER_ONLY : RECEIVER_TOO];
  return {
    action: action === 'unchanged' ? 'update' : action,
    isRoute: false,
    name,
    scope,
    change,
    remarks: remark,
    ...(route === undefined ? {} : { route }),
    ...(place === undefined ? {} : { place }),
    ...(location === undefined ? {} : { location }),
  };
}

function evaluatedPart(evaluated: EvaluatedChange, route: RouteChange | undefined): PlanPart {
  const { action, name, scope, place, location } = evaluated;
  return {
    action,
    isRoute: false,
    name,
    scope,
    evaluated,
    remarks: [action === 'delete' ? NO_LONGER_EVALUATED : EVALUATED],
    ...(route === undefined ? {} : { route }),
    ...(place === undefined ? {} : { place }),
    ...(location === undefined ? {} : { location }),
  };
}

function routePart(route: RouteChange): PlanPart {
  const { action, name, location } = route;
  return { action, isRoute: true, name, scope: '', route, remarks: [RECEIVER_ONLY], ...(location === undefined ? {} : { location }) };
}

/** One difference. A sign-less line is text that stayed as it is, such as a definition that is refused. */
export type DiffLine =
  | { readonly path: string; readonly before?: string; readonly after?: string }
  | { readonly sign: '+' | '-'; readonly text: string };

/** What differs, in W&B and in the receiver. A new or removed automation is its definition, line by line. */
export function diffOf({ change, evaluated, route, action }: PlanPart): DiffLine[] {
  const { definition, fields = [] } = change ?? evaluated ?? {};
  // An update has no definition, whether it is refused or not.
  if (definition === undefined) return [...fields.map(lineOf), ...routeLines(route, action)];
  const isNew = fields.some(({ after }) => after !== undefined);
  // A definition has its action, and so what is new or removed of its route.
  const isWhole = isNew || evaluated !== undefined;
  return [...signed(definition, isNew ? '+' : '-'), ...(isWhole ? [] : routeLines(route, action))];
}

function routeLines(route: RouteChange | undefined, action: PlanPart['action']): DiffLine[] {
  if (route === undefined) return [];
  if (route.action === 'update' || (route.automation !== undefined && action === 'update')) return route.fields.map(lineOf);
  return signed(route.definition, route.action === 'create' ? '+' : '-');
}

function signed(definition: JsonObject | undefined, sign: '+' | '-'): DiffLine[] {
  return definition === undefined ? [] : definitionLines(definition).map((text) => ({ sign, text }));
}

/** A value is cut here, in characters. The plan as JSON has all of it. */
const VALUE_ROOM = 400;

/** One changed field. Long values are cut. */
export function lineOf({ path, before, after }: FieldChange): DiffLine {
  const [from, to] = [shownValue(before), shownValue(after)];
  const isCutAlike = from !== undefined && from === to && from.length > VALUE_ROOM;
  return {
    path: visible(path),
    ...(from === undefined ? {} : { before: from }),
    ...(to === undefined ? {} : { after: isCutAlike ? `${to} (differs further on)` : to === from ? `${to}, changed` : to }),
  };
}

function shownValue(value: JsonValue | undefined): string | undefined {
  if (value === undefined) return undefined;
  const text = isJsonObject(value) && Object.keys(value).length === 0 ? '{}' : yamlValue(value);
  return text.length <= VALUE_ROOM ? text : `${text.slice(0, VALUE_ROOM)}…`;
}

/** `event.run_metric.above: 0.6 → 0.75` */
export function diffText(line: DiffLine): string {
  if ('sign' in line) return line.text;
  const { path, before, after } = line;
  return `${path}: ${before ?? '(not set)'} → ${after ?? '(removed)'}`;
}
