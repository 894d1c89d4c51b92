import type { SlackRequest } from '../../src/route/target.ts';
import type { PriorResult, SendContext, SendResult, Target } from '../outbox/target.ts';
import type { Runtime } from '../runtime.ts';
import type { PostedMessage } from '../store/delivery.ts';
import type { ConversationEvent, ConversationStore, ConversationView } from '../store/store.ts';
import type { SlackClient } from './client.ts';
import { deliveryMetadata, field, findChannelId, findMessage } from './find-message.ts';
import { readSlackFailure, type SlackAnswerContext, slackWord, whyUnreadable } from './read-error.ts';

/** A message as Slack takes it; `text` is for notifications and screen readers. */
export interface SlackMessage {
  readonly text: string;
  readonly blocks: readonly unknown[];
}

export interface SlackTargetOptions extends Pick<Runtime, 'now'> {
  readonly client: SlackClient;
  readonly book: Pick<ConversationStore, 'viewConversation' | 'channelId' | 'forgetMessage'>;
  readonly render: SlackRender;
}

export interface SlackRender {
  /** The conversation's message: how everything stands now. */
  story(story: ConversationView): SlackMessage;
  /** What a later event says in the thread. */
  event(event: ConversationEvent, story: ConversationView): SlackMessage;
}

type Post = Extract<SlackRequest, { kind: 'slack' }>;
type Update = Extract<SlackRequest, { kind: 'slack_update' }>;
type Reply = Extract<SlackRequest, { kind: 'slack_reply' }>;

/** Where a post goes: into a channel, or into the thread of a message. */
interface PostTarget {
  readonly story: ConversationView;
  /** As people know it, for sentences. */
  readonly name: string;
  readonly channel: string;
  readonly head: PostedMessage | null;
  /** Shown in the channel as well. */
  readonly broadcast: boolean;
}

/** Slack no longer lets the message be changed: deleted, of another app, too old for the workspace's settings. */
const NOT_CHANGEABLE: ReadonlySet<string> = new Set(['message_not_found', 'cant_update_message', 'edit_window_closed']);
/** The thread to reply in is not there. */
const NO_THREAD: ReadonlySet<string> = new Set(['thread_not_found', 'message_not_found', 'cannot_reply_to_message']);

const CHANNEL_ID = /^[CDG][A-Z0-9]{7,}$/;
/** Slack's limit for the text of a section. */
const SECTION_CHARACTERS = 3000;

/** Tells stories in Slack: one message per conversation, later events in its thread. One post per send; nothing here retries. */
export function slackTarget(options: SlackTargetOptions): Target<SlackRequest> {
  return {
    send: (request, context) => {
      switch (request.kind) {
        case 'slack':
          return tell(options, request, context);
        case 'slack_update':
          return update(options, request, context);
        case 'slack_reply':
          return reply(options, request, context);
      }
    },
    findPrior: (request, context) => look(options, request, context),
  };
}

async function tell(options: SlackTargetOptions, request: Post, context: SendContext): Promise<SendResult> {
  const { conversation } = context;
  const story = conversation === null ? undefined : await options.book.viewConversation(conversation, options.now(), context.eventId);
  if (story === undefined) return refused('what this message belongs to is not known any more');
  const told = story.events.find(({ event }) => event.id === context.eventId);
  const place = { story, name: request.channel, channel: request.channel, head: null, broadcast: false };
  if (story.message === null) return post(options, place, options.render.story(story), context);
  if (told !== undefined && told.message !== null && request.text === null) {
    return { ...delivered(null, `${request.channel} was told of this event already`), message: told.message };
  }
  if (told === undefined) return refused('the event of this message is not known any more');
  const broadcast = asksHere(told, story);
  const inThread = { ...place, channel: story.message.channel, head: story.message, broadcast };
  return post(options, inThread, options.render.event(told, story), context);
}

async function reply(options: SlackTargetOptions, request: Reply, context: SendContext): Promise<SendResult> {
  const { conversation } = request;
  const story = await options.book.viewConversation(conversation, options.now());
  if (story === undefined || story.message === null) return delivered(null, 'there is no message to reply to');
  const place = { story, name: story.channel, channel: story.message.channel, head: story.message, broadcast: false };
  const text = sectionText(request.text);
  const blocks = [{ type: 'section', text: { type: 'mrkdwn', text, verbatim: true } }];
  return post(options, place, { text, blocks }, context);
}

async function post(options: SlackTargetOptions, place: PostTarget, message: SlackMessage, context: SendContext): Promise<SendResult> {
  const { head, name } = place;
  let answer: unknown;
  try {
    answer = await options.client(context.signal).apiCall('chat.postMessage', {
      channel: place.channel,
      ...message,
      ...(head === null ? {} : { thread_ts: head.ts }),
      ...(place.broadcast ? { reply_broadcast: true } : {}),
      unfurl_links: false,
      unfurl_media: false,
      metadata: deliveryMetadata(context.deliveryId),
    });
  } catch (error) {
    if (head !== null && NO_THREAD.has(slackWord(error) ?? '')) return threadGone(options, place.story.key, head);
    return readSlackFailure(error, answerContext(options, name, true));
  }
  const [channel, ts] = [field(answer, 'channel'), field(answer, 'ts')];
  if (typeof channel !== 'string' || typeof ts !== 'string') {
    const detail = 'an answer that Slack does not give: does SLACK_API_URL point to Slack?';
    return { outcome: 'failed', status: 200, ambiguous: true, detail };
  }
  const posted = { channel, ts };
  if (head === null) return { ...delivered(200, `posted in ${name}`), message: posted };
  // A reply to a message that was deleted is not refused: Slack makes it a message of its own and says so by this alone.
  const said = field(answer, 'message');
  if (said !== undefined && field(said, 'thread_ts') === undefined) {
    await options.book.forgetMessage(place.story.key, head.ts);
    const detail = `posted in ${name}; the message it was to be a reply to has been deleted`;
    return { ...delivered(200, `${detail}${await becomeHead(options, place.story, posted, context)}`), message: posted };
  }
  return { ...delivered(200, `replied in the thread in ${name}`), message: posted };
}

/** What stands alone now is the conversation's message, so it says all of it; else the next update will make it. */
async function becomeHead(
  options: SlackTargetOptions,
  story: ConversationView,
  message: PostedMessage,
  context: SendContext,
): Promise<string> {
  try {
    await options.client(context.signal).apiCall('chat.update', { ...message, ...options.render.story({ ...story, message }) });
    return '';
  } catch (error) {
    return ` (${readSlackFailure(error, answerContext(options, story.channel, false)).detail})`;
  }
}

async function threadGone(options: SlackTargetOptions, conversation: string, head: PostedMessage): Promise<SendResult> {
  await options.book.forgetMessage(conversation, head.ts);
  return {
    outcome: 'failed',
    status: 200,
    ambiguous: false,
    detail: 'the message to reply to has been deleted; the next attempt does without',
  };
}

/** Whether people are asked about the event in the story's own channel: then its message has the buttons. */
function asksHere(event: ConversationEvent, story: ConversationView): boolean {
  return event.approvals.some(({ decision, channel }) => decision === null && channel === story.channel);
}

/** Where the message is gone and people are to decide by its buttons, it is posted anew. */
async function update(options: SlackTargetOptions, request: Update, context: SendContext): Promise<SendResult> {
  const { conversation } = request;
  const story = await options.book.viewConversation(conversation, options.now());
  if (story === undefined) return delivered(null, 'there is no message to update');
  const asks = story.events.some((event) => asksHere(event, story));
  const place = { story, name: story.channel, channel: story.channel, head: null, broadcast: false };
  if (story.message === null) {
    // An earlier attempt found that it is gone.
    return asks ? post(options, place, options.render.story(story), context) : delivered(null, 'there is no message to update');
  }
  const { channel, ts } = story.message;
  try {
    // Without blocks, Slack would take away those that are there.
    await options.client(context.signal).apiCall('chat.update', { channel, ts, ...options.render.story(story) });
    return delivered(200, `updated the message in ${story.channel}`);
  } catch (error) {
    const word = slackWord(error) ?? '';
    if (!NOT_CHANGEABLE.has(word)) return readSlackFailure(error, answerContext(options, story.channel, false));
    await options.book.forgetMessage(conversation, ts);
    const gone = `the message in ${story.channel} cannot be changed any more (${word})`;
    if (!asks) return delivered(200, `${gone}; the next event gets a new one`);
    const posted = await post(options, { ...place, channel }, options.render.story({ ...story, message: null }), context);
    return { ...posted, detail: `${gone}: ${posted.detail}` };
  }
}

/** A change of a message says the same however often it is sent; a post is looked for where it may have landed. */
async function look(
  options: SlackTargetOptions,
  request: SlackRequest,
  context: SendContext & { readonly runsSince: number },
): Promise<PriorResult> {
  const conversation = request.kind === 'slack' ? context.conversation : request.conversation;
  const story = conversation === null ? undefined : await options.book.viewConversation(conversation, options.now());
  const head = story?.message ?? null;
  // With a message there is nothing but to change it; without, an earlier attempt may have posted it anew.
  if (request.kind === 'slack_update' && (story === undefined || head !== null)) return { outcome: 'not_found' };
  // Then there is nothing to reply to, and nothing will be sent.
  if (request.kind === 'slack_reply' && head === null) return { outcome: 'not_found' };
  const name = request.kind === 'slack' ? request.channel : (story?.channel ?? '');
  const search = { deliveryId: context.deliveryId, since: context.runsSince };
  const client = options.client(context.signal);
  try {
    if (head !== null) {
      const inThread = await findMessage(client, { method: 'conversations.replies', ...head }, search).catch(unlessThreadGone);
      if (inThread.outcome !== 'not_found') return inThread;
    }
    const channel = head?.channel ?? (await channelIdOf(options, client, name));
    if (channel === undefined)
      return { outcome: 'unknowable', detail: `the id of ${name} is not known: write the id into the config instead` };
    return await findMessage(client, { method: 'conversations.history', channel }, search);
  } catch (error) {
    const failure = readSlackFailure(error, answerContext(options, name, false));
    return failure.outcome === 'refused' ? { outcome: 'unknowable', detail: whyUnreadable(error, name) } : failure;
  }
}

function unlessThreadGone(error: unknown): PriorResult {
  if (NO_THREAD.has(slackWord(error) ?? '')) return { outcome: 'not_found' };
  throw error;
}

async function channelIdOf(options: SlackTargetOptions, client: ReturnType<SlackClient>, name: string): Promise<string | undefined> {
  if (CHANNEL_ID.test(name)) return name;
  const known = await options.book.channelId(name);
  if (known !== undefined) return known;
  try {
    return await findChannelId(client, name, 'public_channel,private_channel');
  } catch (error) {
    // Slack refuses the whole list when the scope of one type is missing.
    if (slackWord(error) !== 'missing_scope') throw error;
    return findChannelId(client, name, 'public_channel');
  }
}

function answerContext(options: SlackTargetOptions, channel: string, posts: boolean): SlackAnswerContext {
  return { channel, posts, now: options.now() };
}

function delivered(status: number | null, detail: string): Extract<SendResult, { outcome: 'delivered' }> {
  return { outcome: 'delivered', status, detail, run: null };
}

function refused(detail: string): SendResult {
  return { outcome: 'refused', status: null, detail };
}

/** Text cut to what a section takes, never in the middle of a character, an escape or a link. */
function sectionText(text: string): string {
  if (text.length <= SECTION_CHARACTERS) return text;
  const cut = text.slice(0, SECTION_CHARACTERS - 1).replace(/(?:[\uD800-\uDBFF]|&[a-z]{0,3}|<[^>]*)$/, '');
  return `${cut}…`;
}
