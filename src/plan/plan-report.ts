import { visible } from '../lib/visible.ts';
import { type EvaluatedPlan, NOTHING_EVALUATED } from './evaluated-plan.ts';
import type { Plan, PlannedChange } from './plan.ts';
import { estimateLines } from './plan-estimates.ts';
import { diffOf, diffText, type PlanPart, planParts } from './plan-parts.ts';
import { refusalsIn } from './refusals.ts';
import type { RoutePlan } from './route-plan.ts';

/** A plan for a terminal or a log. */

const SIGN = { create: '+', update: '~', delete: '-', refused: '!' } as const;

/** The whole plan as lines, the most destructive changes first, the summary last. */
export function planLines(plan: Plan): string[] {
  const parts = planParts(plan);
  const lines = [
    ...parts.filter(({ action }) => action === 'delete').flatMap(partLines),
    ...refusalLines(plan),
    ...parts.filter(({ action }) => action !== 'delete' && action !== 'refused').flatMap(partLines),
  ];
  for (const { name, scope, key } of plan.orphans) {
    lines.push(visible(`? ${name} (${scope}): its definition "${key}" was removed. It is kept, unless you apply with --prune`));
  }
  lines.push(...plan.notes.map((note) => visible(`* ${note}`)));
  lines.push(...routeNotes(plan.routes).map((note) => visible(`* ${note}`)));
  return [...lines, ...(lines.length > 0 ? [''] : []), summaryLine(plan)];
}

/** What is refused. A reason that several automations share is written once, above their names. */
export function refusalLines(plan: Pick<Plan, 'changes' | 'routes'>): string[] {
  return refusalsIn(planParts(plan)).flatMap(({ reason, parts }) => {
    if (parts.length === 1) return parts.flatMap(partLines);
    const names = parts.map((part) => visible(`    ${partTitle(part)}`));
    const withRoutes = parts.filter(({ route }) => route !== undefined).flatMap((part) => partLines(part).slice(1));
    return [visible(`! ${parts.length} refused: ${reason}`), ...names, ...withRoutes];
  });
}

/** What is to know about the routes besides their changes. */
export function routeNotes({ notCompared, newRepositories, base }: RoutePlan): string[] {
  const compared = notCompared === undefined ? [] : [`routes are not compared: ${notCompared}`];
  return [...compared, ...newRepositories.map((one) => newRepositoryNote(one, base))];
}

/** A dispatch to a repository that nobody has agreed to before. */
export function newRepositoryNote({ repository, route }: RoutePlan['newRepositories'][number], base: string | null): string {
  return `"${route}" dispatches to ${repository}, which the config of the base${base === null ? '' : ` (${base.slice(0, 7)})`} does not name`;
}

/** `2 to create, 1 to update, 0 to delete, 3 unchanged, 1 refused; 2 routes change in the receiver.` */
export function summaryLine({ summary, routes }: Pick<Plan, 'summary' | 'routes'>): string {
  return `${summaryWords({ summary, routes })}.`;
}

/** The same without the full stop. */
export function summaryWords({ summary, routes }: Pick<Plan, 'summary' | 'routes'>): string {
  const { create, update, delete: deleted, unchanged, refused } = summary;
  const count = routes.changes.length;
  const ofRoutes = count === 0 ? '' : `; ${count} ${count === 1 ? 'route changes' : 'routes change'} in the receiver`;
  const inReceiver = `${ofRoutes}${evaluatedCounts(routes.evaluated)}`;
  if (create + update + deleted + refused === 0) {
    const isSame = count + routes.evaluated.changes.length === 0;
    return isSame ? `No changes; ${unchanged} as defined${inReceiver}` : `No changes in W&B, ${unchanged} as defined${inReceiver}`;
  }
  return `${create} to create, ${update} to update, ${deleted} to delete, ${unchanged} unchanged${refused > 0 ? `, ${refused} refused` : ''}${inReceiver}`;
}

/** `; evaluated by the relay: 1 new, 2 changed, 3 unchanged` */
function evaluatedCounts({ changes, unchanged, notCompared }: EvaluatedPlan): string {
  if (notCompared > 0) return `; evaluated by the relay: ${notCompared}, not compared`;
  const words = { create: 'new', update: 'changed', delete: 'removed' } as const;
  const counts = (['create', 'update', 'delete'] as const).flatMap((action) => {
    const count = changes.filter((change) => change.action === action).length;
    return count === 0 ? [] : [`${count} ${words[action]}`];
  });
  const all = unchanged === 0 ? counts : [...counts, `${unchanged} unchanged`];
  return all.length === 0 ? '' : `; evaluated by the relay: ${all.join(', ')}`;
}

/** One change in W&B with its reason and its fields. */
export function changeLines(change: PlannedChange): string[] {
  const [part] = planParts({
    changes: [change],
    routes: { digest: '', changes: [], evaluated: NOTHING_EVALUATED, base: null, newRepositories: [] },
  });
  return part === undefined ? [] : partLines(part);
}

/** One part of a plan with its reason and its difference. Control characters are visible. */
export function partLines(part: PlanPart): string[] {
  const { change, action, remarks } = part;
  const state = stateWords(part);
  const head = `${SIGN[action]} ${partTitle(part)}${state === undefined ? '' : `: ${state}`}`;
  const reason = change?.reason === undefined ? [] : [`refused: ${change.reason}`];
  const adopted = change?.adopted === undefined ? [] : [`~ ${adoptedWords(change.adopted)}`];
  const lines = [...reason, ...adopted, ...diffOf(part).map(diffText), ...estimateLines(part.estimate), ...remarks];
  return [visible(head), ...lines.map((line) => `    ${visible(line)}`)];
}

/** What becomes of it, where its sign does not say so: `deleted: evaluated by the relay from now on`. */
export function stateWords({ action, isRoute, change, evaluated }: PlanPart): string | undefined {
  const because = evaluated?.because ?? change?.because;
  const why = because === undefined ? '' : `: ${because}`;
  if (evaluated !== undefined) return `${action === 'delete' ? 'no longer evaluated by the relay' : 'evaluated by the relay'}${why}`;
  if (action !== 'delete') return undefined;
  return `${isRoute ? 'removed' : 'deleted'}${why}`;
}

/** `adopted from acme/other` */
export function adoptedWords(adopted: string): string {
  return adopted.startsWith('adopted') ? adopted : `adopted: ${adopted}`;
}

/** `acc-over (project train)`, `route deploy` */
export function partTitle({ isRoute, route, name, scope }: PlanPart): string {
  if (!isRoute) return `${name} (${scope})`;
  return route?.automation === undefined ? `route ${name}` : `routes of ${name}`;
}
