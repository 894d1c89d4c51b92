import { visible, visibleDocument } from '../../src/lib/visible.ts';

/**
 * How commands print. Whatever they print may hold text from outside: nothing in it makes a line of its own, or reaches a
 * terminal as an escape sequence.
 */
export interface Printer {
  /** Lines on standard output; a line break inside of one is shown as `\u000a`. */
  print(...lines: string[]): void;
  /** A whole document that we wrote, such as JSON or YAML, on standard output: it keeps its line breaks. */
  printDocument(text: string): void;
  /** Lines on standard error. */
  complain(...lines: string[]): void;
}

/** The one place from which commands print. */
export function printerOf(out: (text: string) => void, err: (text: string) => void): Printer {
  const linesOf = (lines: readonly string[]) => lines.map((line) => `${visible(line)}\n`).join('');
  return {
    print: (...lines) => out(linesOf(lines)),
    printDocument: (text) => out(`${visibleDocument(text)}\n`),
    complain: (...lines) => err(linesOf(lines)),
  };
}
