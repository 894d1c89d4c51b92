import type { Plan } from './plan.ts';
import { changeLines, summaryLine, worstFirst } from './plan-report.ts';

/** GitHub's limits: a comment has 65,536 characters, a step summary 1 MiB. */
export const COMMENT_LIMIT = 65_536;
export const SUMMARY_LIMIT = 1_048_576;

/** By this the comment is found again. */
export function commentMark(workingDirectory: string): string {
  return `<!-- wandb-relay plan ${workingDirectory.replace(/[^\w./-]/g, '_')} -->`;
}

/**
 * A plan as Markdown, the most destructive first, at most `limit` characters: what does not fit is counted.
 *
 * @param rest where the whole plan can be read, for when it does not fit
 */
export function planMarkdown(plan: Plan, options: { readonly mark: string; readonly limit: number; readonly rest: string }): string {
  const head = [options.mark, '### W&B automations', '', summaryLine(plan), ''];
  const tail = ['', `Fingerprint: \`${plan.fingerprint}\``];
  const orphans = plan.orphans.map(({ name, scope }) => `? ${name} (${scope}): its definition is gone; it stays, unless prune is set`);
  const blocks = [...worstFirst(plan.changes).map((change) => changeLines(change).join('\n')), ...orphans];
  if (blocks.length === 0) return [...head, ...tail].join('\n');
  // A plan may hold anything that a name may hold: a fence that is longer than any in it cannot be closed by it.
  const fence = '`'.repeat(Math.max(3, longestRun(blocks.join('\n')) + 1));
  const frame = (body: string[], note: string[]) => [...head, `${fence}diff`, ...body, fence, ...note, ...tail].join('\n');
  const whole = frame(blocks, []);
  if (whole.length <= options.limit) return whole;
  const shown: string[] = [];
  const note = (left: number) => [`${left} of ${blocks.length} changes do not fit here: ${options.rest}`];
  let size = frame([], note(blocks.length)).length;
  for (const block of blocks) {
    if (size + block.length + 1 > options.limit) break;
    shown.push(block);
    size += block.length + 1;
  }
  return frame(shown, note(blocks.length - shown.length));
}

function longestRun(text: string): number {
  return Math.max(0, ...[...text.matchAll(/`+/g)].map((found) => found[0].length));
}
