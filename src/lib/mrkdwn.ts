/**
 * Escapes text for Slack's mrkdwn. Mentions, links and dates are written with `&`, `<` and `>`, the only characters that
 * Slack asks to escape (Slack, "Formatting text for app surfaces").
 */
export function escapeMrkdwn(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

/** Slack has no escape for formatting, so a twin takes the place of a character that would format. */
const TWINS: Readonly<Record<string, string>> = {
  '`': '\u02CB',
  '*': '\u2217',
  '~': '\u223C',
  _: '\u02CD',
  ':': '\uA789',
};
/** Formatting characters everywhere; underscores where a word begins or ends, and the first colon of an emoji's code. */
const FORMATTING = /[`*~]|(?<![\p{L}\p{N}_])_+|_+(?![\p{L}\p{N}_])|:(?=[\p{L}\p{N}_+'-]+:)/gu;

/** Text in which nothing is bold, italic, struck, code or an emoji. */
export function withoutFormatting(text: string): string {
  return text.replace(FORMATTING, (found) => [...found].map((character) => TWINS[character] ?? character).join(''));
}
