import type { FieldChange } from '../automation/trigger-state.ts';
import type { JsonValue } from '../lib/json.ts';
import { visible } from '../lib/visible.ts';
import type { Plan, PlannedChange } from './plan.ts';
import { refusalsIn } from './refusals.ts';

/** A plan for people. The terminal, the pull request and the step summary show the same lines. */

const SIGN = { create: '+', update: '~', delete: '-', refused: '!', unchanged: ' ' } as const;

/** Deletions first, then refusals, then other changes. */
const ORDER = { delete: 0, refused: 1, update: 2, create: 3, unchanged: 4 } as const;

/** The whole plan as lines, the most destructive changes first, the summary last. */
export function planLines(plan: Plan): string[] {
  const shown = worstFirst(plan.changes);
  const lines = [
    ...shown.filter(({ action }) => action === 'delete').flatMap(changeLines),
    ...refusalLines(plan),
    ...shown.filter(({ action }) => action !== 'delete' && action !== 'refused').flatMap(changeLines),
  ];
  for (const { name, scope, key } of plan.orphans) {
    lines.push(visible(`? ${name} (${scope}): its definition "${key}" was removed. It is kept, unless you apply with --prune`));
  }
  lines.push(...plan.notes.map((note) => visible(`* ${note}`)));
  return [...lines, ...(lines.length > 0 ? [''] : []), summaryLine(plan)];
}

/** What is refused: a reason that several changes share is written once, above their names. */
export function refusalLines({ changes }: Pick<Plan, 'changes'>): string[] {
  return refusalsIn(changes).flatMap(({ reason, changes: [first, ...more] }) => {
    if (first === undefined) return [];
    if (more.length === 0) return changeLines(first);
    const names = [first, ...more].map(({ name, scope }) => visible(`    ${name} (${scope})`));
    return [visible(`! ${names.length} refused: ${reason}`), ...names];
  });
}

/** All changes except `unchanged`, the most destructive first. */
export function worstFirst(changes: readonly PlannedChange[]): PlannedChange[] {
  return changes.filter(({ action }) => action !== 'unchanged').toSorted((a, b) => ORDER[a.action] - ORDER[b.action]);
}

/** `2 to create, 1 to update, 0 to delete, 3 unchanged, 1 refused.` */
export function summaryLine({ summary }: Pick<Plan, 'summary'>): string {
  const { create, update, delete: deleted, unchanged, refused } = summary;
  if (create + update + deleted + refused === 0) return `No changes; ${unchanged} as defined.`;
  return `${create} to create, ${update} to update, ${deleted} to delete, ${unchanged} unchanged${refused > 0 ? `, ${refused} refused` : ''}.`;
}

/** One change with its reason and its fields. Control characters are visible. */
export function changeLines(change: PlannedChange): string[] {
  const head = `${SIGN[change.action]} ${change.name} (${change.scope})`;
  if (change.action === 'delete') return [visible(`${head}: deleted`)];
  const reason = change.reason === undefined ? [] : [`    refused: ${change.reason}`];
  const fields = change.action === 'create' ? change.fields.filter(isWorthShowing) : change.fields;
  const adopted = change.adopted === undefined ? [] : [`    ${change.adopted}`];
  return [head, ...adopted, ...reason, ...fields.map((field) => `    ${fieldLine(field)}`)].map(visible);
}

/** For a new automation: the first line already has the name and the scope, and defaults are not shown. */
function isWorthShowing({ path, after }: FieldChange): boolean {
  if (path === 'name' || path.startsWith('scope.') || (path === 'enabled' && after === true)) return false;
  return after !== null && after !== '' && JSON.stringify(after) !== '{}';
}

/** `event.filter.alias.$eq: "staging" → "production"` */
export function fieldLine({ path, before, after }: FieldChange): string {
  if (before === undefined) return `${path}: ${show(after)}`;
  return `${path}: ${show(before)} → ${after === undefined ? '(removed)' : show(after)}`;
}

function show(value: JsonValue | undefined): string {
  return value === undefined ? '(nothing)' : JSON.stringify(value);
}

/**
 * A plan as JSON: `{fingerprint, summary, changes: [{action, key, name, scope, fields: [{path, before, after}]}], notes, orphans}`.
 * A missing value before or after is `null`.
 */
export function planJson(plan: Plan): object {
  return { ...plan, changes: plan.changes.map(changeJson) };
}

/** One change as JSON. What is written and where it is defined are not part of it. */
export function changeJson({ input: _input, location: _location, ...change }: PlannedChange): object {
  return { ...change, fields: change.fields.map(({ path, before, after }) => ({ path, before: before ?? null, after: after ?? null })) };
}
