import { codeBlock, fenceFor } from '../lib/markdown.ts';
import { visible } from '../lib/visible.ts';
import type { Plan } from './plan.ts';
import { changeLines, summaryLine, worstFirst } from './plan-report.ts';

/** GitHub's limits: 65,536 characters in a comment, 1 MiB in a step summary. Both are kept in bytes of UTF-8, never fewer than characters. */
export const COMMENT_LIMIT = 65_536;
export const SUMMARY_LIMIT = 1_048_576;

/** The first line of the plan comment. The comment of a later run is found by it. */
export function commentMark(workingDirectory: string): string {
  return `<!-- wandb-relay plan ${workingDirectory.replace(/[^\w./-]/g, '_')} -->`;
}

/**
 * A plan as Markdown of at most `limit` bytes, the most destructive changes first. Changes that do not fit are counted.
 *
 * @param rest where to read the whole plan, if it does not fit
 */
export function planMarkdown(plan: Plan, options: { readonly mark: string; readonly limit: number; readonly rest: string }): string {
  const head = [options.mark, '### W&B automations', '', summaryLine(plan), ''];
  const tail = ['', `Fingerprint: \`${plan.fingerprint}\``];
  const orphans = plan.orphans.map(({ name, scope }) =>
    visible(`? ${name} (${scope}): its definition was removed. It is kept, unless prune is set`),
  );
  const blocks = [
    ...worstFirst(plan.changes).map((change) => changeLines(change).join('\n')),
    ...orphans,
    ...plan.notes.map((note) => visible(`* ${note}`)),
  ];
  if (blocks.length === 0) return [...head, ...tail].join('\n');
  const fence = fenceFor(blocks);
  const frame = (body: string[], note: string[]) => [...head, ...codeBlock(body, 'diff', fence), ...note, ...tail].join('\n');
  const whole = frame(blocks, []);
  if (Buffer.byteLength(whole) <= options.limit) return whole;
  const shown: string[] = [];
  const note = (left: number) => [`${left} of ${blocks.length} changes do not fit here: ${options.rest}`];
  let size = Buffer.byteLength(frame([], note(blocks.length)));
  for (const block of blocks) {
    const more = Buffer.byteLength(block) + 1;
    if (size + more > options.limit) break;
    shown.push(block);
    size += more;
  }
  return frame(shown, note(blocks.length - shown.length));
}
