import { defineEmulator } from 'emulate';
import type { SlackFault } from './slack-call.ts';
import { channelMembers, groupList, groupMembers, openConversation, unfurl, userInfo } from './slack-people.ts';
import { history, post, postEphemeral, remove, replies, update } from './slack-posting.ts';
import { messageProblem } from './slack-rules.ts';
import type { Fields } from './slack-rules-basics.ts';
import { missingScope } from './slack-scopes.ts';
import { type Answer, forward, isTrue, refusal, type SlackState } from './slack-state.ts';
import { openView, publishHome, pushView, updateView } from './slack-views.ts';

/** The fields that Slack takes as JSON inside a form. */
const JSON_FIELDS = ['blocks', 'metadata', 'attachments', 'view', 'unfurls'];

/** How often a `response_url` works. */
const RESPONSES = 5;

export function frontOf(state: SlackState) {
  return defineEmulator<object>({
    name: 'slack-front',
    state: () => ({}),
    setup({ app }) {
      app.post('/responses/:id', async (c) => {
        const args = await argsOf(c.req.raw);
        const answer = respond(state, c.req.param('id'), args);
        const { status, error } = answer;
        state.calls.push({ method: 'response_url', args, status, error, at: Date.now() });
        return Response.json(error === null ? { ok: true } : { ok: false, error }, { status });
      });
      app.post('/api/:method', async (c) => {
        const method = c.req.param('method');
        const args = await argsOf(c.req.raw);
        return answerTo(state, method, args, c.req.header('authorization'));
      });
    },
  });
}

/** Slack, "Handling user interaction": what is sent to a `response_url` is a message, five times at most. */
function respond(state: SlackState, id: string, args: Fields): { readonly status: number; readonly error: string | null } {
  const used = (state.responses.get(id) ?? 0) + 1;
  state.responses.set(id, used);
  if (used > RESPONSES) return { status: 404, error: 'used_url' };
  // Only the message it replaces goes.
  const problem = isTrue(args.delete_original) ? undefined : messageProblem(args);
  return { status: 200, error: problem?.error ?? null };
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
  const response =
    fault === undefined && answer !== undefined
      ? Response.json(answer.body, { status: answer.status, headers: { 'x-oauth-scopes': state.scopes.join(',') } })
      : faulty(fault);
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

type Method = (state: SlackState, args: Fields) => Answer | Promise<Answer>;

/** The methods that the emulator lacks or answers too kindly; it answers the others itself. */
const METHODS: Readonly<Record<string, Method>> = {
  'chat.postMessage': post,
  'chat.update': update,
  'chat.delete': remove,
  'chat.postEphemeral': postEphemeral,
  'chat.unfurl': unfurl,
  'views.open': openView,
  'views.push': pushView,
  'views.update': updateView,
  'views.publish': publishHome,
  'conversations.history': history,
  'conversations.replies': replies,
  'conversations.members': channelMembers,
  'conversations.open': openConversation,
  'users.info': userInfo,
  'usergroups.list': groupList,
  'usergroups.users.list': groupMembers,
};

async function perform(state: SlackState, method: string, args: Fields, authorization: string | undefined): Promise<Answer> {
  if (authorization === undefined) return refusal('not_authed');
  if (authorization !== `Bearer ${state.botToken}`) return refusal('invalid_auth');
  if (state.refused !== undefined) return refusal(state.refused);
  const denied = missingScope(state, method, args);
  if (denied !== undefined) return denied;
  const answer = Object.hasOwn(METHODS, method) ? METHODS[method]?.(state, args) : undefined;
  return (await answer) ?? forward(state, method, args);
}

/** A form or JSON, as Slack takes both. */
async function argsOf(request: Request): Promise<Fields> {
  const text = await request.text();
  if (request.headers.get('content-type')?.includes('json') === true) return JSON.parse(text || '{}') as Fields;
  const fields: Record<string, unknown> = Object.fromEntries(new URLSearchParams(text));
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
