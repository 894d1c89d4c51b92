import { escapeMrkdwn } from '../../src/lib/mrkdwn.ts';
import { compose, context, type KnownBlock, mrkdwn, SLACK_LIMITS, section } from './blocks.ts';

/** Slack cuts far longer texts, but asks to stay below this (Slack, "chat.postMessage": 4,000 characters). */
const MAX_TEXT = 3_900;
const MAX_CELL = 150;
const MOST_ROWS = 15;
const SEE_ALL = 'Run `wandb-relay` on the command line to see all.';
/** Below Slack's limit for a section. */
const MAX_SECTION = SLACK_LIMITS.sectionText - 100;

/** One value among others: on one line, not too long, harmless. */
export function cell(text: string, limit = MAX_CELL): string {
  const line = text.replace(/[\p{Cc}\u2028\u2029]+/gu, ' ');
  const letters = [...line];
  return escapeMrkdwn(letters.length > limit ? `${letters.slice(0, limit - 1).join('')}…` : line);
}

/** Cuts whole lines, never inside an escape or a date. */
export function capped(text: string): string {
  if (text.length <= MAX_TEXT) return text;
  const lines = text.split('\n');
  const kept: string[] = [];
  let length = 0;
  for (const line of lines) {
    length += line.length + 1;
    if (length > MAX_TEXT - 100) break;
    kept.push(line);
  }
  const left = lines.length - kept.length;
  return [...kept, `… and ${left} more line${left === 1 ? '' : 's'}. Run \`wandb-relay\` on the command line to see all of it.`].join('\n');
}

/** Lines as sections, as many as fit into each: for answers that have no rows. */
export function sectionsOf(text: string): KnownBlock[] {
  const sections: string[] = [];
  for (const line of text.split('\n')) {
    const last = sections.at(-1);
    if (last === undefined || last.length + line.length + 1 > MAX_SECTION) sections.push(line);
    else sections[sections.length - 1] = `${last}\n${line}`;
  }
  return sections.map((part) => section(part));
}

/** Rows below a title, as many as a message takes. */
export function listBlocks(title: string, rows: readonly KnownBlock[]): KnownBlock[] {
  const shown = rows.slice(0, MOST_ROWS);
  const left = rows.length - shown.length;
  const parts = [
    { rank: 0, blocks: context(`*${title}*`) },
    ...shown.map((row, index) => ({ rank: 1 + index, blocks: [row] })),
    { rank: 0, blocks: left === 0 ? [] : context(`and ${left} more. ${SEE_ALL}`) },
  ];
  return compose(parts, {
    blocks: SLACK_LIMITS.messageBlocks,
    leftOut: { type: 'context', elements: [mrkdwn(`Not all fits here. ${SEE_ALL}`)] },
  });
}
