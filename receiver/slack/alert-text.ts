import { escapeMrkdwn } from '../../src/lib/mrkdwn.ts';
import type { Alert } from '../../src/route/alert.ts';
import type { SlackReply } from '../../src/route/target.ts';

/** What a reply says that an older version stored, in mrkdwn: with its text, or without what its alert is about. */
export function olderReplyText(reply: SlackReply): string {
  return 'alert' in reply ? alertText(reply.alert) : reply.text;
}

/** One line of mrkdwn that mentions nobody. */
function alertText({ problem, target, route, reason }: Alert): string {
  const where = `*${oneLine(target.slice(target.indexOf(':') + 1))}*`;
  if (problem === 'not_dispatched') return `:x: ${where} was not dispatched (route ${oneLine(route)}): ${oneLine(reason)}`;
  return `:warning: ${where} (route ${oneLine(route)}): ${oneLine(reason)}`;
}

/** Longest text of others in an alert, in characters; the delivery's log has all of it. */
const ALERT_TEXT_LENGTH = 500;
/** Line breaks, and what reorders the text around it (Unicode, UAX #9). */
const NOT_IN_A_LINE = /[\p{Cc}\u2028\u2029\u202A-\u202E\u2066-\u2069]+/gu;

function oneLine(text: string): string {
  const clean = text.toWellFormed().replaceAll(NOT_IN_A_LINE, ' ').trim();
  if (clean.length <= ALERT_TEXT_LENGTH) return escapeMrkdwn(clean);
  return `${escapeMrkdwn(clean.slice(0, ALERT_TEXT_LENGTH - 1).replace(/[\uD800-\uDBFF]$/, ''))}…`;
}
