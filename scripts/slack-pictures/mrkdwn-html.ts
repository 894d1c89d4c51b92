import { escapeHtml } from '../../src/lib/markdown.ts';
import type { Html } from '../../src/lib/safe-html.ts';
import { EMOJI_CODE, emojiOf } from './emoji.ts';

/** Whom mentions name, by id, and what time it is in the picture. */
export interface Reader {
  readonly names: Readonly<Record<string, string>>;
  /** Milliseconds since 1970. */
  readonly now: number;
}

/** Slack's mrkdwn as HTML (Slack, "Formatting message text"). Everything is escaped before anything is formatted. */
export function mrkdwnHtml(mrkdwn: string, reader: Reader): Html {
  const tokens: string[] = [];
  // A token's HTML stands aside while the text around it is formatted.
  const aside = (htmlOfToken: string): string => `\uE000${tokens.push(htmlOfToken) - 1}\uE001`;
  const escaped = mrkdwn
    .split(/(<[^<>]*>)/)
    .map((part) =>
      /^<[^<>]*>$/.test(part) ? aside(tokenHtml(part.slice(1, -1), reader)) : escapeHtml(decoded(part).replace(/[\uE000\uE001]/g, '')),
    )
    .join('');
  const code = escaped
    .replace(/```\n?([^`]+?)\n?```/g, (_, inside: string) => aside(`<pre>${inside}</pre>`))
    .replace(/`([^`\n]+)`/g, (_, inside: string) => aside(`<code>${inside}</code>`));
  const formatted = styled(code)
    .replace(EMOJI_CODE, (whole, name: string) => emojiHtml(name) ?? whole)
    .replace(/^&gt; ?(.*)$/gm, '<span class="quote">$1</span>')
    .replaceAll('\n', '<br>');
  return { html: restored(formatted, tokens) };
}

/** The same as text: what a notification or a screen reader gets of it. */
export function mrkdwnPlain(mrkdwn: string, reader: Reader): string {
  return mrkdwn
    .split(/(<[^<>]*>)/)
    .map((part) => (/^<[^<>]*>$/.test(part) ? tokenWords(part.slice(1, -1), reader).words : decoded(part)))
    .join('')
    .replace(EMOJI_CODE, (whole, name: string) => emojiOf(name) ?? whole);
}

/** plain_text: no formatting; emoji unless it says no. */
export function plainHtml(text: string, emoji: boolean): Html {
  const escaped = escapeHtml(text).replaceAll('\n', '<br>');
  return { html: emoji ? escaped.replace(EMOJI_CODE, (whole, name: string) => emojiHtml(name) ?? whole) : escaped };
}

function emojiHtml(name: string): string | undefined {
  const emoji = emojiOf(name);
  return emoji === undefined ? undefined : `<span class="emoji">${emoji}</span>`;
}

const STYLES: readonly (readonly [sign: string, element: string])[] = [
  ['*', 'b'],
  ['_', 'i'],
  ['~', 's'],
];

/** Puts what stands between two signs into an element, where Slack does: the signs are at the edges of words. */
function styled(text: string): string {
  return STYLES.reduce((done, [sign, element]) => {
    const edge = `[\\p{L}\\p{N}${sign}]`;
    const pattern = new RegExp(`(?<!${edge})[${sign}](?=\\S)([^${sign}\\n]*?\\S)[${sign}](?!${edge})`, 'gu');
    return done.replace(pattern, `<${element}>$1</${element}>`);
  }, text);
}

function restored(text: string, tokens: readonly string[]): string {
  return text.replace(/\uE000(\d+)\uE001/g, (_, index: string) => restored(tokens[Number(index)] ?? '', tokens));
}

function tokenHtml(token: string, reader: Reader): string {
  const { words, kind } = tokenWords(token, reader);
  return `<span class="${kind}">${escapeHtml(words)}</span>`;
}

/** What stands between angle brackets: a date, a mention, a channel or a link. */
function tokenWords(token: string, { names, now }: Reader): { readonly words: string; readonly kind: 'date' | 'mention' | 'link' } {
  const [target = '', label] = splitAt(token, '|');
  const [, seconds, format] = /^!date\^(-?\d+)\^([^^]*)/.exec(target) ?? [];
  if (seconds !== undefined && format !== undefined) return { words: dateWords(Number(seconds) * 1000, format, now), kind: 'date' };
  const [, group] = /^!subteam\^(\w+)/.exec(target) ?? [];
  if (group !== undefined) return { words: `@${names[group] ?? label ?? group}`, kind: 'mention' };
  if (target.startsWith('@')) return { words: `@${names[target.slice(1)] ?? label ?? target.slice(1)}`, kind: 'mention' };
  if (target.startsWith('#')) return { words: `#${names[target.slice(1)] ?? label ?? target.slice(1)}`, kind: 'mention' };
  if (target.startsWith('!')) return { words: `@${target.slice(1)}`, kind: 'mention' };
  return { words: decoded(label ?? target), kind: 'link' };
}

function splitAt(text: string, sign: string): [string, string?] {
  const at = text.indexOf(sign);
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + 1)];
}

const DAY = 86_400_000;
const UTC = { timeZone: 'UTC' } as const;

/** Slack, "Formatting message text": the placeholders of a date, for a reader in UTC. */
function dateWords(at: number, format: string, now: number): string {
  const write = (options: Intl.DateTimeFormatOptions): string => new Intl.DateTimeFormat('en-US', { ...UTC, ...options }).format(at);
  const near: Readonly<Record<string, string>> = { '0': 'today', '1': 'tomorrow', '-1': 'yesterday' };
  const pretty = near[String(Math.floor(at / DAY) - Math.floor(now / DAY))];
  const short = write({ month: 'short', day: 'numeric', year: 'numeric' });
  const long = write({ weekday: 'long', month: 'long', day: 'numeric', year: 'numeric' });
  const plain = write({ month: 'long', day: 'numeric', year: 'numeric' });
  const words: Readonly<Record<string, string>> = {
    date_num: new Date(at).toISOString().slice(0, 10),
    date: plain,
    date_short: short,
    date_long: long,
    date_pretty: pretty ?? plain,
    date_short_pretty: pretty ?? short,
    date_long_pretty: pretty ?? long,
    time: write({ hour: 'numeric', minute: '2-digit' }),
    time_secs: write({ hour: 'numeric', minute: '2-digit', second: '2-digit' }),
  };
  return format.replace(/\{(\w+)\}/g, (whole, name: string) => words[name] ?? whole);
}

function decoded(text: string): string {
  return text.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&');
}
