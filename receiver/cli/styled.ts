import { visible } from '../../src/lib/visible.ts';

/** How a piece of a line looks on a terminal that shows colours. */
export type Style = 'bold' | 'dim' | 'red' | 'blue' | 'yellow';

/** A piece of a line. Its text may come from outside: it is made fit for a terminal when it is printed. */
export interface Span {
  readonly text: string;
  readonly style?: Style;
}

export type StyledLine = readonly Span[];

/** A piece of a line. */
export function span(text: string, style?: Style): Span {
  return style === undefined ? { text } : { text, style };
}

/** The lines without colours. */
export function plainLines(lines: readonly StyledLine[]): string[] {
  return lines.map((line) =>
    line
      .map(({ text }) => text)
      .join('')
      .trimEnd(),
  );
}

/** Select Graphic Rendition (ECMA-48): what begins and what ends a style. */
const CODES: Readonly<Record<Style, readonly [number, number]>> = {
  bold: [1, 22],
  dim: [2, 22],
  red: [31, 39],
  blue: [34, 39],
  yellow: [33, 39],
};

/** The lines for a terminal that shows colours. Only our own escape sequences are in them. */
export function colouredText(lines: readonly StyledLine[]): string {
  return lines.map((line) => `${line.map(coloured).join('')}\n`).join('');
}

function coloured({ text, style }: Span): string {
  if (style === undefined) return visible(text);
  const [on, off] = CODES[style];
  return `\x1b[${on}m${visible(text)}\x1b[${off}m`;
}
