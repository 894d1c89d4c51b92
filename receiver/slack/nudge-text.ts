import type { Nudge, NudgeFollowUps } from '../store/approvals.ts';
import { mention, mrkdwnName, slackDate } from './mrkdwn.ts';
import { sayBold, sentenceOf } from './sentence.ts';

/** Reminders of an approval, and that others are asked as well: replies below the question. */

/** People who are mentioned; there are rarely more. */
const MOST_MENTIONED = 20;

export function nudgeReplies({ newId }: { readonly newId: () => string }): NudgeFollowUps {
  return (nudge) =>
    nudge.conversations.map(({ key, channel }) => ({
      id: newId(),
      route: nudge.approval.route,
      target: `slack:${channel}`,
      credential: `slack:${channel}`,
      orderKey: key,
      replacesOlder: false,
      state: 'pending',
      request: { kind: 'slack_reply', conversation: key, text: nudgeText(nudge) },
      // Muting never stops what people are asked.
      conversation: { key, channel, canMute: false },
    }));
}

/** One line in mrkdwn. Those who have approved already are not mentioned. */
export function nudgeText({ kind, approval, event }: Pick<Nudge, 'kind' | 'approval' | 'event'>): string {
  const { by, votes = [], approvals: needed = 1, escalate, expiresAt, expiresMs } = approval;
  const what = `*Approval is still needed*: ${sentenceOf(event, sayBold)}`;
  const given = needed === 1 ? '' : `${votes.length} of ${needed} approvals, `;
  const details = `(${given}route ${mrkdwnName(approval.route)})`;
  if (kind === 'escalate') {
    const who = escalate === undefined ? '' : `${mention(escalate.to)} `;
    return `:raised_hand: ${who}${what} ${details}, since ${slackDate(expiresAt - expiresMs)}. You may decide, too. It expires ${slackDate(expiresAt)}.`;
  }
  const voted = new Set(votes.flatMap(({ persons }) => persons.map((name) => name.toLowerCase())));
  const silent = (by ?? []).filter((id) => !voted.has(id.toLowerCase()));
  const named = silent.slice(0, MOST_MENTIONED).map(mention).join(' ');
  return `:alarm_clock: ${named === '' ? '' : `${named} `}${what} ${details}. It expires ${slackDate(expiresAt)}, and then nothing is sent.`;
}
