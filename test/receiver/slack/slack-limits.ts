/**
 * Checks a message or a view against Slack's documented rules, from the documentation and not from our code: every list
 * and text has its limit, `verbatim` and `emoji` are as we promise, and no text is what a name could have made of it.
 */

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
type Thing = { [key: string]: Json };

/** What Slack would refuse, each with its path. Empty: nothing. */
export function slackProblems(blocks: unknown, { most = 50, text }: { most?: number; text?: string } = {}): string[] {
  const problems: string[] = [];
  const say = (at: string, what: string): void => void problems.push(`${at}: ${what}`);
  if (JSON.stringify(JSON.parse(JSON.stringify(blocks))) !== JSON.stringify(blocks)) say('blocks', 'JSON does not round-trip');
  if (stringsIn(blocks).some((one) => !one.isWellFormed())) say('blocks', 'a lone surrogate');
  const list = JSON.parse(JSON.stringify(blocks)) as Thing[];
  if (list.length === 0 || list.length > most) say('blocks', `${list.length} of them`);
  if (JSON.stringify(list).length > 13_000) say('blocks', `${JSON.stringify(list).length} characters in all`);
  list.forEach((block, index) => {
    checkBlock(block, `blocks[${index}]`, say);
  });
  if (text !== undefined) checkMrkdwn(text, 1, 3000, 'text', say);
  return problems;
}

type Say = (at: string, what: string) => void;

function checkBlock(block: Thing, at: string, say: Say): void {
  if (block.block_id !== undefined) size(block.block_id, 1, 255, `${at}.block_id`, say);
  switch (block.type) {
    case 'section': {
      if (block.text === undefined && block.fields === undefined) say(at, 'neither text nor fields');
      if (block.text !== undefined) checkText(block.text, 3000, `${at}.text`, say);
      if (block.fields !== undefined) each(block.fields, 1, 10, `${at}.fields`, say, (field, path) => checkText(field, 2000, path, say));
      if (block.accessory !== undefined) checkElement(block.accessory as Thing, `${at}.accessory`, say);
      return;
    }
    case 'context':
      each(block.elements, 1, 10, `${at}.elements`, say, (element, path) => checkText(element, 3000, path, say));
      return;
    case 'actions': {
      each(block.elements, 1, 25, `${at}.elements`, say, (element, path) => checkElement(element, path, say));
      const ids = (block.elements as Thing[]).map((element) => element.action_id);
      if (new Set(ids).size !== ids.length) say(at, 'an action_id twice');
      return;
    }
    case 'header':
      if ((block.text as Thing).type !== 'plain_text') say(at, 'a header is plain_text');
      checkText(block.text, 150, `${at}.text`, say);
      return;
    case 'divider':
      return;
    default:
      say(at, `a block of type ${String(block.type)}`);
  }
}

function checkElement(element: Thing, at: string, say: Say): void {
  size(element.action_id, 1, 255, `${at}.action_id`, say);
  if (element.confirm !== undefined) {
    const { title, text, confirm, deny } = element.confirm as Thing;
    checkPlain(title, 100, `${at}.confirm.title`, say);
    checkText(text, 300, `${at}.confirm.text`, say);
    checkPlain(confirm, 30, `${at}.confirm.confirm`, say);
    checkPlain(deny, 30, `${at}.confirm.deny`, say);
  }
  if (element.type === 'button') {
    checkPlain(element.text, 75, `${at}.text`, say);
    if (element.value !== undefined) size(element.value, 1, 2000, `${at}.value`, say);
    if (element.url !== undefined) {
      size(element.url, 1, 3000, `${at}.url`, say);
      if (!/^https?:\/\/[\x21-\x7e]+$/.test(element.url as string) || /[<>|]/.test(element.url as string)) say(at, 'a bad url');
    }
    return;
  }
  if (element.type !== 'overflow') say(at, `an element of type ${String(element.type)}`);
  each(element.options, 1, 5, `${at}.options`, say, (option, path) => {
    checkPlain(option.text, 75, `${path}.text`, say);
    size(option.value, 1, 150, `${path}.value`, say);
  });
}

function checkPlain(text: Json | undefined, limit: number, at: string, say: Say): void {
  if ((text as Thing | undefined)?.type !== 'plain_text') say(at, 'not plain_text');
  checkText(text, limit, at, say);
}

function checkText(object: Json | undefined, limit: number, at: string, say: Say): void {
  const { type, text, verbatim, emoji } = object as Thing;
  if (type === 'mrkdwn') {
    if (verbatim !== true) say(at, 'not verbatim');
    checkMrkdwn(text, 1, limit, at, say);
    return;
  }
  if (type !== 'plain_text' || emoji !== false) say(at, 'neither mrkdwn nor plain_text without emoji');
  if (/[<>\n]/.test(String(text))) say(at, `angle brackets or line breaks in plain_text: ${String(text)}`);
  checkDirection(String(text), at, say);
  size(text, 1, limit, at, say);
}

/** Links to the hosts of the tests, dates, mentions of the tests' ids: all else in angle brackets came from a name. */
const OURS =
  /^<(?:https:\/\/(?:forge\.coreweave\.com\/(?:wandb|registry)|github\.com)\/[\x21-\x7e]*\|[^<>|\n]+|!date\^-?\d+\^\{date_short_pretty\} at \{time\}\|[^<>|\n]+|@UAPPROVER\d*|!subteam\^SAPPROVER|#CASKED)>$/;

function checkMrkdwn(text: Json | undefined, least: number, limit: number, at: string, say: Say): void {
  size(text, least, limit, at, say);
  const whole = String(text);
  if (whole.trim() === '') say(at, 'blank');
  const rest = whole.replace(/<[^<>]*>/g, (token) => {
    if (!OURS.test(token)) say(at, `not ours: ${token}`);
    return '';
  });
  if (/[<>]/.test(rest)) say(at, `an unescaped angle bracket: ${rest}`);
  if (/&(?!amp;|lt;|gt;)/.test(whole)) say(at, `an unescaped or cut ampersand: ${whole}`);
  checkDirection(whole, at, say);
}

/** Embeddings and overrides never; isolates only in pairs, one level deep. */
function checkDirection(text: string, at: string, say: Say): void {
  if (/[\u202A-\u202E\u2066\u2067]/.test(text)) say(at, 'a bidi control');
  if (/[\u2068\u2069]/.test(text.replace(/\u2068[^\u2068\u2069]*\u2069/g, ''))) say(at, 'an isolate that is not closed');
  if (!text.isWellFormed()) say(at, 'a lone surrogate');
}

function each(list: Json | undefined, least: number, most: number, at: string, say: Say, check: (item: Thing, at: string) => void): void {
  const items = list as Thing[];
  if (!Array.isArray(items) || items.length < least || items.length > most) say(at, `${items?.length} of them`);
  items.forEach((item, index) => {
    check(item, `${at}[${index}]`);
  });
}

function size(text: Json | undefined, least: number, most: number, at: string, say: Say): void {
  if (typeof text !== 'string' || text.length < least || text.length > most) say(at, `${String(text).length} characters: ${text}`);
}

function stringsIn(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(stringsIn) : [];
}
