import { defineEmulator } from 'emulate';
import type { SlackCall, SlackFault, StandInChannel, StandInMessage } from './slack-call.ts';
import { blocksProblem } from './slack-rules.ts';

type Fields = Record<string, unknown>;

/** What the front knows. The backend keeps tokens, scopes, members and views; the current messages are kept here, too. */
export interface SlackState {
  readonly backendUrl: string;
  readonly botToken: string;
  readonly scopes: readonly string[];
  /** By id. */
  readonly channels: ReadonlyMap<string, StandInChannel>;
  /** By name. */
  readonly userIds: ReadonlyMap<string, string>;
  readonly userGroups: ReadonlyMap<string, readonly string[]>;
  readonly calls: SlackCall[];
  messages: StandInMessage[];
  /** `channel ts` of deleted heads whose threads live on. */
  readonly tombstones: Set<string>;
  readonly ephemerals: Fields[];
  /** By user id. */
  readonly homes: Map<string, Fields>;
  readonly faults: SlackFault[];
  down: boolean;
  readonly ending: AbortController;
}

/** An answer of the Web API: refusals have status 200 too. */
interface Answer {
  readonly status: number;
  readonly body: Fields;
}

/** The fields that Slack takes as JSON inside a form. */
const JSON_FIELDS = ['blocks', 'metadata', 'attachments', 'view'];
const DEFAULT_PAGE = 100;

export function frontOf(state: SlackState) {
  return defineEmulator<object>({
    name: 'slack-front',
    state: () => ({}),
    setup({ app }) {
      app.post('/responses/:id', async (c) => {
        state.calls.push({ method: 'response_url', args: await argsOf(c.req.raw), status: 200, error: null, at: Date.now() });
        return c.json({ ok: true });
      });
      app.post('/api/:method', async (c) => {
        const method = c.req.param('method');
        const args = await argsOf(c.req.raw);
        return answerTo(state, method, args, c.req.header('authorization'));
      });
    },
  });
}

async function answerTo(state: SlackState, method: string, args: Fields, authorization: string | undefined): Promise<Response> {
  const at = state.faults.findIndex((fault) => fault.method === undefined || fault.method === method);
  const [fault] = state.down || at < 0 ? [] : state.faults.splice(at, 1);
  const answer =
    state.down || (fault !== undefined && fault.applied !== true) ? undefined : await perform(state, method, args, authorization);
  if (fault?.silent === true) {
    state.calls.push({ method, args, status: null, error: null, at: Date.now() });
    await new Promise((resolve) => state.ending.signal.addEventListener('abort', resolve, { once: true }));
    return new Response(null, { status: 504 });
  }
  const response = fault === undefined && answer !== undefined ? Response.json(answer.body, { status: answer.status }) : faulty(fault);
  const error = fault === undefined ? answer?.body.error : fault.error;
  state.calls.push({ method, args, status: response.status, error: error === undefined ? null : String(error), at: Date.now() });
  return response;
}

/** The response of a fault; without one, the response of a Slack that is down. */
function faulty(fault: SlackFault = { status: 503, body: 'upstream connect error' }): Response {
  const { error, extra = {}, headers = {} } = fault;
  const status = fault.status ?? (error === undefined && fault.body === undefined ? 500 : 200);
  if (fault.cut === true) return new Response(cutShort(), { status: 200, headers });
  if (error !== undefined) return Response.json({ ok: false, error, ...extra }, { status, headers });
  return new Response(fault.body ?? 'something went wrong', { status, headers });
}

/** A body that breaks off. */
function cutShort(): ReadableStream<Uint8Array> {
  return new ReadableStream({
    start(controller) {
      controller.enqueue(new TextEncoder().encode('{"ok":'));
    },
    pull(controller) {
      controller.error(new Error('the connection broke'));
    },
  });
}

async function perform(state: SlackState, method: string, args: Fields, authorization: string | undefined): Promise<Answer> {
  if (authorization === undefined) return refusal('not_authed');
  if (authorization !== `Bearer ${state.botToken}`) return refusal('invalid_auth');
  switch (method) {
    case 'chat.postMessage':
      return post(state, args);
    case 'chat.update':
      return update(state, args);
    case 'chat.delete': {
      const answer = await forward(state, method, args);
      if (answer.body.ok === true) state.messages = state.messages.filter((known) => !isMessage(known, args.channel, args.ts));
      return answer;
    }
    case 'chat.postEphemeral': {
      const answer = invalidContent(args) ?? (await forward(state, method, args));
      if (answer.body.ok === true) state.ephemerals.push(args);
      return answer;
    }
    case 'views.publish':
      return publish(state, args);
    case 'conversations.history':
      return history(state, args);
    case 'conversations.replies':
      return replies(state, args);
    case 'usergroups.users.list':
      return groupMembers(state, args);
    default:
      return forward(state, method, args);
  }
}

async function post(state: SlackState, given: Fields): Promise<Answer> {
  // Slack takes `#name` and `name` where a channel is posted to.
  const args: Fields = { ...given, channel: String(given.channel ?? '').replace(/^#/, '') };
  const invalid = invalidContent(args) ?? invalidMetadata(args.metadata);
  if (invalid !== undefined) return invalid;
  const [id, channel] = [...state.channels].find(([key, { name }]) => key === args.channel || name === args.channel) ?? [];
  if (channel?.member === false) {
    // A private channel does not exist for those who are not in it.
    if (channel.private === true) return refusal('channel_not_found');
    if (!state.scopes.includes('chat:write.public')) return refusal('not_in_channel');
  }
  const head = state.messages.find((known) => isMessage(known, id, args.thread_ts));
  if (args.thread_ts !== undefined && head === undefined && !state.tombstones.has(`${id} ${args.thread_ts}`)) {
    // Slack does not refuse a reply to a message that is gone: it becomes a message of its own, and the answer has no thread_ts.
    delete args.thread_ts;
    delete args.reply_broadcast;
  }
  const answer = await forward(state, 'chat.postMessage', args);
  if (answer.body.ok !== true) return answer;
  state.messages.push({
    channel: String(answer.body.channel),
    ts: String(answer.body.ts),
    threadTs: typeof args.thread_ts === 'string' ? (head?.threadTs ?? args.thread_ts) : null,
    text: String(args.text ?? ''),
    blocks: Array.isArray(args.blocks) ? args.blocks : [],
    metadata: (args.metadata ?? null) as StandInMessage['metadata'],
    broadcast: isTrue(args.reply_broadcast),
    unfurls: { links: booleanOf(args.unfurl_links), media: booleanOf(args.unfurl_media) },
    edits: 0,
  });
  return answer;
}

async function update(state: SlackState, args: Fields): Promise<Answer> {
  const invalid = invalidContent(args) ?? invalidMetadata(args.metadata);
  if (invalid !== undefined) return invalid;
  if (!state.channels.has(String(args.channel))) return refusal('channel_not_found');
  if (!state.messages.some((known) => isMessage(known, args.channel, args.ts))) return refusal('message_not_found');
  const answer = await forward(state, 'chat.update', args);
  if (answer.body.ok !== true) return answer;
  state.messages = state.messages.map((known) =>
    isMessage(known, args.channel, args.ts)
      ? {
          ...known,
          ...(args.text === undefined ? {} : { text: String(args.text) }),
          // Text without blocks takes the blocks away.
          ...(Array.isArray(args.blocks) ? { blocks: args.blocks } : args.text === undefined ? {} : { blocks: [] }),
          ...(args.metadata === undefined ? {} : { metadata: args.metadata as StandInMessage['metadata'] }),
          edits: known.edits + 1,
        }
      : known,
  );
  return answer;
}

async function publish(state: SlackState, args: Fields): Promise<Answer> {
  const view = (typeof args.view === 'object' && args.view !== null ? args.view : {}) as Fields;
  const problem = blocksProblem(view.blocks, 'home');
  if (problem !== undefined) return refusal('invalid_arguments', { response_metadata: { messages: problem.messages } });
  const answer = await forward(state, 'views.publish', args);
  if (answer.body.ok === true) state.homes.set(String(args.user_id), view);
  return answer;
}

async function history(state: SlackState, args: Fields): Promise<Answer> {
  const denied = await unreadable(state, 'conversations.history', args);
  if (denied !== undefined) return denied;
  const found = state.messages
    .filter((message) => message.channel === args.channel && (message.threadTs === null || message.broadcast) && isSince(message, args))
    .toReversed();
  return page(found, args, []);
}

async function replies(state: SlackState, args: Fields): Promise<Answer> {
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
  const answer = await forward(state, method, { channel: args.channel, ts: args.ts ?? '0', limit: 1 });
  if (answer.body.ok !== true) return answer;
  return state.channels.get(String(args.channel))?.member === false ? refusal('not_in_channel') : undefined;
}

function page(found: readonly StandInMessage[], args: Fields, first: readonly StandInMessage[]): Answer {
  const limit = Math.min(Number(args.limit ?? DEFAULT_PAGE) || DEFAULT_PAGE, 1000);
  const start = typeof args.cursor === 'string' ? Number(args.cursor.replace('page-', '')) : 0;
  const more = start + limit < found.length;
  const messages = [...first, ...found.slice(start, start + limit)].map((message) => ({
    type: 'message',
    bot_id: 'BWANDBRELAY',
    text: message.text,
    ts: message.ts,
    blocks: message.blocks,
    ...(message.threadTs === null ? {} : { thread_ts: message.threadTs }),
    ...(message.broadcast ? { subtype: 'thread_broadcast' } : {}),
    ...(isTrue(args.include_all_metadata) && message.metadata !== null ? { metadata: message.metadata } : {}),
  }));
  const next = more ? `page-${start + limit}` : '';
  return { status: 200, body: { ok: true, messages, has_more: more, response_metadata: { next_cursor: next } } };
}

function groupMembers(state: SlackState, args: Fields): Answer {
  if (!state.scopes.includes('usergroups:read'))
    return refusal('missing_scope', { needed: 'usergroups:read', provided: state.scopes.join(',') });
  const members = state.userGroups.get(String(args.usergroup));
  if (members === undefined) return refusal('no_such_subteam');
  return { status: 200, body: { ok: true, users: members.map((name) => state.userIds.get(name) ?? name) } };
}

/** What Slack says of text and blocks before it looks at anything else. */
function invalidContent(args: Fields): Answer | undefined {
  if (args.blocks === undefined) return undefined;
  const problem = blocksProblem(args.blocks);
  if (problem === undefined) return undefined;
  return refusal(problem.error, { errors: problem.messages, response_metadata: { messages: problem.messages } });
}

function invalidMetadata(metadata: unknown): Answer | undefined {
  if (metadata === undefined) return undefined;
  const { event_type: type, event_payload: payload } = (typeof metadata === 'object' && metadata !== null ? metadata : {}) as Fields;
  const valid = typeof type === 'string' && type !== '' && typeof payload === 'object' && payload !== null;
  return valid ? undefined : refusal('invalid_metadata_format');
}

async function forward(state: SlackState, method: string, args: Fields): Promise<Answer> {
  const response = await fetch(`${state.backendUrl}/api/${method}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${state.botToken}`, 'content-type': 'application/json' },
    body: JSON.stringify(args),
  });
  if (response.status === 404) return refusal('unknown_method');
  return { status: response.status, body: (await response.json()) as Fields };
}

function refusal(error: string, extra: Fields = {}): Answer {
  return { status: 200, body: { ok: false, error, ...extra } };
}

/** A form or JSON, as Slack takes both. */
async function argsOf(request: Request): Promise<Fields> {
  const text = await request.text();
  if (request.headers.get('content-type')?.includes('json') === true) return JSON.parse(text || '{}') as Fields;
  const fields: Fields = Object.fromEntries(new URLSearchParams(text));
  for (const name of JSON_FIELDS) if (typeof fields[name] === 'string') fields[name] = parsed(fields[name]);
  return fields;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function isMessage(message: StandInMessage, channel: unknown, ts: unknown): boolean {
  return message.channel === channel && message.ts === ts;
}

/** `oldest` is left out of what is found, as in Slack without `inclusive`. */
function isSince(message: StandInMessage, args: Fields): boolean {
  return args.oldest === undefined || Number(message.ts) > Number(args.oldest);
}

function isTrue(value: unknown): boolean {
  return value === true || value === 'true' || value === '1' || value === 1;
}

function booleanOf(value: unknown): boolean | null {
  return value === undefined ? null : isTrue(value);
}
