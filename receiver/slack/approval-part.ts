import { escapeMrkdwn } from '../../src/lib/mrkdwn.ts';
import type { DeliveryView } from '../store/delivery.ts';
import type { ApprovalView, ConversationEvent } from '../store/store.ts';
import { decisionButtons, reasonWords, votesWords } from './act-buttons.ts';
import { context, type Part, section } from './blocks.ts';
import { inputWords, targetWords } from './delivery-words.ts';
import { bold, channelName, fitMrkdwn, mention, mrkdwnName, slackDate } from './mrkdwn.ts';
import { sayBold, sentenceOf } from './sentence.ts';

/** Dispatches that are listed one by one in a question; there are rarely more. */
const MOST_LISTED = 5;
/** Characters. A question of this length and its buttons always fit in a message. */
const QUESTION_LIMIT = 1000;
/** People who are mentioned in a question. */
const MOST_MENTIONED = 5;

/** An undecided approval with the deliveries that it holds. */
export interface OpenQuestion {
  readonly from: ConversationEvent;
  readonly approval: ApprovalView;
  readonly held: readonly DeliveryView[];
}

/** The undecided approvals of an event that still hold deliveries. */
export function openQuestions(from: ConversationEvent): OpenQuestion[] {
  return from.approvals
    .filter((approval) => approval.decision === null)
    .map((approval) => ({ from, approval, held: heldBy(approval, from) }))
    .filter(({ held }) => held.length > 0);
}

/**
 * Asks for a decision. Only the approval's channel gets the buttons; elsewhere the question names that channel.
 *
 * @param earlier the question comes from an earlier event than the one that the message is about
 */
export function questionPart(
  question: OpenQuestion,
  options: { channel: string; githubUrl: string; interactive: boolean; earlier: boolean; rank: number },
): Part {
  const { from, approval, held } = question;
  const happened = options.earlier ? `From earlier (${sentenceOf(from.event.event, sayBold)}): ` : '';
  const here = approval.channel === options.channel;
  const asks = here ? 'Awaiting approval' : `Awaiting approval in ${channelName(approval.channel)}`;
  const lines = [
    `:raised_hand: ${happened}*${asks}* (route ${bold(approval.route)}). What will run:`,
    ...whatRuns(held, options.githubUrl),
  ];
  const buttons = here && options.interactive ? decisionButtons(from, approval, held) : [];
  // An extremely long route name leaves no room for the buttons; the command line always works.
  const otherwise =
    here && buttons.length === 0 ? `Approve it with \`wandb-relay approve ${escapeMrkdwn(held[0]?.id ?? '')} --as NAME\`.` : '';
  return {
    rank: options.rank,
    blocks: [
      section(fitMrkdwn(lines.join('\n'), QUESTION_LIMIT)),
      ...buttons,
      ...context(
        here && options.interactive ? whoMayDecide(approval) : '',
        votesWords(approval),
        `Expires ${slackDate(approval.expiresAt)}.`,
        otherwise,
      ),
    ],
  };
}

/** The decision about a route's held deliveries; `undefined` while there is none. */
export function decisionWords(approval: ApprovalView, from: ConversationEvent): string | undefined {
  const route = `route ${bold(approval.route)}`;
  const who = approval.decidedBy === null ? '' : ` by ${mrkdwnName(approval.decidedBy)}`;
  const when = approval.decidedAt === null ? '' : ` ${slackDate(approval.decidedAt)}`;
  const why = reasonWords(approval);
  switch (approval.decision) {
    case 'approved':
      return `:white_check_mark: *Approved*${who}${when} (${route}).${why}`;
    case 'rejected':
      return `:no_entry_sign: *Rejected*${who}${when} (${route}): nothing was sent.${why}`;
    case 'expired':
      return `:alarm_clock: *Expired*${when} (${route}): nobody approved it in time, and nothing was sent.`;
    case 'cancelled':
      return isSuperseded(approval, from)
        ? `:heavy_minus_sign: *Superseded* (${route}): a newer event replaced it before anybody decided.`
        : `:no_entry_sign: *Cancelled*${who}${when} (${route}) before anybody decided.`;
    case null:
      return undefined;
  }
}

/** Who may decide, with mentions of those that the config names. */
export function whoMayDecide({ by, allowSelf }: ApprovalView): string {
  if (by === null) return 'Anybody in this channel may decide.';
  const named = by.slice(0, MOST_MENTIONED).map(mention);
  const more = by.length > named.length ? ` and ${by.length - named.length} more` : '';
  const self = allowSelf ? '' : " The event's author may not approve it.";
  return `${named.join(', ')}${more} may decide.${self}`;
}

/** The deliveries that an approval releases. */
function heldBy({ route }: ApprovalView, { deliveries }: ConversationEvent): DeliveryView[] {
  return deliveries.filter((delivery) => delivery.route === route && delivery.state === 'held');
}

function isSuperseded({ route }: ApprovalView, { deliveries }: ConversationEvent): boolean {
  return deliveries.some((delivery) => delivery.route === route && delivery.state === 'superseded');
}

function whatRuns(held: readonly DeliveryView[], githubUrl: string): string[] {
  const lines = held.slice(0, MOST_LISTED).map((delivery) => {
    const inputs = inputWords(delivery.request);
    return `• ${targetWords(delivery, githubUrl)}${inputs === '' ? '' : ` with ${inputs}`}`;
  });
  return held.length > lines.length ? [...lines, `• and ${held.length - lines.length} more`] : lines;
}
