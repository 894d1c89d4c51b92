/**
 * What a reader does not see, or what moves, hides or colours the text around it: control characters (C0, C1, escape
 * sequences begin with one), line separators, bidirectional controls and every other invisible format character, halves of
 * characters, and what Unicode calls "default ignorable". The two variation selectors of ordinary emoji stay.
 */
const UNSEEN = /(?![\uFE0E\uFE0F])[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/gu;

/**
 * One line of text that anybody may have written, fit for a terminal, a log or a page: whatever cannot be seen is shown as
 * `\u001b`. It makes no line of its own, and changes nothing around it.
 */
export function visible(line: string): string {
  return line.replace(UNSEEN, escaped);
}

/**
 * The same for a whole document that we wrote: its line breaks and tabs stay. In JSON the escapes mean what they replace,
 * and so they do in double-quoted YAML.
 */
export function visibleDocument(text: string): string {
  return text.replace(UNSEEN, (character) => (character === '\n' || character === '\t' ? character : escaped(character)));
}

function escaped(character: string): string {
  const units = Array.from({ length: character.length }, (_, i) => character.charCodeAt(i).toString(16).padStart(4, '0'));
  return units.map((unit) => `\\u${unit}`).join('');
}
