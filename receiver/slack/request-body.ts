import { isJsonObject, type JsonObject, type JsonValue, parseJson } from '../../src/lib/json.ts';

/** What an authentic request of Slack turned out to be. */
export type SlackRequestBody =
  | { readonly kind: 'url_verification'; readonly challenge: string }
  | { readonly kind: 'ssl_check' }
  /** Something for Bolt; `name` says in a word what, for the log. */
  | { readonly kind: 'incoming'; readonly name: string; readonly body: JsonObject }
  | { readonly kind: 'unreadable'; readonly status: 400 | 415; readonly why: string };

/** Longest challenge that is echoed; Slack's have about fifty characters. */
const MAX_CHALLENGE = 1_000;
/** Types of interactions that Bolt takes (Slack, "Handling user interaction"). */
const INTERACTIONS = ['block_actions', 'block_suggestion', 'shortcut', 'message_action', 'view_submission', 'view_closed'];

/** Reads the body of a request: JSON for events, a form for slash commands and, with JSON in `payload`, interactions. */
export function readSlackBody(text: string, contentType: string | undefined): SlackRequestBody {
  const type = contentType?.split(';')[0]?.trim().toLowerCase();
  if (type === 'application/json') return readEvent(text);
  if (type === 'application/x-www-form-urlencoded') return readForm(new URLSearchParams(text));
  return { kind: 'unreadable', status: 415, why: 'Content-Type must be application/json or application/x-www-form-urlencoded.' };
}

function readEvent(text: string): SlackRequestBody {
  const body = readObject(text);
  if (typeof body === 'string') return unreadable(body);
  if (body.type === 'url_verification') {
    return typeof body.challenge === 'string' && body.challenge.length <= MAX_CHALLENGE
      ? { kind: 'url_verification', challenge: body.challenge }
      : unreadable('url_verification without a challenge.');
  }
  const event = body.event;
  if (body.type !== 'event_callback' || !isJsonObject(event) || typeof event.type !== 'string')
    return unreadable('The JSON is no event of Slack.');
  // The type also says which method of an object is looked up further down: only Slack's spelling goes on.
  if (!/^[a-z][a-z0-9_.]{0,99}$/.test(event.type)) return unreadable('The event has no type of Slack.');
  return { kind: 'incoming', name: event.type, body };
}

function readForm(form: URLSearchParams): SlackRequestBody {
  if (form.get('ssl_check') === '1') return { kind: 'ssl_check' };
  const payload = form.get('payload');
  if (payload !== null) return readInteraction(payload);
  const command = form.get('command');
  const user = form.get('user_id');
  if (command === null || user === null) return unreadable('The form is neither an interaction nor a slash command of Slack.');
  return { kind: 'incoming', name: 'slash_command', body: Object.fromEntries(form) };
}

function readInteraction(payload: string): SlackRequestBody {
  const body = readObject(payload);
  if (typeof body === 'string') return unreadable(body);
  if (typeof body.type !== 'string' || !INTERACTIONS.includes(body.type)) return unreadable('The payload is no interaction of Slack.');
  if (!isJsonObject(body.user) || typeof body.user.id !== 'string') return unreadable('The payload does not say who interacted.');
  if (body.type === 'block_actions' && !isListOfObjects(body.actions)) return unreadable('The payload has no actions.');
  if (body.type.startsWith('view_') && !isJsonObject(body.view)) return unreadable('The payload has no view.');
  return { kind: 'incoming', name: body.type, body };
}

function isListOfObjects(value: JsonValue | undefined): boolean {
  return Array.isArray(value) && value.length > 0 && value.every(isJsonObject);
}

function readObject(text: string): JsonObject | string {
  const parsed = parseJson(text);
  if (!parsed.ok) return `Not the JSON that was expected: ${parsed.error}.`;
  return isJsonObject(parsed.value) ? parsed.value : 'The JSON is no object.';
}

function unreadable(why: string): SlackRequestBody {
  return { kind: 'unreadable', status: 400, why };
}
