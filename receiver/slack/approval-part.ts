import { escapeMrkdwn } from '../../src/lib/mrkdwn.ts';
import { isSameChannel } from '../../src/route/channel.ts';
import type { ApprovalView } from '../store/approvals.ts';
import type { ConversationEvent } from '../store/conversations.ts';
import type { DeliveryView } from '../store/delivery.ts';
import { decisionButtons, reasonWords, votesWords } from './act-buttons.ts';
import { context, type Part, section } from './blocks.ts';
import { inputWords, targetWords } from './delivery-words.ts';
import { channelName, fitMrkdwn, slackDate } from './mrkdwn.ts';
import type { Mentions } from './people.ts';
import { isStop } from './stop-words.ts';

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

export interface QuestionOptions {
  /** Of the message. */
  readonly channel: string;
  readonly githubUrl: string;
  readonly interactive: boolean;
  /** What is asked, as mrkdwn, where the message's first line does not say it. */
  readonly heading?: string | undefined;
  readonly mentions: Mentions;
  readonly rank: number;
}

/** Asks for a decision: what it starts, the buttons, and who decides. Only the approval's channel gets the buttons; elsewhere the question names that channel. */
export function questionPart(question: OpenQuestion, options: QuestionOptions): Part {
  const { approval, held } = question;
  const here = isSameChannel(approval.channel, options.channel);
  const lines = [...(options.heading === undefined ? [] : [`:raised_hand: ${options.heading}`]), ...whatStarts(held, options.githubUrl)];
  const buttons = here && options.interactive ? decisionButtons(question.from, approval, held) : [];
  // An extremely long route name leaves no room for the buttons; the command line always works.
  const otherwise =
    here && buttons.length === 0 ? `Approve it with \`wandb-relay approve ${escapeMrkdwn(held[0]?.id ?? '')} --as NAME\`.` : '';
  const who = here ? (options.interactive ? whoMayDecide(approval, options.mentions) : '') : `Asked in ${channelName(approval.channel)}`;
  return {
    rank: options.rank,
    blocks: [
      section(fitMrkdwn(lines.join('\n'), QUESTION_LIMIT)),
      ...buttons,
      ...context(who, votesWords(approval, options.mentions), `until ${slackDate(approval.expiresAt)}`, otherwise),
    ],
  };
}

/**
 * The decision about a route's held deliveries, for the small print; `undefined` while there is none.
 *
 * @param isHeadline the message's first line says the decision: then only when it was taken
 */
export function decisionWords(approval: ApprovalView, isHeadline: boolean, mentions: Mentions): string | undefined {
  const { decision, decidedBy, decidedAt } = approval;
  if (decision === null) return undefined;
  const when = decidedAt === null ? '' : ` ${slackDate(decidedAt)}`;
  if (isHeadline && decision !== 'approved') return when === '' ? undefined : `${decision}${when}${reasonWords(approval)}`;
  const who = decidedBy === null ? '' : `${mentions.decider(decidedBy)} `;
  return `${who}${decision}${when}${reasonWords(approval)}`;
}

/** Who may decide, with mentions of those that the config names, each once in a message. */
export function whoMayDecide({ by, allowSelf }: ApprovalView, mentions: Mentions): string {
  if (by === null) return 'anybody in this channel decides';
  const { mentions: named, above, more } = mentions.approvers(by, MOST_MENTIONED);
  const others = [
    ...(more > 0 ? [`${more} more`] : []),
    ...(above > 0 ? [above === 1 ? 'one who is mentioned above' : `${above} who are mentioned above`] : []),
  ];
  const who = [...named, ...others];
  const all = who.length > 1 ? `${who.slice(0, -1).join(', ')} and ${who.at(-1)}` : who.join('');
  return `${all} ${by.length === 1 ? 'decides' : 'decide'}${allowSelf ? '' : ' · not the author'}`;
}

/** The deliveries that an approval releases. */
function heldBy({ route }: ApprovalView, { deliveries }: ConversationEvent): DeliveryView[] {
  return deliveries.filter((delivery) => delivery.route === route && delivery.state === 'held');
}

function whatStarts(held: readonly DeliveryView[], githubUrl: string): string[] {
  const lines = held.slice(0, MOST_LISTED).map((delivery) => {
    if (isStop(delivery)) return 'Stops the run';
    const inputs = inputWords(delivery.request);
    return `Starts ${targetWords(delivery, githubUrl)}${inputs === '' ? '' : ` with ${inputs}`}`;
  });
  return held.length > lines.length ? [...lines, `and ${held.length - lines.length} more`] : lines;
}
