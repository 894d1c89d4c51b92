/**
 * Characters that are invisible, or that move, hide or colour other text: control characters (C0, C1, which begin escape
 * sequences), line separators, bidirectional controls and other invisible format characters, lone surrogates, and Unicode's
 * "default ignorable" code points. The two variation selectors of ordinary emoji are kept.
 */
const UNSEEN = /(?![\uFE0E\uFE0F])[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/gu;

/**
 * Text from outside as one line for a terminal, a log or a page. Invisible characters are shown as escapes such as `\u001b`,
 * so the text cannot break the line or change the text around it.
 */
export function visible(line: string): string {
  return line.replace(UNSEEN, escaped);
}

/**
 * The same for a document that we generated: its line breaks and tabs are kept. In JSON and in double-quoted YAML the escapes
 * are read as the original characters.
 */
export function visibleDocument(text: string): string {
  return text.replace(UNSEEN, (character) => (character === '\n' || character === '\t' ? character : escaped(character)));
}

/** The text with each invisible character replaced by what `by` makes of it. */
export function replaceUnseen(text: string, by: (character: string) => string): string {
  return text.replace(UNSEEN, by);
}

function escaped(character: string): string {
  const units = Array.from({ length: character.length }, (_, i) => character.charCodeAt(i).toString(16).padStart(4, '0'));
  return units.map((unit) => `\\u${unit}`).join('');
}
