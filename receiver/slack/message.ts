import { readDigestFacts } from '../../src/digest/facts.ts';
import { DIGEST, RELAY_ALERT } from '../../src/event/event.ts';
import { type WandbLink, wandbLinks } from '../../src/event/wandb-links.ts';
import { durationWords } from '../../src/lib/duration.ts';
import { isSameChannel } from '../../src/route/channel.ts';
import { readAlertFacts } from '../alerts/alert-event.ts';
import type { ConversationEvent, ConversationView } from '../store/conversations.ts';
import type { DeliveryView } from '../store/delivery.ts';
import { decisionWords, type OpenQuestion, openQuestions, questionPart, whoMayDecide } from './approval-part.ts';
import { compose, context as contextBlock, factSection, type KnownBlock, type Part, SLACK_LIMITS, section } from './blocks.ts';
import { burstMessage } from './burst.ts';
import { changeWords } from './change.ts';
import { chartParts } from './chart-part.ts';
import { compareParts, isCompared } from './compare-part.ts';
import { contextLine, happenedAt, replacesWords, whoDidIt } from './context-line.ts';
import { activeMutes, countsOf, deliveryButtons, deliveryParts, menusFor, muteParts } from './delivery-part.ts';
import { detailWords, plainDetail, plainTarget, targetWords } from './delivery-words.ts';
import { digestMessage } from './digest-message.ts';
import { factsOf } from './facts.ts';
import { headlineOf, isReplaced } from './headline.ts';
import { bold, channelName, fitMrkdwn, mrkdwnName, slackDate, templateText } from './mrkdwn.ts';
import { Mentions, nameOf } from './people.ts';
import { relayAlertMessage } from './relay-alert-message.ts';
import { aliasStays } from './rollback-words.ts';
import { runPosition } from './run-words.ts';
import { dispatchesOf, headOf, isOfSameCondition, type Stage, stageOf, standingOf } from './stage.ts';
import { effectWords, isStop } from './stop-words.ts';

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
  /** Slack user id by W&B user name. */
  readonly slackUsers?: Readonly<Record<string, string>>;
}

/** All routes' own texts: short enough that a question with its buttons always has room beside them, whatever the characters. */
const CUSTOM_TEXT_LIMIT = 1500;
const MOST_TEXTS = 4;
/** What a lock screen shows. Characters. */
const TEXT_LIMIT = 120;
const MOST_QUESTIONS = 5;
const MOST_OTHERS = 4;
const MOST_DECISIONS = 4;

const LEFT_OUT: KnownBlock = {
  type: 'context',
  elements: [{ type: 'mrkdwn', text: 'A message cannot hold all of it: run `wandb-relay deliveries` to see the rest.', verbatim: true }],
};
const NOTHING_KNOWN = 'The events of this message are no longer stored.';

/**
 * The conversation's message: what its most serious event changed and how that stands, what people are asked, and what they
 * can do. The rules are those of the first lines of `docs/slack.md`.
 */
export function conversationMessage(view: ConversationView, context: MessageContext): SlackMessage {
  const head = headOf(view);
  if (head === undefined) return { text: NOTHING_KNOWN, blocks: [section(NOTHING_KNOWN)] };
  if (head.event.event.type === DIGEST) return digestOf(head, context);
  if (head.event.event.type === RELAY_ALERT) return alertOf(head);
  if (view.burst !== null) return burstMessage(view, view.burst, { url: context.wandbAppUrl, organization: context.wandbOrganization });
  const questions = questionsOf(view, head);
  const asksHere = questions.some(({ from, approval }) => from === head && isSameChannel(approval.channel, view.channel));
  const mentions = new Mentions(context.slackUsers ?? {}, context.interactive === false ? [] : askedHere(questions, view.channel));
  const { url, links } = linksOf(head, context);
  const headline = headlineOf(head, { url, asksHere, mentions });
  const { stage } = standingOf(head);
  const mutes = activeMutes(view, context.now);
  const dispatches = dispatchesOf(head);
  const [only] = dispatches.length === 1 ? dispatches : [];
  const menu = only === undefined || stage === 'asks' ? undefined : menusFor(head, mutes)(only);
  const lines = [headline.line, ...secondLine(head, { stage, only, mentions, context, view }), ...ownTexts(head)];
  const showsFacts = (stage === 'asks' || stage === 'none') && !isCompared(questions, head.event.id);
  const parts: Part[] = [
    { rank: 0, blocks: [section(lines.join('\n'), { accessory: menu })] },
    ...chartParts(view.events, 5),
    { rank: 5, blocks: showsFacts ? factSection(factsOf(head.event.wandb)) : [] },
    ...compareParts(questions.slice(0, MOST_QUESTIONS), 1),
    ...questionParts(questions, { view, head, stage, mentions, context }),
    ...dispatchParts(head, { only, mutes, questions, context }),
    ...muteParts(view, context.now, 3),
    { rank: 6, blocks: otherBlocks(view, head) },
    { rank: 2, blocks: lastLine(head, { stage, mentions, links, url }) },
  ];
  const blocks = compose(parts, { blocks: SLACK_LIMITS.messageBlocks, leftOut: LEFT_OUT });
  return { text: wholeText(headline.text, head, { stage, only }), blocks: context.interactive === false ? linksOnly(blocks) : blocks };
}

/** Its facts are the event's body. */
function digestOf({ event: { event, body } }: ConversationEvent, { wandbAppUrl, wandbOrganization }: MessageContext): SlackMessage {
  const facts = readDigestFacts(body);
  if (facts !== undefined) return digestMessage(facts, { url: wandbAppUrl, organization: wandbOrganization });
  const text = `The digest ${mrkdwnName(event.automation ?? '', 60)} was made by another version of the relay`;
  return { text, blocks: [section(text)] };
}

function alertOf({ event: { event, body } }: ConversationEvent): SlackMessage {
  const facts = readAlertFacts(body);
  if (facts !== undefined) return relayAlertMessage(facts);
  const text = `The alert ${mrkdwnName(event.automation ?? '', 60)} was made by another version of the relay`;
  return { text, blocks: [section(text)] };
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
  const mentions = new Mentions(context.slackUsers ?? {});
  const { url, links } = linksOf(event, context);
  const asHappened: ConversationEvent = {
    ...event,
    deliveries: [],
    promotion: event.promotion && { ...event.promotion, replacedBy: null },
  };
  const headline = headlineOf(asHappened, { url, asksHere: false, mentions });
  const questions = openQuestions(event);
  const parts: Part[] = [
    { rank: 0, blocks: [section([headline.line, ...ownTexts(event)].join('\n'))] },
    ...questions
      .slice(0, MOST_QUESTIONS)
      .map((question): Part => ({ rank: 1, blocks: [section(askWords(question, view, context, mentions))] })),
    { rank: 2, blocks: contextBlock(...contextLine(asHappened, { mentions, links, isIntroduced: false })) },
  ];
  const isAsked = questions.some(({ approval }) => isSameChannel(approval.channel, view.channel));
  const { text } = questions.length === 0 ? headline : headlineOf(event, { url: undefined, asksHere: isAsked, mentions });
  const stage = questions.length === 0 ? 'none' : 'asks';
  return {
    text: wholeText(text, event, { stage, only: questions[0]?.held[0] }),
    blocks: compose(parts, { blocks: SLACK_LIMITS.messageBlocks, leftOut: LEFT_OUT }),
  };
}

function askWords({ approval, held }: OpenQuestion, view: ConversationView, { githubUrl }: MessageContext, mentions: Mentions): string {
  const here = isSameChannel(approval.channel, view.channel);
  const where = here
    ? `the buttons are in the message above; ${whoMayDecide(approval, mentions)}`
    : `asked in ${channelName(approval.channel)}`;
  const more = held.length > 1 ? ` and ${held.length - 1} more` : '';
  return `:raised_hand: ${held
    .slice(0, 1)
    .map((delivery) => targetWords(delivery, githubUrl))
    .join('')}${more} *waits for approval*: ${where}`;
}

/** The page of what the event is about, and others. */
function linksOf({ event: { event, wandb } }: ConversationEvent, context: MessageContext): { url: string | undefined; links: WandbLink[] } {
  const [first, ...links] = wandbLinks(event, wandb, { url: context.wandbAppUrl, organization: context.wandbOrganization });
  if (first === undefined) return { url: undefined, links: [] };
  return first.kind === 'project' ? { url: undefined, links: [first, ...links] } : { url: first.url, links };
}

interface SecondLine {
  readonly stage: Stage;
  readonly only: DeliveryView | undefined;
  readonly mentions: Mentions;
  readonly context: MessageContext;
  readonly view: ConversationView;
}

/** The one fact that a reader needs next. */
function secondLine(head: ConversationEvent, { stage, only, mentions, context, view }: SecondLine): string[] {
  if (stage === 'asks') {
    const words = [whoDidIt(head, mentions), replacesWords(head)].filter((part) => part !== undefined);
    return words.length === 0 ? [] : [words.join(' · ')];
  }
  if (only !== undefined) return [detailWords(only, targetWords(only, context.githubUrl))];
  const position = stage === 'none' ? [...lastedWords(head, view), ...runPosition(head.event.event)] : [];
  return position.length === 0 ? [] : [position.join(' · ')];
}

/** How long a condition held that has ended. */
function lastedWords(head: ConversationEvent, { events }: ConversationView): string[] {
  if (head.event.event.resolved !== true) return [];
  const begun = events.slice(0, events.indexOf(head)).findLast((one) => isOfSameCondition(one, head) && one.event.event.resolved !== true);
  return begun === undefined ? [] : [`lasted ${durationWords(happenedAt(head.event) - happenedAt(begun.event))}`];
}

/** What the routes say themselves. */
function ownTexts({ texts }: ConversationEvent): string[] {
  const limit = Math.floor(CUSTOM_TEXT_LIMIT / Math.max(1, Math.min(texts.length, MOST_TEXTS)));
  const clean = texts.map((text) => templateText(text, limit)).filter((text) => text !== undefined);
  return [...new Set(clean)].slice(0, MOST_TEXTS);
}

/** All open questions: first those that are asked here, of them those of the event that the message is about. */
function questionsOf(view: ConversationView, head: ConversationEvent): OpenQuestion[] {
  const questions = [head, ...view.events.filter((one) => one !== head).toReversed()].flatMap(openQuestions);
  const isElsewhere = ({ approval }: OpenQuestion) => Number(!isSameChannel(approval.channel, view.channel));
  return questions.toSorted((a, b) => isElsewhere(a) - isElsewhere(b));
}

function askedHere(questions: readonly OpenQuestion[], channel: string): string[] {
  return questions.flatMap(({ approval }) => (isSameChannel(approval.channel, channel) ? (approval.by ?? []) : []));
}

interface QuestionContext {
  readonly view: ConversationView;
  readonly head: ConversationEvent;
  readonly stage: Stage;
  readonly mentions: Mentions;
  readonly context: MessageContext;
}

function questionParts(questions: readonly OpenQuestion[], { view, head, stage, mentions, context }: QuestionContext): Part[] {
  const { githubUrl, interactive = true } = context;
  const isAlone = stage === 'asks' && questions.length === 1;
  const parts = questions.slice(0, MOST_QUESTIONS).map((question) => {
    const what = question.from === head && stage === 'asks' ? 'Approve' : `Approve ${changeWords(question.from)}`;
    const heading = isAlone ? undefined : `${what} (route ${bold(question.approval.route, 60)})?`;
    return questionPart(question, { channel: view.channel, githubUrl, interactive, heading, mentions, rank: 1 });
  });
  const more = questions.length - parts.length;
  if (more === 0) return parts;
  return [...parts, { rank: 1, blocks: contextBlock(`And ${more} more ${more === 1 ? 'waits' : 'wait'} for approval.`) }];
}

interface DispatchContext {
  readonly only: DeliveryView | undefined;
  readonly mutes: ReturnType<typeof activeMutes>;
  readonly questions: readonly OpenQuestion[];
  readonly context: MessageContext;
}

/** What can be done with the only dispatch; of several, each with its state. Those that an open question lists are left out. */
function dispatchParts(head: ConversationEvent, { only, mutes, questions, context }: DispatchContext): Part[] {
  if (only !== undefined) return [{ rank: 3, blocks: deliveryButtons(head, only, { again: !isReplaced(head, stageOf(only)) }) }];
  const asked = new Set(questions.flatMap(({ held }) => held));
  const shown = dispatchesOf(head).filter((delivery) => !asked.has(delivery));
  return deliveryParts(head, shown, { githubUrl: context.githubUrl, mutes, rank: 4 });
}

function lastLine(
  head: ConversationEvent,
  { stage, mentions, links, url }: { stage: Stage; mentions: Mentions; links: readonly WandbLink[]; url: string | undefined },
): KnownBlock[] {
  const decided = head.approvals
    .filter(({ decision }) => decision !== null && !(decision === 'cancelled' && (stage === 'superseded' || stage === 'cancelled')))
    .map((approval) => decisionWords(approval, approval.decision === stage, mentions))
    .filter((words) => words !== undefined);
  const [first = '', ...rest] = contextLine(head, { mentions, links, isIntroduced: stage === 'asks' });
  const more = decided.length - MOST_DECISIONS;
  const { event } = head.event;
  const stays = event.rollback === true ? [aliasStays(event, url)] : [];
  const again = head.again === undefined ? [] : [`run again by ${mentions.decider(head.again.by)} ${slackDate(head.again.at)}`];
  return contextBlock(
    first,
    ...stays,
    ...again,
    ...decided.slice(0, MOST_DECISIONS),
    ...(more > 0 ? [`and ${more} more decisions`] : []),
    ...rest,
  );
}

/** Other events that dispatched something, latest first, a line each: their messages in the thread do not show how that goes on. */
function otherBlocks({ events }: ConversationView, head: ConversationEvent): KnownBlock[] {
  const others = events.filter((one) => one !== head && dispatchesOf(one).length > 0).toReversed();
  const lines = others.slice(0, MOST_OTHERS).map((one) => `also: ${changeWords(one)} (${countsOf(dispatchesOf(one))})`);
  const more = others.length - lines.length;
  return lines.length === 0 ? [] : contextBlock([...lines, ...(more > 0 ? [`and ${more} more`] : [])].join('\n'));
}

/** The message's `text`: the headline, and of what a reader needs next as much as fits whole. */
function wholeText(headline: string, head: ConversationEvent, { stage, only }: { stage: Stage; only: DeliveryView | undefined }): string {
  return textNotes(head, stage, only).reduce(
    (text, note) => (text.length + note.length <= TEXT_LIMIT ? text + note : text),
    fitMrkdwn(headline, TEXT_LIMIT),
  );
}

function textNotes(head: ConversationEvent, stage: Stage, only: DeliveryView | undefined): string[] {
  const { author } = head.event.event;
  const by = author === undefined ? '' : `, by ${mrkdwnName(nameOf(author), 28)}`;
  if (stage === 'none')
    return [
      by,
      ...runPosition(head.event.event)
        .slice(0, 1)
        .map((words) => `, ${words}`),
    ];
  if (stage !== 'asks') return [only === undefined ? ` (${countsOf(dispatchesOf(head))})` : `. ${plainDetail(only)}`];
  return [
    by,
    only === undefined || isStop(only) ? `. ${capital(effectWords(dispatchesOf(head)))}` : `. Starts ${mrkdwnName(plainTarget(only), 50)}`,
  ];
}

/** For words of ours. */
function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
