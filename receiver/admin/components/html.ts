import { html as markup, raw } from 'hono/html';
import type { HtmlEscapedString } from 'hono/utils/html';
import { replaceUnseen, visible, visibleDocument } from '../../../src/lib/visible.ts';

/** A piece of a page. Values in it are escaped; `html` never takes text from outside as markup. */
export type Html = HtmlEscapedString | Promise<HtmlEscapedString>;

/**
 * The tag of every piece of a page. Text in it is escaped, and signs that nobody sees, or that turn other text round, are shown as
 * `\u202e`, so no name from outside can look like another one. What a form sends back stays what it is.
 */
export function html(strings: TemplateStringsArray, ...values: unknown[]): Html {
  return markup(strings, ...values.map((value, i) => shown(value, strings[i]?.endsWith(' value="') === true)));
}

/** @param isSentBack it is the value of a field: browsers send references as the characters that they stand for */
function shown(value: unknown, isSentBack: boolean): unknown {
  if (Array.isArray(value)) return value.map((one) => shown(one, isSentBack));
  // Pieces of markup are objects.
  if (typeof value !== 'string') return value;
  return isSentBack ? withReferences(value) : visibleDocument(value.replaceAll('\r\n', '\n'));
}

/** The same characters as numeric references; those that HTML knows no reference for (HTML, 13.2.5.80) are shown. */
function withReferences(value: string): Html {
  const reference = (character: string): string => {
    const code = character.codePointAt(0) ?? 0;
    const hasNone = code === 0 || (code >= 0x7f && code <= 0x9f) || (code >= 0xd800 && code <= 0xdfff);
    return hasNone ? visible(character) : `&#x${code.toString(16)};`;
  };
  return raw(replaceUnseen(String(markup`${value}`), reference));
}
