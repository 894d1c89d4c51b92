import { isAlertConversation } from '../../src/route/conversation-requests.ts';
import { isPerson } from '../../src/route/notified.ts';
import type { SlackRequest } from '../../src/route/target.ts';
import type { PriorResult, SearchContext, SendContext, SendResult, Target } from '../outbox/target.ts';
import type { Runtime } from '../runtime.ts';
import type { ConversationEvent, ConversationStore, ConversationView } from '../store/conversations.ts';
import type { PostedMessage } from '../store/delivery.ts';
import { olderReplyText } from './alert-text.ts';
import { afterAsking, asksHere, NOBODY_ASKED } from './approvers.ts';
import { directMessage } from './channel-ids.ts';
import type { SlackClient } from './client.ts';
import { type FullAlert, isFullAlert } from './failure-text.ts';
import { deliveryMetadata, field, findChannelId, findMessage } from './find-message.ts';
import { readSlackFailure, type SlackAnswerContext, slackWord, whyUnreadable } from './read-error.ts';
import { isAlarm } from './stage.ts';
import { callWithCharts } from './with-charts.ts';

/** A message as Slack takes it; `text` is for notifications and screen readers. */
export interface SlackMessage {
  readonly text: string;
  readonly blocks: readonly unknown[];
}

export interface SlackTargetOptions extends Pick<Runtime, 'now'> {
  readonly client: SlackClient;
  readonly conversations: Pick<ConversationStore, 'viewConversation' | 'channelId' | 'forgetMessage' | 'keepLastReply'>;
  readonly render: SlackRender;
}

export interface SlackRender {
  /** The conversation's message, with the current states. */
  conversation(view: ConversationView): SlackMessage;
  /** A later event's message in the thread. */
  event(event: ConversationEvent, view: ConversationView): SlackMessage;
  /** What people must hear of, in the thread or by itself. */
  alert(alert: FullAlert): SlackMessage;
}

type Post = Extract<SlackRequest, { kind: 'slack' }>;
type Update = Extract<SlackRequest, { kind: 'slack_update' }>;
type Reply = Extract<SlackRequest, { kind: 'slack_reply' }>;

/** Where a post goes: into a channel, or into the thread of a message. */
interface PostTarget {
  readonly view: ConversationView;
  /** The channel as people know it, for messages. */
  readonly name: string;
  readonly channel: string;
  readonly head: PostedMessage | null;
  /** Shown in the channel as well. */
  readonly broadcast: boolean;
}

/** Slack no longer lets the message be changed: deleted, of another app, too old for the workspace's settings. */
const NOT_CHANGEABLE: ReadonlySet<string> = new Set(['message_not_found', 'cant_update_message', 'edit_window_closed', 'is_inactive']);
/** The thread to reply in is not there. */
const NO_THREAD: ReadonlySet<string> = new Set(['thread_not_found', 'message_not_found', 'cannot_reply_to_message']);

/** The app may reply in the thread, and not show the reply in the channel. */
const NO_BROADCAST: ReadonlySet<string> = new Set(['cant_broadcast_message']);

const CHANNEL_ID = /^[CDG][A-Z0-9]{7,}$/;
/** Slack's limit for the text of a section. */
const SECTION_CHARACTERS = 3000;

/** Posts to Slack: one message per conversation, later events in its thread. One call per send, and one without its charts where Slack refuses them; nothing else is tried again here. */
export function slackTarget(options: SlackTargetOptions): Target<SlackRequest> {
  return {
    send: (request, context) => {
      switch (request.kind) {
        case 'slack':
          return sendMessage(options, request, context);
        case 'slack_update':
          return update(options, request, context);
        case 'slack_reply':
          return reply(options, request, context);
      }
    },
    findPrior: (request, context) => findPrior(options, request, context),
  };
}

async function sendMessage(options: SlackTargetOptions, request: Post, context: SendContext): Promise<SendResult> {
  const { conversation } = context;
  const view =
    conversation === null ? undefined : await options.conversations.viewConversation(conversation, options.now(), context.eventId);
  if (view === undefined) return refused('the conversation of this message is no longer stored');
  const shown = view.events.find(({ event }) => event.id === context.eventId);
  const postTarget = { view, name: request.channel, channel: request.channel, head: null, broadcast: false };
  if (view.message === null) {
    const posted = await post(options, postTarget, options.render.conversation(view), context);
    return shown === undefined ? posted : afterAsking(options.client(context.signal), posted, shown, view);
  }
  // Its text, too, is in the message that is there.
  if (view.burst !== null) return delivered(null, `one message in ${request.channel} stands for many`);
  if (shown !== undefined && shown.message !== null) {
    return { ...delivered(null, `${request.channel} already has a message about this event`), message: shown.message };
  }
  if (shown === undefined) return refused('the event of this message is no longer stored');
  const broadcast = asksHere(shown, view) || isAlarm(shown);
  const inThread = { ...postTarget, channel: view.message.channel, head: view.message, broadcast };
  const replied = await post(options, inThread, options.render.event(shown, view), context);
  return afterAsking(options.client(context.signal), replied, shown, view);
}

async function reply(options: SlackTargetOptions, request: Reply, context: SendContext): Promise<SendResult> {
  const { conversation } = request;
  const view = await options.conversations.viewConversation(conversation, options.now());
  const alert = alertIn(request);
  // An alert reaches people also where there is no message to reply to.
  if (view === undefined || (view.message === null && alert === undefined)) return delivered(null, 'there is no message to reply to');
  const { message: head, channel: name } = view;
  const broadcast = head !== null && alert?.broadcast === true;
  const postTarget = { view, name, channel: head?.channel ?? name, head, broadcast };
  const posted = await post(options, postTarget, alert === undefined ? olderReply(request) : options.render.alert(alert), context);
  if (posted.outcome !== 'delivered' || head !== null || isAlertConversation(conversation)) return posted;
  // It is not the message of the conversation, which shows the current state.
  const { message: _message, ...rest } = posted;
  return rest;
}

function alertIn(request: Reply): FullAlert | undefined {
  return 'alert' in request && isFullAlert(request.alert) ? request.alert : undefined;
}

function olderReply(request: Reply): SlackMessage {
  const text = sectionText(olderReplyText(request));
  return { text, blocks: [{ type: 'section', text: { type: 'mrkdwn', text, verbatim: true } }] };
}

async function post(options: SlackTargetOptions, postTarget: PostTarget, message: SlackMessage, context: SendContext): Promise<SendResult> {
  const { head, name } = postTarget;
  let answer: unknown;
  try {
    answer = await callWithCharts(options.client(context.signal), 'chat.postMessage', {
      channel: postTarget.channel,
      ...message,
      ...(head === null ? {} : { thread_ts: head.ts }),
      ...(postTarget.broadcast ? { reply_broadcast: true } : {}),
      unfurl_links: false,
      unfurl_media: false,
      metadata: deliveryMetadata(context.deliveryId),
    });
  } catch (error) {
    const word = slackWord(error) ?? '';
    if (head !== null && NO_THREAD.has(word)) return threadGone(options, postTarget.view.key, head);
    // Better in the thread than nowhere.
    if (postTarget.broadcast && NO_BROADCAST.has(word)) return post(options, { ...postTarget, broadcast: false }, message, context);
    return readSlackFailure(error, answerContext(options, name, true));
  }
  const [channel, ts] = [field(answer, 'channel'), field(answer, 'ts')];
  if (typeof channel !== 'string' || typeof ts !== 'string') {
    const detail = 'an unexpected response: does SLACK_API_URL point to Slack?';
    return { outcome: 'failed', status: 200, ambiguous: true, detail };
  }
  const posted = { channel, ts };
  if (head === null) return { ...delivered(200, `posted in ${name}`), message: posted };
  // Slack accepts a reply to a deleted message and posts it as a message of its own; only the missing thread_ts shows it.
  const said = field(answer, 'message');
  if (said !== undefined && field(said, 'thread_ts') === undefined) {
    await options.conversations.forgetMessage(postTarget.view.key, head.ts);
    const detail = `posted in ${name}; the message it was to be a reply to has been deleted`;
    if (isAlertConversation(postTarget.view.key)) return { ...delivered(200, detail), message: posted };
    return { ...delivered(200, `${detail}${await becomeHead(options, postTarget.view, posted, context)}`), message: posted };
  }
  return { ...delivered(200, `replied in the thread in ${name}`), message: posted };
}

/** A reply that Slack posted as a message of its own becomes the conversation's message. The next update fixes a failure here. */
async function becomeHead(
  options: SlackTargetOptions,
  view: ConversationView,
  message: PostedMessage,
  context: SendContext,
): Promise<string> {
  try {
    const shown = options.render.conversation({ ...view, message });
    await callWithCharts(options.client(context.signal), 'chat.update', { ...message, ...shown });
    return '';
  } catch (error) {
    return ` (${readSlackFailure(error, answerContext(options, view.channel, false)).detail})`;
  }
}

async function threadGone(options: SlackTargetOptions, conversation: string, head: PostedMessage): Promise<SendResult> {
  await options.conversations.forgetMessage(conversation, head.ts);
  return {
    outcome: 'failed',
    status: 200,
    ambiguous: false,
    detail: 'the message to reply to has been deleted; the next attempt posts without it',
  };
}

/** Updates the message. A message that is gone is posted again when people need its buttons to decide. */
async function update(options: SlackTargetOptions, request: Update, context: SendContext): Promise<SendResult> {
  const { conversation } = request;
  const view = await options.conversations.viewConversation(conversation, options.now());
  if (view === undefined) return delivered(null, 'there is no message to update');
  const asks = view.events.some((event) => asksHere(event, view));
  const postTarget = { view, name: view.channel, channel: view.channel, head: null, broadcast: false };
  if (view.message === null) {
    // An earlier attempt found that it is gone.
    return asks ? post(options, postTarget, options.render.conversation(view), context) : delivered(null, 'there is no message to update');
  }
  const { channel, ts } = view.message;
  try {
    // Without blocks, Slack would remove the existing ones.
    await callWithCharts(options.client(context.signal), 'chat.update', { channel, ts, ...options.render.conversation(view) });
    return delivered(200, `updated the message in ${view.channel}`);
  } catch (error) {
    const word = slackWord(error) ?? '';
    if (!NOT_CHANGEABLE.has(word)) {
      const failure = readSlackFailure(error, answerContext(options, view.channel, false));
      return asks && failure.outcome === 'refused' ? { ...failure, detail: `${failure.detail}${NOBODY_ASKED}` } : failure;
    }
    if (word !== 'message_not_found' && !asks) return tell(options, view, { channel, ts }, context);
    await options.conversations.forgetMessage(conversation, ts);
    const gone = `the message in ${view.channel} can no longer be updated (${word})`;
    if (!asks) return delivered(200, `${gone}; the next event posts a new one`);
    const posted = await post(options, { ...postTarget, channel }, options.render.conversation({ ...view, message: null }), context);
    return { ...posted, detail: `${gone}: ${posted.detail}` };
  }
}

/** Says in its thread what the message would say, because Slack does not let it be changed any more; the same only once. */
async function tell(options: SlackTargetOptions, view: ConversationView, head: PostedMessage, context: SendContext): Promise<SendResult> {
  const { text, blocks } = options.render.conversation(view);
  const why = `the message in ${view.channel} can no longer be changed`;
  if (view.lastReply === text) return delivered(null, `${why}; its thread says the same`);
  const inThread = { view, name: view.channel, channel: head.channel, head, broadcast: false };
  const result = await post(options, inThread, { text, blocks: blocks.slice(0, 1) }, context);
  if (result.outcome !== 'delivered') return result;
  await options.conversations.keepLastReply(view.key, text);
  return delivered(result.status, `${why}: ${result.detail}`);
}

/** Finds the message of an earlier attempt. An update can be repeated without harm, so it is not searched for. */
async function findPrior(options: SlackTargetOptions, request: SlackRequest, context: SearchContext): Promise<PriorResult> {
  const conversation = request.kind === 'slack' ? context.conversation : request.conversation;
  const view = conversation === null ? undefined : await options.conversations.viewConversation(conversation, options.now());
  const head = view?.message ?? null;
  // An existing message is only updated. Without one, an earlier attempt may have posted it again.
  if (request.kind === 'slack_update' && (view === undefined || head !== null)) return { outcome: 'not_found' };
  // There is nothing to reply to, so nothing will be sent.
  if (request.kind === 'slack_reply' && head === null && (view === undefined || alertIn(request) === undefined)) {
    return { outcome: 'not_found' };
  }
  const name = request.kind === 'slack' ? request.channel : (view?.channel ?? '');
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
  const known = await options.conversations.channelId(name);
  if (known !== undefined) return known;
  if (isPerson(name)) return directMessage(client, name);
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
