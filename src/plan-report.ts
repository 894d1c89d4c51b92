import type { JsonValue } from './json.ts';
import type { Plan, PlannedChange } from './plan.ts';
import type { FieldChange } from './trigger-state.ts';

/** A plan for people. Pure text: the terminal, the pull request and the step summary show the same. */

const SIGN = { create: '+', update: '~', delete: '-', refused: '!', unchanged: ' ' } as const;

/** What is destroyed first, then what is refused, then what changes. */
const ORDER = { delete: 0, refused: 1, update: 2, create: 3, unchanged: 4 } as const;

export function planLines(plan: Plan): string[] {
  const shown = worstFirst(plan.changes);
  const lines = shown.flatMap(changeLines);
  for (const { name, scope, key } of plan.orphans) {
    lines.push(`? ${name} (${scope}): its definition "${key}" is gone; it stays, unless you apply with --prune`);
  }
  return [...lines, ...(lines.length > 0 ? [''] : []), summaryLine(plan)];
}

/** Everything that is not as it should be, the most destructive first. */
export function worstFirst(changes: readonly PlannedChange[]): PlannedChange[] {
  return changes.filter(({ action }) => action !== 'unchanged').toSorted((a, b) => ORDER[a.action] - ORDER[b.action]);
}

export function summaryLine({ summary }: Pick<Plan, 'summary'>): string {
  const { create, update, delete: deleted, unchanged, refused } = summary;
  if (create + update + deleted + refused === 0) return `No changes; ${unchanged} as defined.`;
  return `${create} to create, ${update} to update, ${deleted} to delete, ${unchanged} unchanged${refused > 0 ? `, ${refused} refused` : ''}.`;
}

export function changeLines(change: PlannedChange): string[] {
  const head = `${SIGN[change.action]} ${change.name} (${change.scope})`;
  if (change.action === 'delete') return [`${head}: deleted`];
  const reason = change.reason === undefined ? [] : [`    refused: ${change.reason}`];
  const fields = change.action === 'create' ? change.fields.flatMap(flatten) : change.fields;
  return [head, ...reason, ...fields.map((field) => `    ${fieldLine(field)}`)];
}

/** `event.filter.alias.$eq: "staging" → "production"` */
export function fieldLine({ path, before, after }: FieldChange): string {
  if (before === undefined) return `${path}: ${show(after)}`;
  return `${path}: ${show(before)} → ${after === undefined ? '(gone)' : show(after)}`;
}

/** What is created is shown field by field, leaving out what is nothing. */
function flatten({ path, after }: FieldChange): FieldChange[] {
  if (typeof after !== 'object' || after === null || Array.isArray(after)) {
    return after === null || after === undefined ? [] : [{ path, before: undefined, after }];
  }
  return Object.entries(after).flatMap(([key, value]) =>
    flatten({ path: path === '' ? key : `${path}.${key}`, before: undefined, after: value }),
  );
}

function show(value: JsonValue | undefined): string {
  return value === undefined ? '(nothing)' : JSON.stringify(value);
}
