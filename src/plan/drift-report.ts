import { visible } from '../lib/visible.ts';
import { type DriftedChange, isDrift, type Unmanaged } from './drift.ts';
import { fieldsJson } from './plan-json.ts';
import { diffText, lineOf } from './plan-parts.ts';

/** Drift for a terminal, a log, a step summary or an issue, and as JSON. */

export interface DriftFound {
  readonly drift: readonly DriftedChange[];
  /** `undefined`: nobody asked. */
  readonly unmanaged: readonly Unmanaged[] | undefined;
}

export interface DriftSection {
  readonly title: string;
  readonly lines: readonly string[];
}

/** One section for each kind that there is, drift first. */
export function driftSections({ drift, unmanaged = [] }: DriftFound): DriftSection[] {
  const of = (kind: DriftedChange['kind']) => drift.filter((one) => one.kind === kind).flatMap(driftLines);
  const sections = [
    { title: 'Changed in W&B since it was applied:', lines: of('changed') },
    { title: 'Missing in W&B (deleted there, or defined here and not applied yet):', lines: of('missing') },
    { title: 'Not drift, but definitions that are not applied yet:', lines: of('not_applied') },
    { title: 'Not managed here:', lines: unmanaged.map(unmanagedLine) },
  ];
  return sections.filter(({ lines }) => lines.length > 0);
}

/** `2 drifted (1 changed in W&B, 1 missing in W&B); 3 not applied yet.` */
export function driftSummary({ drift, unmanaged }: DriftFound): string {
  const count = (kind: DriftedChange['kind']) => drift.filter((one) => one.kind === kind).length;
  const drifted = drift.filter(isDrift).length;
  const kinds = drifted === 0 ? 'No drift' : `${drifted} drifted (${count('changed')} changed in W&B, ${count('missing')} missing in W&B)`;
  const pending = count('not_applied') === 0 ? '' : `; ${count('not_applied')} not applied yet`;
  return `${kinds}${pending}${unmanaged === undefined ? '' : `; ${unmanaged.length} not managed here`}.`;
}

function driftLines({ kind, change, fields, isRedefined }: DriftedChange): string[] {
  const head = `${kind === 'missing' || change.action === 'create' ? '-' : '~'} ${change.name} (${change.scope})`;
  if (kind === 'missing') return [visible(head)];
  if (kind === 'not_applied') return [visible(`${head}: ${pendingWords(change.action)}`)];
  const reason = change.reason === undefined ? [] : [change.reason];
  const redefined = isRedefined ? ['its definition has changed, too: apply writes the definition'] : [];
  return [
    visible(head),
    ...[...reason, ...fields.map((field) => diffText(lineOf(field))), ...redefined].map((line) => `    ${visible(line)}`),
  ];
}

function pendingWords(action: DriftedChange['change']['action']): string {
  switch (action) {
    case 'create':
      return 'new';
    case 'delete':
      return 'its definition was removed';
    case 'refused':
      return 'refused';
    default:
      return 'its definition has changed';
  }
}

function unmanagedLine({ name, scope, owner }: Unmanaged): string {
  return visible(`? ${name} (${scope})${owner === undefined ? '' : `: managed by ${owner}`}`);
}

/** Everything that was found, with the counts of each kind. A missing value before or after is `null`. */
export function driftJson({ drift, unmanaged }: DriftFound, namespace: string): object {
  const count = (kind: DriftedChange['kind']) => drift.filter((one) => one.kind === kind).length;
  return {
    namespace,
    summary: {
      changed: count('changed'),
      missing: count('missing'),
      not_applied: count('not_applied'),
      ...(unmanaged === undefined ? {} : { unmanaged: unmanaged.length }),
    },
    drift: drift.map(({ kind, isRedefined, change, fields }) => ({
      kind,
      redefined: isRedefined,
      action: change.action,
      key: change.key,
      name: change.name,
      scope: change.scope,
      fields: fieldsJson(fields),
      ...(change.reason === undefined ? {} : { reason: change.reason }),
    })),
    ...(unmanaged === undefined ? {} : { unmanaged }),
  };
}
