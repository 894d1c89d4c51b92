import { codeSpan } from '../lib/markdown.ts';
import { visible } from '../lib/visible.ts';
import type { AppliedText } from './comment-mark.ts';
import type { PlannedChange } from './plan.ts';
import { utcTime } from './plan-comment.ts';

/** What became of one planned change. */
export interface AppliedOutcome {
  readonly change: PlannedChange;
  readonly outcome: 'done' | 'failed' | 'left';
  readonly why?: string;
}

/** What `apply` did. */
export interface AppliedCounts {
  readonly created: number;
  readonly updated: number;
  readonly deleted: number;
  readonly failed: number;
  /** Not tried. */
  readonly left: number;
  readonly refused: number;
}

export function appliedCounts(applied: readonly AppliedOutcome[], refused: number): AppliedCounts {
  const done = (action: PlannedChange['action']) =>
    applied.filter(({ outcome, change }) => outcome === 'done' && change.action === action).length;
  const count = (outcome: AppliedOutcome['outcome']) => applied.filter((one) => one.outcome === outcome).length;
  return {
    created: done('create'),
    updated: done('update'),
    deleted: done('delete'),
    failed: count('failed'),
    left: count('left'),
    refused,
  };
}

/** `2 created, 1 updated, 0 deleted, 1 failed, 1 left` */
export function appliedWords({ created, updated, deleted, failed, left, refused }: AppliedCounts): string {
  const rest = [
    [failed, 'failed'],
    [left, 'left'],
    [refused, 'refused'],
  ] as const;
  const more = rest.filter(([count]) => count > 0).map(([count, word]) => `, ${count} ${word}`);
  return `${created} created, ${updated} updated, ${deleted} deleted${more.join('')}`;
}

const WORDS = { create: 'created', update: 'updated', delete: 'deleted', unchanged: 'unchanged', refused: 'refused' } as const;

/** `created: one (project train)`, `failed to update: two (project train): why` */
export function outcomeLine({ change, outcome, why }: AppliedOutcome): string {
  const because = outcome === 'done' ? change.because : undefined;
  const what = [`${change.name} (${change.scope})`, why ?? because].filter((text) => text !== undefined).join(': ');
  if (outcome === 'done') return `${WORDS[change.action]}: ${what}`;
  return `${outcome === 'failed' ? `failed to ${change.action}` : `left, not ${WORDS[change.action]}`}: ${what}`;
}

/** The end of the comment with the plan. */
export function appliedText(
  applied: readonly AppliedOutcome[],
  refused: readonly PlannedChange[],
  { runUrl, now }: { readonly runUrl: string; readonly now: number },
): AppliedText {
  const counts = appliedCounts(applied, refused.length);
  const isWhole = counts.failed + counts.left + counts.refused === 0;
  const isNothing = counts.created + counts.updated + counts.deleted === 0;
  const verb = isWhole ? '**applied**' : isNothing ? '**not applied**' : '**applied in part**';
  return {
    line: `${verb} by [run](${runUrl}) at ${utcTime(now)}: ${appliedWords(counts)}`,
    details: [...applied.filter(({ outcome }) => outcome !== 'done').map(outcomeLine), ...refusedLines(refused)].map(
      (line) => `- ${codeSpan(visible(line).slice(0, 500))}`,
    ),
  };
}

/** One line for one reason, so that one cause is reported once. */
function refusedLines(refused: readonly PlannedChange[]): string[] {
  const reasons = new Set(refused.map(({ reason }) => reason ?? ''));
  return [...reasons].map((reason) => {
    const found = refused.filter((change) => (change.reason ?? '') === reason).map(({ name, scope }) => `${name} (${scope})`);
    const [only = ''] = found;
    return found.length === 1 ? `refused: ${only}: ${reason}` : `${found.length} refused: ${reason}: ${found.join(', ')}`;
  });
}

/** What `apply` did as a step summary of at most `limit` bytes. */
export function appliedMarkdown(
  applied: readonly AppliedOutcome[],
  refused: readonly PlannedChange[],
  page: {
    readonly namespace: string;
    readonly runUrl: string;
    readonly now: number;
    readonly limit: number;
    readonly integrations: readonly string[];
  },
): string {
  const { line, details } = appliedText(applied, refused, page);
  const done = applied.filter(({ outcome }) => outcome === 'done').map((one) => `- ${codeSpan(visible(outcomeLine(one)).slice(0, 500))}`);
  const made = page.integrations.map((name) => `- ${codeSpan(`created the webhook integration ${name}`)}`);
  const lines = [...details, ...made, ...done];
  const head = [`### W&B automations · ${codeSpan(page.namespace)}: ${line}`, ''];
  let size = Buffer.byteLength(head.join('\n')) + 100;
  const shown: string[] = [];
  for (const text of lines) {
    size += Buffer.byteLength(text) + 1;
    if (size > page.limit) break;
    shown.push(text);
  }
  const left = lines.length - shown.length;
  return [...head, ...shown, ...(left === 0 ? [] : ['', `${left} more: see the log.`])].join('\n');
}
