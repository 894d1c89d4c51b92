import { blocksProblem, messageProblem } from '../../stand-ins/slack-rules.ts';

/**
 * Checks a message or a view against Slack's documented rules, from the documentation and not from our code, and against
 * what we promise besides: `verbatim` and `emoji` everywhere, and no text that is what a name could have made of it.
 */

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
type Thing = { [key: string]: Json };

export interface SlackLimits {
  /** How many blocks: 50 in a message, 100 in a view. */
  readonly most?: number;
  /** The message's `text`. */
  readonly text?: string;
  /** More that may stand in angle brackets, such as mentions of a test's own people. */
  readonly ours?: RegExp;
}

/** What Slack would refuse and what we promise not to send, each with its path. Empty: nothing. */
export function slackProblems(blocks: unknown, { most = 50, text, ours }: SlackLimits = {}): string[] {
  const problems: string[] = [];
  const say = (at: string, what: string): void => void problems.push(`${at}: ${what}`);
  if (stringsIn(blocks).some((one) => !one.isWellFormed())) say('blocks', 'a lone surrogate');
  const list = JSON.parse(JSON.stringify(blocks)) as Thing[];
  if (list.length === 0 || list.length > most) say('blocks', `${list.length} of them`);
  if (JSON.stringify(list).length > (most > 50 ? 250_000 : 13_000)) say('blocks', `${JSON.stringify(list).length} characters in all`);
  const surface = most > 50 ? 'home' : 'message';
  const refused = text === undefined ? blocksProblem(list, surface) : messageProblem({ blocks: list, text }, 'update');
  if (refused !== undefined) say(refused.error, refused.messages.join('\n'));
  const checks: Checks = { say, ours: ours === undefined ? OURS : new RegExp(`${OURS.source}|${ours.source}`) };
  for (const [at, thing] of thingsIn(list, 'blocks')) checkThing(thing, at, checks);
  if (text !== undefined) checkMrkdwn(text, 'text', checks);
  return problems;
}

interface Checks {
  readonly say: (at: string, what: string) => void;
  readonly ours: RegExp;
}

/** Texts by our promises; interactive elements need an `action_id` of ours, or nothing handles them. */
function checkThing(thing: Thing, at: string, checks: Checks): void {
  const { type, text, verbatim, emoji } = thing;
  if (type === 'mrkdwn') {
    if (verbatim !== true) checks.say(at, 'not verbatim');
    checkMrkdwn(String(text), at, checks);
  } else if (type === 'plain_text') {
    if (emoji !== false) checks.say(at, 'plain_text without emoji: false');
    if (/[<>\n]/.test(String(text))) checks.say(at, `angle brackets or line breaks in plain_text: ${String(text)}`);
    checkDirection(String(text), at, checks);
  } else if (type === 'button' || type === 'overflow' || type === 'static_select') {
    if (thing.action_id === undefined) checks.say(at, 'no action_id');
    if (thing.url !== undefined && (!/^https?:\/\/[\x21-\x7e]+$/.test(String(thing.url)) || /[<>|]/.test(String(thing.url))))
      checks.say(at, 'a bad url');
  } else if (type === 'data_visualization') {
    for (const word of stringsIn(thing)) checkDirection(word, at, checks);
  }
}

/** Links to the hosts of the tests, dates, mentions of the tests' ids: all else in angle brackets came from a name. */
const OURS =
  /^<(?:https:\/\/(?:forge\.coreweave\.com\/(?:wandb|registry)|github\.com)\/[\x21-\x7e]*\|[^<>|\n]+|!date\^-?\d+\^\{date_short_pretty\} at \{time\}\|[^<>|\n]+|@UAPPROVER\d*|!subteam\^SAPPROVER|#CASKED)>$/;

function checkMrkdwn(whole: string, at: string, { say, ours }: Checks): void {
  if (whole.trim() === '') say(at, 'blank');
  const rest = whole.replace(/<[^<>]*>/g, (token) => {
    if (!ours.test(token)) say(at, `not ours: ${token}`);
    return '';
  });
  if (/[<>]/.test(rest)) say(at, `an unescaped angle bracket: ${rest}`);
  if (/&(?!amp;|lt;|gt;)/.test(whole)) say(at, `an unescaped or cut ampersand: ${whole}`);
  checkDirection(whole, at, { say });
}

/** Embeddings and overrides never; isolates only in pairs, one level deep. */
function checkDirection(text: string, at: string, { say }: Pick<Checks, 'say'>): void {
  if (/[\u202A-\u202E\u2066\u2067]/.test(text)) say(at, 'a bidi control');
  if (/[\u2068\u2069]/.test(text.replace(/\u2068[^\u2068\u2069]*\u2069/g, ''))) say(at, 'an isolate that is not closed');
  if (!text.isWellFormed()) say(at, 'a lone surrogate');
}

/** Every object inside, with its path. */
function thingsIn(value: Json, at: string): [string, Thing][] {
  if (typeof value !== 'object' || value === null) return [];
  const inside = Object.entries(value).flatMap(([key, item]) => thingsIn(item, `${at}.${key}`));
  return Array.isArray(value) ? inside : [[at, value], ...inside];
}

function stringsIn(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(stringsIn) : [];
}
