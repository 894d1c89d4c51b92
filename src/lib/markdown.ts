import { visible } from './visible.ts';

/**
 * Text that anybody may have written, inside of Markdown. It goes into code, where GitHub reads nothing of it: a backslash
 * does not stop a mention, an issue's number or a bare address (GitHub renders them after Markdown), and a code span does.
 */
export function codeSpan(text: string): string {
  const line = visible(text);
  const fence = '`'.repeat(longestRun(line) + 1);
  // A space beside the fence is not shown, if both ends have one (CommonMark, "Code spans").
  return `${fence} ${line} ${fence}`;
}

/** A block of code that nothing inside of `lines` can close, as long as `fence` is made for them. */
export function codeBlock(lines: readonly string[], language: string, fence: string = fenceFor(lines)): string[] {
  return [`${fence}${language}`, ...lines, fence];
}

/** Longer than any run of backticks in the lines. */
export function fenceFor(lines: readonly string[]): string {
  return '`'.repeat(Math.max(3, longestRun(lines.join('\n')) + 1));
}

function longestRun(text: string): number {
  return Math.max(0, ...Array.from(text.matchAll(/`+/g), ([run]) => run.length));
}
