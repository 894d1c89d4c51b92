import { visible } from './visible.ts';

/**
 * Text from outside as a Markdown code span, in which GitHub interprets nothing. A backslash would not stop a mention, an
 * issue number or a bare address, because GitHub renders these after Markdown.
 */
export function codeSpan(text: string): string {
  const line = visible(text);
  const fence = '`'.repeat(longestRun(line) + 1);
  // CommonMark removes one space at each end ("Code spans").
  return `${fence} ${line} ${fence}`;
}

/** A code block. No line can close it if `fence` was made for these lines. */
export function codeBlock(lines: readonly string[], language: string, fence: string = fenceFor(lines)): string[] {
  return [`${fence}${language}`, ...lines, fence];
}

/** A fence that is longer than any run of backticks in the lines. */
export function fenceFor(lines: readonly string[]): string {
  return '`'.repeat(Math.max(3, longestRun(lines.join('\n')) + 1));
}

function longestRun(text: string): number {
  return Math.max(0, ...Array.from(text.matchAll(/`+/g), ([run]) => run.length));
}

/** Text from outside as HTML code, for places where GitHub reads HTML and not Markdown, such as a summary of details. */
export function htmlCode(text: string): string {
  return `<code>${escapeHtml(visible(text))}</code>`;
}

/** For text and for attributes in double quotes. */
export function escapeHtml(text: string): string {
  const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };
  return text.replace(/[&<>"']/g, (character) => entities[character] ?? character);
}
