import type { StandInMessage } from './slack-call.ts';
import { isBlankMetadata, messageProblem } from './slack-rules.ts';
import type { Fields } from './slack-rules-basics.ts';
import { type Answer, forward, isTrue, pageOf, refusal, refusalOf, type SlackState } from './slack-state.ts';

/** Messages: posted, changed, deleted and read (Slack, chat.* and conversations.history, conversations.replies). */

export async function post(state: SlackState, given: Fields): Promise<Answer> {
  // Slack takes `#name` and `name` where a channel is posted to, and a user's id for a direct message.
  const channel = String(given.channel ?? '').replace(/^#/, '');
  const invalid = invalidMessage(state, given, 'post');
  if (invalid !== undefined) return invalid;
  const [id = channel, known] = [...state.channels].find(([key, { name }]) => key === channel || name === channel) ?? [];
  if (known?.member === false) {
    // A private channel does not exist for those who are not in it.
    if (known.private === true) return refusal('channel_not_found');
    if (!state.scopes.includes('chat:write.public')) return refusal('not_in_channel');
  }
  if (known?.archived === true) return refusal('is_archived');
  const toPerson = state.users.has(channel);
  if ((toPerson || state.directs.has(channel)) && !state.messagesTab) return refusal('messages_tab_disabled');
  const { thread_ts: threadTs, reply_broadcast: broadcast, ...rest } = given;
  const head = state.messages.find((message) => isMessage(message, id, threadTs));
  // Slack does not refuse a reply to a message that is gone: it becomes a message of its own, and the answer has no thread_ts.
  const inThread = threadTs !== undefined && (head !== undefined || state.tombstones.has(`${id} ${threadTs}`));
  const answer = await forward(state, 'chat.postMessage', {
    ...rest,
    channel,
    ...(inThread ? { thread_ts: threadTs, reply_broadcast: broadcast } : {}),
  });
  if (answer.body.ok !== true) return answer;
  if (toPerson) state.directs.set(String(answer.body.channel), channel);
  state.messages.push({
    channel: String(answer.body.channel),
    ts: String(answer.body.ts),
    threadTs: inThread ? (head?.threadTs ?? String(threadTs)) : null,
    text: String(given.text ?? ''),
    blocks: Array.isArray(given.blocks) ? given.blocks : [],
    metadata: (given.metadata ?? null) as StandInMessage['metadata'],
    broadcast: inThread && isTrue(broadcast),
    unfurls: { links: booleanOf(given.unfurl_links), media: booleanOf(given.unfurl_media) },
    edits: 0,
  });
  return answer;
}

export async function postEphemeral(state: SlackState, args: Fields): Promise<Answer> {
  const answer = invalidMessage(state, args, 'post') ?? (await forward(state, 'chat.postEphemeral', args));
  if (answer.body.ok === true) state.ephemerals.push(args);
  return answer;
}

export async function remove(state: SlackState, args: Fields): Promise<Answer> {
  const answer = await forward(state, 'chat.delete', args);
  if (answer.body.ok === true) state.messages = state.messages.filter((known) => !isMessage(known, args.channel, args.ts));
  return answer;
}

export async function update(state: SlackState, args: Fields): Promise<Answer> {
  const invalid = invalidMessage(state, args, 'update');
  if (invalid !== undefined) return invalid;
  if (isTrue(args.reply_broadcast)) return refusal('no_dual_broadcast_content_update');
  const id = String(args.channel);
  if (!state.channels.has(id) && !state.directs.has(id)) return refusal('channel_not_found');
  const message = state.messages.find((known) => isMessage(known, args.channel, args.ts));
  if (message === undefined) return refusal('message_not_found');
  if (state.channels.get(id)?.archived === true) return refusal('is_inactive');
  const why = message.by === undefined ? state.locked.get(`${id} ${args.ts}`) : 'cant_update_message';
  if (why !== undefined) return refusal(why);
  const answer = await forward(state, 'chat.update', args);
  if (answer.body.ok !== true) return answer;
  const changed: StandInMessage = {
    ...message,
    ...(args.text === undefined ? {} : { text: String(args.text) }),
    // Text without blocks takes the blocks away.
    ...(Array.isArray(args.blocks) ? { blocks: args.blocks } : args.text === undefined ? {} : { blocks: [] }),
    ...(args.metadata === undefined
      ? {}
      : { metadata: isBlankMetadata(args.metadata) ? null : (args.metadata as StandInMessage['metadata']) }),
    edits: message.edits + 1,
  };
  state.messages = state.messages.map((known) => (known === message ? changed : known));
  return answer;
}

export async function history(state: SlackState, args: Fields): Promise<Answer> {
  const denied = await unreadable(state, 'conversations.history', args);
  if (denied !== undefined) return denied;
  const found = state.messages
    .filter((message) => message.channel === args.channel && (message.threadTs === null || message.broadcast) && isSince(message, args))
    .toReversed();
  return page(found, args, []);
}

export async function replies(state: SlackState, args: Fields): Promise<Answer> {
  const denied = await unreadable(state, 'conversations.replies', args);
  if (denied !== undefined) return denied;
  const head = state.messages.find((message) => isMessage(message, args.channel, args.ts));
  if (head === undefined && !state.tombstones.has(`${args.channel} ${args.ts}`)) return refusal('thread_not_found');
  const found = state.messages.filter(
    (message) => message.channel === args.channel && message.threadTs === args.ts && isSince(message, args),
  );
  // The head comes first on every page, however old it is.
  return page(found, args, head === undefined ? [] : [head]);
}

/** Asks the backend whether the token may read there, and adds what it does not know: that an app has to be a member. */
async function unreadable(state: SlackState, method: string, args: Fields): Promise<Answer | undefined> {
  const channel = state.channels.get(String(args.channel));
  if (channel?.member === false) return refusal(channel.private === true ? 'channel_not_found' : 'not_in_channel');
  const answer = await forward(state, method, { channel: args.channel, ts: args.ts ?? '0', limit: 1 });
  return answer.body.ok === true ? undefined : answer;
}

function page(found: readonly StandInMessage[], args: Fields, first: readonly StandInMessage[]): Answer {
  const { items, next } = pageOf(found, args);
  const messages = [...first, ...items].map((message) => ({
    type: 'message',
    ...(message.by === undefined ? { bot_id: 'BWANDBRELAY' } : { user: message.by }),
    text: message.text,
    ts: message.ts,
    blocks: message.blocks,
    ...(message.threadTs === null ? {} : { thread_ts: message.threadTs }),
    ...(message.broadcast ? { subtype: 'thread_broadcast' } : {}),
    ...(isTrue(args.include_all_metadata) && message.metadata !== null ? { metadata: message.metadata } : {}),
  }));
  return { status: 200, body: { ok: true, messages, has_more: next !== '', response_metadata: { next_cursor: next } } };
}

/** What Slack says of a message before it looks at anything else. */
function invalidMessage(state: SlackState, args: Fields, kind: 'post' | 'update'): Answer | undefined {
  const problem = refusalOf(messageProblem(args, kind));
  if (problem !== undefined || state.charts) return problem;
  const blocks = Array.isArray(args.blocks) ? (args.blocks as Fields[]) : [];
  const at = blocks.findIndex(({ type }) => type === 'data_visualization');
  if (at < 0) return undefined;
  return refusalOf({
    error: 'invalid_blocks',
    messages: [`[ERROR] unsupported type: data_visualization [json-pointer:/blocks/${at}/type]`],
  });
}

function isMessage(message: StandInMessage, channel: unknown, ts: unknown): boolean {
  return message.channel === channel && message.ts === ts;
}

/** `oldest` is left out of what is found, as in Slack without `inclusive`. */
function isSince(message: StandInMessage, args: Fields): boolean {
  return args.oldest === undefined || Number(message.ts) > Number(args.oldest);
}

function booleanOf(value: unknown): boolean | null {
  return value === undefined ? null : isTrue(value);
}
