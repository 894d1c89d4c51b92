import type { SourceLocation } from '../lib/diagnostic.ts';
import { codeBlock, escapeHtml, htmlCode } from '../lib/markdown.ts';
import { FAILURES_EXPLAINED, failureDetails, failureSummary, testCounts } from './failure-text.ts';
import type { RuleTestResult } from './run-rule-tests.ts';

/** So many failures are listed at all. */
const FAILURES_LISTED = 30;
/** Characters of a name or a summary. */
const TEXT_ROOM = 300;

/**
 * The tests of a config as a part of the comment with the plan: how many passed; of failures each what fired, what was expected,
 * and why. Empty without tests.
 *
 * @param lineUrl the page of a line of the config
 */
export function testsMarkdown(results: readonly RuleTestResult[], lineUrl: (location: SourceLocation) => string | undefined): string[] {
  const counts = testCounts(results);
  if (counts === undefined) return [];
  const failed = results.filter(({ passed }) => !passed);
  if (failed.length === 0) return [`✅ ${counts}`, ''];
  const left = failed.length - FAILURES_LISTED;
  return [
    '> [!CAUTION]',
    `> ${counts}: an automation does not fire when its test says so.`,
    '',
    ...failed.slice(0, FAILURES_LISTED).flatMap((result, i) => failureMarkdown(result, lineUrl, i < FAILURES_EXPLAINED)),
    ...(left > 0 ? [`${left} more failures: see the log.`, ''] : []),
  ];
}

function failureMarkdown(
  result: RuleTestResult,
  lineUrl: (location: SourceLocation) => string | undefined,
  isExplained: boolean,
): string[] {
  const { test, automation } = result;
  const url = lineUrl(test.location);
  const line = `line ${test.location.line}`;
  const place = url === undefined ? line : `<a href="${escapeHtml(url)}">${line}</a>`;
  const what = `${automation.name} ${failureSummary(result)}`;
  const summary = `❌ <b>${htmlCode(short(test.name))}</b> · ${htmlCode(short(what))} · ${place}`;
  if (!isExplained) return [summary, ''];
  return [`<details open><summary>${summary}</summary>`, '', ...codeBlock(failureDetails(result), 'text'), '', '</details>', ''];
}

function short(text: string): string {
  return text.length <= TEXT_ROOM ? text : `${text.slice(0, TEXT_ROOM)}…`;
}
