import type { RelayEvent } from '../../src/event/event.ts';
import { promotionOf } from '../../src/event/promotion.ts';
import { isDispatch } from '../../src/route/target.ts';
import { shownState } from '../shown-state.ts';
import type { ApprovalView } from '../store/approvals.ts';
import type { DeliveryView, EventView } from '../store/delivery.ts';
import type { AliasView, PromotionView } from '../store/ledger.ts';
import { approveAndReject, votesWords } from './act-buttons.ts';
import { ACTIONS, encodeDecision, encodeDispatchAgain } from './actions.ts';
import { type Accessory, button, type KnownBlock, linkButton, section } from './blocks.ts';
import { endedBadly, plainTarget, runLink, stateLine, targetWords, wentWrong } from './delivery-words.ts';
import { bold, channelName, mention, mrkdwnName, slackDate } from './mrkdwn.ts';
import { Mentions } from './people.ts';
import { sayBold, sentenceOf, subjectWords } from './sentence.ts';
import { isStop } from './stop-words.ts';

/** Rows of App Home and of what commands answer: one thing each, with at most one button beside it. Pure. */

export interface RowContext {
  /** `https://github.com`, or the web address of a GitHub Enterprise Server. */
  readonly githubUrl: string;
  /** Slack user id by W&B user name. */
  readonly slackUsers: Readonly<Record<string, string>>;
}

/** An undecided approval, with what it is about. */
export interface WaitingApproval {
  readonly approval: ApprovalView;
  /** Missing when it is no longer kept. */
  readonly event: EventView | undefined;
  readonly held: readonly DeliveryView[];
  /** Whether the reader may approve it. */
  readonly mayApprove: boolean;
}

/** A delivery with its event, which is missing when it is no longer kept. */
export interface ListedDelivery {
  readonly delivery: DeliveryView;
  readonly event: EventView | undefined;
}

/** Dispatches that are named one by one in a row. */
const MOST_NAMED = 3;

/** `resnet50 v12 → production`, or the sentence that says what happened. */
export function changeLine(event: RelayEvent | undefined, eventId: string): string {
  if (event === undefined) return `event ${mrkdwnName(eventId, 60)}`;
  const promotion = promotionOf(event);
  return promotion === undefined ? sentenceOf(event, sayBold) : `${subjectWords(event, sayBold)} → ${bold(promotion.alias)}`;
}

/** A W&B user: mentioned, where the config says who that is in Slack. */
export function personWords(name: string, slackUsers: Readonly<Record<string, string>>): string {
  const wanted = name.toLowerCase();
  const id = Object.entries(slackUsers).find(([wandb]) => wandb.toLowerCase() === wanted)?.[1];
  return id === undefined ? new Mentions({}).decider(name) : mention(id);
}

/** What is asked: the change, what would start, until when, and why nobody was asked where that is so. */
export function approvalText({ approval, event, held }: WaitingApproval, { githubUrl, slackUsers }: RowContext): string {
  const author = event?.event.author;
  const by = author === undefined ? '' : ` by ${personWords(author, slackUsers)}`;
  const workflows = held.filter((delivery) => !isStop(delivery));
  const starts = workflows.slice(0, MOST_NAMED).map((delivery) => targetWords(delivery, githubUrl));
  const more = workflows.length > starts.length ? ` and ${workflows.length - starts.length} more` : '';
  const stops = workflows.length < held.length ? 'stops the run; ' : '';
  const lines = [
    `:raised_hand: ${changeLine(event?.event, approval.eventId)}${by}, until ${slackDate(approval.expiresAt)}`,
    `${starts.length === 0 ? '' : `starts ${starts.join(', ')}${more}; `}${stops}route ${mrkdwnName(approval.route, 60)}, asked in ${channelName(approval.channel)}`,
  ];
  const votes = votesWords(approval, new Mentions(slackUsers));
  if (votes !== '') lines.push(votes);
  if (approval.notAsked !== undefined) {
    lines.push(`:warning: It could not be asked in ${channelName(approval.channel)}: ${mrkdwnName(approval.notAsked, 200)}`);
  }
  return lines.join('\n');
}

/** The two buttons of a question, as in the message that asks it. */
export function decisionElements({ approval, event, held }: WaitingApproval): (Accessory | undefined)[] {
  return event === undefined ? [] : approveAndReject({ source: event.event.source, approval, held }).elements;
}

/** A row that leads to the question. */
export function approvalRow(waiting: WaitingApproval, context: RowContext): KnownBlock {
  const { approval, event } = waiting;
  const review =
    event === undefined
      ? undefined
      : button({
          action: ACTIONS.review,
          text: 'Review',
          value: encodeDecision({ source: event.event.source, eventId: approval.eventId, route: approval.route }),
        });
  return section(approvalText(waiting, context), { accessory: review });
}

/** What became of a delivery, with the one button that leads on. */
export function deliveryRow({ delivery, event }: ListedDelivery, context: RowContext, mayOperate: boolean): KnownBlock {
  const by = event?.event.author;
  const who = by === undefined ? '' : ` by ${personWords(by, context.slackUsers)}`;
  const text = [
    `${changeLine(event?.event, delivery.eventId)}${who}: ${targetWords(delivery, context.githubUrl)}`,
    `${stateLine(delivery)}, ${slackDate(delivery.updatedAt)}`,
  ];
  return section(text.join('\n'), { accessory: rowButton({ delivery, event }, mayOperate) });
}

function rowButton({ delivery, event }: ListedDelivery, mayOperate: boolean): Accessory | undefined {
  const { request, run, runUrl, id, updatedAt, state, eventId, route } = delivery;
  const source = event?.event.source;
  if (state === 'held' && source !== undefined) {
    return button({ action: ACTIONS.review, text: 'Review', value: encodeDecision({ source, eventId, route }) });
  }
  if (state === 'dead' && mayOperate && source !== undefined && request !== null && isDispatch(request)) {
    const confirm = {
      title: 'Dispatch again?',
      text: `This sends it again: ${plainTarget(delivery)}`,
      confirm: 'Dispatch again',
      deny: 'Not now',
    };
    const value = encodeDispatchAgain({ source, deliveryId: id, updatedAt });
    return button({ action: ACTIONS.dispatchAgain, text: 'Dispatch again', value, confirm });
  }
  return linkButton(ACTIONS.openRun, 'Open the run', run?.url ?? runUrl);
}

/** `text` for a delivery where there are no blocks. */
export function deliveryLine({ delivery, event }: ListedDelivery): string {
  const reason = delivery.reason === null ? '' : ` (${mrkdwnName(delivery.reason, 150)})`;
  return `\`${mrkdwnName(delivery.id, 60)}\` *${wentWrong(delivery) ? 'failed' : shownState(delivery)}* ${changeLine(event?.event, delivery.eventId)}${reason}`;
}

/** The collection and its alias. */
export function aliasName({ collection, alias, source }: AliasView): string {
  return `${bold(collection)} ${mrkdwnName(alias, 60)}${source === 'default' ? '' : ` (${mrkdwnName(source, 60)})`}`;
}

/** Which version has the alias, since when and by whom; and which one is deployed, where that is another one. */
export function aliasState({ holder, deployed }: AliasView, { slackUsers }: Pick<RowContext, 'slackUsers'>): string {
  if (holder.version === null) return `no version since ${slackDate(holder.since)}${serves(deployed)}`;
  const version = mrkdwnName(holder.version, 40);
  if (holder.run !== null && holder.run.conclusion !== 'success') {
    const word = endedBadly({ status: 'completed', conclusion: holder.run.conclusion })
      ? 'failed'
      : `ended as ${mrkdwnName(holder.run.conclusion, 40)}`;
    return `:x: ${version} ${word}${serves(deployed) === '' ? ', nothing is deployed' : serves(deployed)}`;
  }
  if (deployed !== null && deployed.version !== holder.version && wasDeployedBefore(holder, deployed))
    return `:rewind: ${mrkdwnName(deployed.version ?? '', 40)} is deployed again; ${version} has the alias`;
  if (deployed !== null && deployed.version !== holder.version) return `${version} is not deployed yet${serves(deployed)}`;
  const by = holder.by === null ? '' : ` by ${personWords(holder.by, slackUsers)}`;
  return `${deployed === null ? '' : ':white_check_mark: '}${version} since ${slackDate(holder.since)}${by}`;
}

/** The holder had been deployed, and then an older version was: somebody rolled back. */
function wasDeployedBefore(holder: PromotionView, deployed: PromotionView): boolean {
  return holder.deployedAt !== null && deployed.deployedAt !== null && holder.deployedAt < deployed.deployedAt;
}

function serves(deployed: PromotionView | null): string {
  return deployed?.version == null ? '' : `, ${mrkdwnName(deployed.version, 40)} is still deployed`;
}

/** Everything that is known of one alias. */
export function aliasRow(view: AliasView, context: RowContext): KnownBlock {
  const { holder } = view;
  const place =
    view.registry === null
      ? [view.entity, view.project].filter((part) => part !== null).map((part) => mrkdwnName(part, 60))
      : [`registry ${mrkdwnName(view.registry, 60)}`];
  const replaced = holder.replaced === null ? [] : [`replaced ${mrkdwnName(holder.replaced.version, 40)}`];
  const run = holder.run === null ? [] : [runLink({ url: holder.run.url, attempt: 1 })];
  const origin = holder.origin === 'api' ? ["from W&amp;B's API"] : [];
  const details = [...replaced, ...(place.length === 0 ? [] : [place.join('/')]), ...run, ...origin];
  const text = `${aliasName(view)}: ${aliasState(view, context)}${details.length === 0 ? '' : `\n${details.join(' · ')}`}`;
  return section(text, { accessory: linkButton(ACTIONS.openRun, 'Open the run', holder.run?.url) });
}
