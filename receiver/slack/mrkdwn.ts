import { escapeMrkdwn, withoutFormatting } from '../../src/lib/mrkdwn.ts';
import { visible } from '../../src/lib/visible.ts';

/** Longest name inside a sentence, in characters after escaping: three of them leave room for the words between. */
export const NAME_LIMIT = 120;
/** Slack's limit for the address of a link button (Slack, "Button element"). */
const BUTTON_URL_LIMIT = 3000;
/** A longer address would crowd out the text around its link, which counts against the same limit. */
const LINK_URL_LIMIT = 1000;

/** Embeddings, overrides and isolates (Unicode, UAX #9): with them a name reorders the text around it. */
const BIDI_CONTROLS = /[\u202A-\u202E\u2066-\u2069]/gu;
/** Marks of direction, and signs without a width that no script and no emoji needs: with them one name looks like another. */
const HIDDEN = /[\u00AD\u061C\u180E\u200B\u200E\u200F\u2060-\u2064\uFEFF]/gu;
const CONTROLS = /[\p{Cc}\u2028\u2029]+/gu;
const CONTROLS_BUT_LINE_BREAKS = /[^\P{Cc}\n]+/gu;
/** The blocks of right-to-left scripts, and the mark that counts as one (Unicode, DerivedBidiClass). */
const RIGHT_TO_LEFT = /[\u0590-\u08FF\u200F\uFB1D-\uFDFF\uFE70-\uFEFF\u{10800}-\u{10FFF}\u{1E800}-\u{1EFFF}]/u;
const FIRST_STRONG_ISOLATE = '\u2068';
const POP_ISOLATE = '\u2069';
/** What stands for one thing and is never cut in half: a link, mention or date, an escaped character, an isolated name. */
const ATOMS = /<[^<>\n]*>|&(?:amp|lt|gt);|\u2068[^\u2068\u2069]*\u2069/g;
const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' });

/** A name that anybody may have chosen, as mrkdwn that says the name and does nothing else; at most `limit` characters. */
export function mrkdwnName(name: string, limit: number = NAME_LIMIT): string {
  const clean = withoutFormatting(beginning(cleanName(name), limit));
  return isolated(clean, limit, (text, room) => cut(escapeMrkdwn(text), room));
}

/**
 * The same for plain_text, where nothing is escaped. Angle brackets get a twin, because Slack does not say whether
 * it decodes entities there.
 */
export function plainName(name: string, limit: number = NAME_LIMIT): string {
  return isolated(cleanName(name).replaceAll('<', '\u2039').replaceAll('>', '\u203A'), limit, cut);
}

/** A name in bold. */
export function bold(name: string, limit: number = NAME_LIMIT): string {
  return `*${mrkdwnName(name, limit)}*`;
}

/**
 * Our own mrkdwn, its names escaped, in at most `limit` characters: cut between graphemes, never inside a link, a mention,
 * an escaped character or an isolated name.
 */
export function fitMrkdwn(text: string, limit: number): string {
  return cut(text, limit);
}

/**
 * What a route's template made: mrkdwn whose values are escaped but not clean. Keeps its links and line breaks, drops what
 * reorders text or what JSON cannot hold; `undefined` when nothing is left.
 */
export function templateText(text: string, limit: number): string | undefined {
  const clean = text.toWellFormed().replace(BIDI_CONTROLS, '').replace(HIDDEN, visible).replace(CONTROLS_BUT_LINE_BREAKS, ' ').trim();
  return clean === '' ? undefined : cut(clean, limit);
}

/** A link, or only its label when the address is none. The label is a name; it is escaped here. */
export function link(url: string | null | undefined, label: string, limit: number = NAME_LIMIT): string {
  const address = safeUrl(url, LINK_URL_LIMIT);
  // A bar would end the label for some of Slack's clients.
  const text = mrkdwnName(label.replaceAll('|', '\u00A6'), limit);
  return address === undefined ? text : `<${escapeMrkdwn(address)}|${text}>`;
}

/** An http address with everything percent-encoded that could end it, or `undefined` when it is none or too long. */
export function safeUrl(url: string | null | undefined, limit: number = BUTTON_URL_LIMIT): string | undefined {
  if (url === null || url === undefined || !URL.canParse(url)) return undefined;
  const { href, protocol } = new URL(url);
  if (protocol !== 'https:' && protocol !== 'http:') return undefined;
  const encoded = href.replaceAll('|', '%7C').replaceAll('<', '%3C').replaceAll('>', '%3E');
  return escapeMrkdwn(encoded).length > limit ? undefined : encoded;
}

/** The latest moment that a `Date` can be, in milliseconds since 1970 (ECMAScript). */
const LAST_MOMENT = 8.64e15;

/** A moment in the reader's own time zone; UTC where that cannot be shown (Slack, "Date formatting"). */
export function slackDate(at: number): string {
  if (!(Math.abs(at) <= LAST_MOMENT)) return 'at an unknown time';
  const utc = new Date(at).toISOString().slice(0, 16).replace('T', ' ');
  return `<!date^${Math.floor(at / 1000)}^{date_short_pretty} at {time}|${utc} UTC>`;
}

/** Mentions a user or user group of the config; whatever does not look like an id is only named. */
export function mention(id: string): string {
  if (/^[UW][A-Z0-9]{2,30}$/.test(id)) return `<@${id}>`;
  return /^S[A-Z0-9]{2,30}$/.test(id) ? `<!subteam^${id}>` : mrkdwnName(id);
}

/** A channel as the config has it, by id or by name. */
export function channelName(channel: string): string {
  return /^[CG][A-Z0-9]{2,30}$/.test(channel) ? `<#${channel}>` : mrkdwnName(channel);
}

function cleanName(name: string): string {
  const clean = name.toWellFormed().replace(BIDI_CONTROLS, '').replace(HIDDEN, visible).replace(CONTROLS, ' ').trim();
  return clean === '' ? '(blank)' : clean;
}

/** So many characters behind the limit may say what those before it mean: the rest of an emoji's code. */
const BEHIND_LIMIT = 100;

/** All of a text that is looked at: a name may be long. What is shown of it only gets longer. */
function beginning(text: string, limit: number): string {
  return text.slice(0, limit + BEHIND_LIMIT);
}

/** Keeps the direction of a right-to-left name inside the name. */
function isolated(text: string, limit: number, shorten: (text: string, limit: number) => string): string {
  if (!RIGHT_TO_LEFT.test(text)) return shorten(text, limit);
  return `${FIRST_STRONG_ISOLATE}${shorten(text, limit - 2)}${POP_ISOLATE}`;
}

function cut(text: string, limit: number): string {
  if (text.length <= limit) return text;
  const atoms = text.matchAll(ATOMS);
  let atom = atoms.next().value;
  let end = 0;
  for (const { index, segment } of graphemes.segment(text)) {
    const next = index + segment.length;
    if (next > limit - 1) break;
    while (atom !== undefined && atom.index + atom[0].length < next) atom = atoms.next().value;
    const inside = atom !== undefined && atom.index < next && next < atom.index + atom[0].length;
    if (!inside) end = next;
  }
  return `${text.slice(0, end).trimEnd()}…`;
}
