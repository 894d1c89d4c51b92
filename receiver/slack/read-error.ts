import { WebAPIHTTPError, WebAPIPlatformError, WebAPIRateLimitedError } from '@slack/web-api';
import { neverSent } from '../../src/lib/never-sent.ts';
import { proxyErrorIn } from '../../src/lib/proxy-error.ts';
import { retryAfter, waitEnd } from '../../src/lib/retry-after.ts';
import type { SendResult } from '../outbox/target.ts';

/** What Slack's answers mean. Pure: errors of the client in, results out. */

type Failure = Exclude<SendResult, { outcome: 'delivered' }>;

export interface SlackAnswerContext {
  /** For sentences: `#ml-deploys`, or an id. */
  readonly channel: string;
  /** It may not happen twice, so without an answer somebody has to look: a post, unlike an update. */
  readonly posts: boolean;
  readonly now: number;
}

/** For a limit that names no time. */
const LIMIT_WAIT_MS = 60_000;
/** Slack's error words; anything else in `error` was not written by Slack. */
const WORD = /^[a-z][a-z0-9_]{2,80}$/;
const SAID_CHARACTERS = 400;

const LIMITS: ReadonlySet<string> = new Set(['ratelimited', 'rate_limited', 'message_limit_exceeded']);

/** Slack's own trouble. Of the first two it says that "some aspect of the operation" may have succeeded all the same. */
const OUTAGES: ReadonlySet<string> = new Set([
  'internal_error',
  'fatal_error',
  'service_unavailable',
  'request_timeout',
  'server_error',
  'team_added_to_org',
]);

/**
 * Reads a failed call of the Web API. Rules: docs.slack.dev, "Rate limits" and the errors of chat.postMessage and
 * chat.update.
 *
 * `ok: false` is a refusal, but for limits and Slack's own outages; 5xx, time-outs and broken connections leave open
 * whether a post happened.
 */
export function readSlackFailure(error: unknown, context: SlackAnswerContext): Failure {
  if (error instanceof NotInstalledError) return { outcome: 'refused', status: null, detail: error.message };
  if (error instanceof WebAPIRateLimitedError) return limited(429, error.retryAfter, context);
  if (error instanceof WebAPIPlatformError) return readRefusal(error, context);
  if (error instanceof WebAPIHTTPError) return readStatus(error, context);
  return noAnswer(error, context);
}

/** Nothing was called, because the app is not installed any more. The message says what to do. */
export class NotInstalledError extends Error {
  override readonly name = 'NotInstalledError';
}

/** Slack's word for why it refused, such as `message_not_found`; `undefined` when the failure is of another kind. */
export function slackWord(error: unknown): string | undefined {
  const word: unknown = error instanceof WebAPIPlatformError ? error.data.error : undefined;
  return typeof word === 'string' && WORD.test(word) ? word : undefined;
}

/** Why messages cannot be looked for: half a sentence with what would have to be different. */
export function whyUnreadable(error: unknown, channel: string): string {
  const word = slackWord(error) ?? 'an unknown error';
  if (word === 'missing_scope') return `the app lacks the scope ${neededScope(error)}, which it needs to read ${channel}`;
  if (word === 'not_in_channel' || word === 'channel_not_found') return `the app is not in ${channel}, so it may not read there`;
  return `reading ${channel} was refused: ${word}`;
}

function readRefusal(error: WebAPIPlatformError, context: SlackAnswerContext): Failure {
  const word = slackWord(error);
  if (word === undefined) {
    const detail = 'an unexpected response: does SLACK_API_URL point to Slack?';
    return { outcome: 'failed', status: 200, ambiguous: context.posts, detail };
  }
  if (LIMITS.has(word)) {
    return limited(200, error.data.response_metadata?.retryAfter, context);
  }
  if (OUTAGES.has(word)) return { outcome: 'failed', status: 200, ambiguous: context.posts, detail: `Slack is in trouble: ${word}` };
  const advice = adviceFor(word, error, context.channel);
  return { outcome: 'refused', status: 200, detail: `Slack refused it (${word})${saidIn(error)}: ${advice}` };
}

/** What a person can do about a refusal. */
function adviceFor(word: string, error: WebAPIPlatformError, channel: string): string {
  switch (word) {
    case 'channel_not_found':
      return `there is no ${channel} that the app can see. Check the name in the config; a private channel needs "/invite @wandb-relay" there. Then replay`;
    case 'not_in_channel':
      return `the app is not in ${channel}. Invite it with "/invite @wandb-relay" there and replay`;
    case 'messages_tab_disabled':
      return 'the app may not write direct messages. Turn on "App Home" → "Messages Tab" (`wandb-relay slack manifest` has it with notify), and replay';
    case 'user_not_found':
    case 'user_disabled':
    case 'users_not_found':
    case 'user_not_visible':
    case 'cannot_dm_bot':
      return `${channel} is nobody whom the app can write to. Correct slack_users or the ids in the config, and replay`;
    case 'no_such_subteam':
    case 'subteam_not_found':
      return `there is no ${channel}. Correct the id in the config, and replay`;
    case 'is_archived':
      return `${channel} is archived. Unarchive it, or name another channel in the config, and replay`;
    case 'not_authed':
    case 'invalid_auth':
    case 'account_inactive':
    case 'token_revoked':
    case 'token_expired':
      return 'the token is not valid (any more). Install the app again, set SLACK_BOT_TOKEN, restart and replay';
    case 'not_allowed_token_type':
      return 'the token is of the wrong kind. Set SLACK_BOT_TOKEN to the bot token (xoxb-…), restart and replay';
    case 'missing_scope':
      return `the app lacks the scope ${neededScope(error)}. Add it under "OAuth & Permissions", reinstall the app and replay`;
    case 'restricted_action':
    case 'restricted_action_read_only_channel':
    case 'restricted_action_thread_only_channel':
    case 'restricted_action_non_threadable_channel':
    case 'restricted_action_thread_locked':
    case 'cant_broadcast_message':
      return `who may post in ${channel} is restricted. Let the app post there (the channel's settings, or a workspace admin) and replay`;
    case 'access_denied':
    case 'no_permission':
    case 'ekm_access_denied':
    case 'enterprise_is_restricted':
    case 'org_login_required':
    case 'team_access_not_granted':
    case 'app_access_restricted':
    case 'two_factor_setup_required':
      return 'the workspace does not let the app do this. Ask a workspace admin, then replay';
    case 'msg_too_long':
    case 'msg_blocks_too_long':
      return 'the message is too long. Shorten the text in the route and send the event again';
    case 'no_text':
      return 'the message is empty. Give the text in the route a default and send the event again';
    case 'invalid_blocks':
    case 'invalid_blocks_format':
    case 'invalid_arguments':
    case 'invalid_metadata_format':
    case 'invalid_metadata_schema':
    case 'metadata_too_large':
      return 'Slack does not take the message as it was built. Please report this, with the event';
    default:
      return 'see docs.slack.dev for what it means; fix that and replay';
  }
}

function readStatus(error: WebAPIHTTPError, context: SlackAnswerContext): Failure {
  const status = error.statusCode;
  if (status >= 500) {
    const notBefore = retryAfter(error.headers['retry-after'], context.now);
    const floor = notBefore === undefined ? {} : { notBefore };
    return { outcome: 'failed', status, ambiguous: context.posts, detail: `Slack answered ${status}`, ...floor };
  }
  const hint = 'does SLACK_API_URL point to Slack?';
  if (status < 400) return { outcome: 'failed', status, ambiguous: false, detail: `an unexpected response (${status}): ${hint}` };
  if (status === 408 || status === 425) return { outcome: 'failed', status, ambiguous: false, detail: `Slack answered ${status}` };
  return { outcome: 'refused', status, detail: `the answer was ${status}, which Slack does not send: ${hint}` };
}

function limited(status: number, seconds: number | undefined, { now }: SlackAnswerContext): Failure {
  const until = waitEnd(seconds ?? Number.NaN, now) ?? now + LIMIT_WAIT_MS;
  return { outcome: 'limited', status, until, detail: `Slack's rate limit; waiting until ${new Date(until).toISOString()}` };
}

function noAnswer(error: unknown, context: SlackAnswerContext): Failure {
  const notSent = neverSent(error);
  const what = proxyErrorIn(error)?.message ?? (isTimeout(error) ? 'no answer in time' : innermostMessage(error));
  return {
    outcome: 'failed',
    status: null,
    ambiguous: context.posts && !notSent,
    detail: notSent ? `Slack could not be reached: ${what}` : `the connection to Slack failed: ${what}`,
  };
}

function isTimeout(error: unknown): boolean {
  for (let at = error; at instanceof Error; at = at.cause) if (at.name === 'TimeoutError') return true;
  return false;
}

/** The innermost cause says the most: `connect ECONNREFUSED …` instead of `fetch failed`. */
function innermostMessage(error: unknown): string {
  let message = error instanceof Error ? '' : String(error);
  for (let at = error; at instanceof Error; at = at.cause) if (at.message !== '') message = at.message;
  return message.slice(0, SAID_CHARACTERS);
}

/** What Slack says beside its word: which block, which field. */
function saidIn(error: WebAPIPlatformError): string {
  const messages = (error.data.response_metadata?.messages ?? []).join('; ');
  return messages === '' ? '' : ` ${messages.slice(0, SAID_CHARACTERS)}`;
}

/** The scope that Slack says is missing, or words for it. */
export function neededScope(error: unknown): string {
  const needed: unknown = error instanceof WebAPIPlatformError && 'needed' in error.data ? error.data.needed : undefined;
  return typeof needed === 'string' && needed !== '' ? needed : 'that Slack asks for';
}
