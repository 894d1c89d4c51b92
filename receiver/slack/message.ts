import { type WandbLink, wandbLinks } from '../../src/event/wandb-links.ts';
import type { RunChange } from '../store/run-change.ts';
import type { ConversationEvent, ConversationView } from '../store/store.ts';
import { decisionWords, openQuestions, questionPart, whoMayDecide } from './approval-part.ts';
import { compose, context as contextBlock, factSection, type KnownBlock, type Part, SLACK_LIMITS, section } from './blocks.ts';
import { chartParts } from './chart-part.ts';
import { compareParts, isCompared } from './compare-part.ts';
import { activeMutes, countsOf, deliveryParts, muteParts } from './delivery-part.ts';
import { endWords, plainTarget, runLink, shortState, targetWords } from './delivery-words.ts';
import { factsOf } from './facts.ts';
import { bold, channelName, fitMrkdwn, link, mrkdwnName, slackDate, templateText } from './mrkdwn.ts';
import { placeOf, type SayName, sayBold, sayPlainly, sentenceOf } from './sentence.ts';

/** What `chat.postMessage` and `chat.update` take: `text` is for notifications and screen readers, and is a whole sentence. */
export interface SlackMessage {
  readonly text: string;
  readonly blocks: KnownBlock[];
}

export interface MessageContext {
  /** `https://forge.coreweave.com/wandb`, or where else the app is; see `wandbAppUrl`. */
  readonly wandbAppUrl: string;
  /** The organization's name in W&B, for links to registries; left out: no links to registries. */
  readonly wandbOrganization?: string | undefined;
  /** `https://github.com`, or the web address of a GitHub Enterprise Server. */
  readonly githubUrl: string;
  /** Milliseconds since 1970. */
  readonly now: number;
  /** False where nothing handles button presses: then only links are shown. */
  readonly interactive?: boolean;
}

/** A route's own text: short enough that a question with its buttons always has room beside it, whatever the characters. */
const CUSTOM_TEXT_LIMIT = 1500;
/** A message's `text`: Slack asks for less than 4,000 characters; a notification shows far fewer. */
const TEXT_LIMIT = 2900;
const MOST_QUESTIONS = 5;
const MOST_EARLIER = 6;
const MOST_DECISIONS = 8;

const LEFT_OUT: KnownBlock = {
  type: 'context',
  elements: [{ type: 'mrkdwn', text: 'A message cannot hold all of it: run `wandb-relay deliveries` to see the rest.', verbatim: true }],
};

/** The conversation's message: its latest event with the state of its deliveries, open approvals, and earlier events. */
export function conversationMessage(view: ConversationView, context: MessageContext): SlackMessage {
  const latest = view.events.at(-1);
  if (latest === undefined) return { text: NOTHING_KNOWN, blocks: [section(NOTHING_KNOWN)] };
  const earlier = view.events.slice(0, -1).toReversed();
  const parts: Part[] = [
    { rank: 0, blocks: [section(happened(latest, sayBold))] },
    { rank: 2, blocks: contextBlock(...particulars(latest, context)) },
    ...chartParts(view.events, 5),
    { rank: 5, blocks: isCompared(openQuestions(latest), latest.event.id) ? [] : factSection(factsOf(latest.event.wandb)) },
    ...compareParts([latest, ...earlier].flatMap(openQuestions).slice(0, MOST_QUESTIONS), 1),
    ...questionParts(view, latest, earlier, context),
    { rank: 2, blocks: contextBlock(...decisions(latest)) },
    ...deliveryParts(latest, asIsShown(latest), { githubUrl: context.githubUrl, mutes: activeMutes(view, context.now), rank: 4 }),
    ...muteParts(view, context.now, 3),
    { rank: 6, blocks: earlierBlocks(earlier, view.eventCount) },
  ];
  const blocks = compose(parts, { blocks: SLACK_LIMITS.messageBlocks, leftOut: LEFT_OUT });
  return { text: messageText(latest), blocks: context.interactive === false ? linksOnly(blocks) : blocks };
}

/** Removes the buttons that nothing would handle. */
function linksOnly(blocks: readonly KnownBlock[]): KnownBlock[] {
  return blocks.flatMap((block): KnownBlock[] => {
    if (block.type !== 'actions') return [block];
    const elements = block.elements.filter((element) => element.type === 'button' && element.url !== undefined);
    return elements.length === 0 ? [] : [{ ...block, elements }];
  });
}

/** A later event's message in the thread. It is never updated, so it contains nothing that may change. */
export function eventMessage(event: ConversationEvent, view: ConversationView, context: MessageContext): SlackMessage {
  const questions = openQuestions(event);
  const asks = questions.map(({ approval, held }) => {
    const here = approval.channel === view.channel;
    const where = here ? `the buttons are in the message above. ${whoMayDecide(approval)}` : `asked in ${channelName(approval.channel)}.`;
    const more = held.length > 1 ? ` and ${held.length - 1} more` : '';
    const what = held.slice(0, 1).map((delivery) => targetWords(delivery, context.githubUrl));
    return `:raised_hand: ${what.join('')}${more} *awaits approval*: ${where}`;
  });
  const parts: Part[] = [
    { rank: 0, blocks: [section(happened(event, sayBold))] },
    { rank: 2, blocks: contextBlock(...particulars(event, context)) },
    ...asks.slice(0, MOST_QUESTIONS).map((ask): Part => ({ rank: 1, blocks: [section(ask)] })),
  ];
  return { text: messageText(event), blocks: compose(parts, { blocks: SLACK_LIMITS.messageBlocks, leftOut: LEFT_OUT }) };
}

/**
 * One line for the thread when a run ended: which, how, and where to look.
 *
 * @param target the delivery's `target`: `repository_dispatch:acme/deploy`
 */
export function failureText(change: Pick<RunChange, 'after' | 'route'>, target: string): string {
  const { after, route } = change;
  const where = target.slice(target.indexOf(':') + 1);
  return `:x: ${runLink(after)} in ${bold(where)} ${endWords(after)} (route ${mrkdwnName(route)}).`;
}

const NOTHING_KNOWN = 'The events of this message are no longer stored.';

function happened({ event, text }: ConversationEvent, say: SayName): string {
  return (text === null ? undefined : templateText(text, CUSTOM_TEXT_LIMIT)) ?? sentenceOf(event.event, say);
}

const LINK_WORDS: Readonly<Record<WandbLink['kind'], string>> = {
  run: 'Run in W&B',
  artifact: 'Artifact in W&B',
  registry: 'Registry in W&B',
  project: 'Project in W&B',
};

/** Time, project, automation and links. */
function particulars({ event: { event, receivedAt, wandb } }: ConversationEvent, context: MessageContext): string[] {
  const place = placeOf(event);
  return [
    slackDate(receivedAt),
    ...(place === undefined ? [] : [`in ${place}`]),
    ...(event.automation === undefined ? [] : [`automation ${mrkdwnName(event.automation)}`]),
    ...wandbLinks(event, wandb, { url: context.wandbAppUrl, organization: context.wandbOrganization }).map(({ kind, url }) =>
      link(url, LINK_WORDS[kind]),
    ),
  ];
}

function questionParts(
  view: ConversationView,
  latest: ConversationEvent,
  earlier: readonly ConversationEvent[],
  { githubUrl, interactive = true }: MessageContext,
): Part[] {
  const questions = [latest, ...earlier].flatMap(openQuestions);
  const { channel } = view;
  const parts = questions
    .slice(0, MOST_QUESTIONS)
    .map((question) => questionPart(question, { channel, githubUrl, interactive, earlier: question.from !== latest, rank: 1 }));
  const more = questions.length - parts.length;
  if (more === 0) return parts;
  return [...parts, { rank: 1, blocks: contextBlock(`And ${more} more ${more === 1 ? 'awaits' : 'await'} approval.`) }];
}

function decisions(from: ConversationEvent): string[] {
  const words = from.approvals.map((approval) => decisionWords(approval, from)).filter((text) => text !== undefined);
  return words.length > MOST_DECISIONS
    ? [...words.slice(0, MOST_DECISIONS), `And ${words.length - MOST_DECISIONS} more decisions.`]
    : words;
}

/** Without the deliveries that an open question already lists. */
function asIsShown(from: ConversationEvent): ConversationEvent['deliveries'] {
  const asked = new Set(openQuestions(from).flatMap(({ held }) => held));
  return from.deliveries.filter((delivery) => !asked.has(delivery));
}

/** Earlier events, latest first, a line each. */
function earlierBlocks(earlier: readonly ConversationEvent[], eventCount: number): KnownBlock[] {
  const lines = earlier.slice(0, MOST_EARLIER).map((from) => {
    const states = from.deliveries.length === 0 ? '' : ` (${countsOf(from.deliveries)})`;
    const words = `${sentenceOf(from.event.event, (name) => mrkdwnName(name, 60))}${states}`;
    return `earlier: ${words}, ${slackDate(from.event.receivedAt)}`;
  });
  const more = Math.max(eventCount - 1, earlier.length) - lines.length;
  if (lines.length === 0 && more <= 0) return [];
  return contextBlock([...lines, ...(more > 0 ? [`and ${more} more`] : [])].join('\n'));
}

/** A message's `text`: what happened, and the state of each delivery. */
function messageText(from: ConversationEvent): string {
  const { deliveries } = from;
  const states =
    deliveries.length > 3
      ? [countsOf(deliveries)]
      : deliveries.map((delivery) => `${mrkdwnName(plainTarget(delivery))}: ${shortState(delivery)}`);
  const sentence = happened(from, sayPlainly);
  const end = states.length === 0 ? '' : ` ${states.join('; ')}.`;
  const first = fitMrkdwn(sentence, TEXT_LIMIT - end.length - 1);
  return `${/[.!?…]$/.test(first) ? first : `${first}.`}${end}`;
}
