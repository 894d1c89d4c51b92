/** One program call of a shell example: its words, without assignments in front and comments behind. */
export type Call = readonly string[];

/** The calls of a shell example, in order. Understands what the documentation uses: quotes, `\` at the end of a line, `&&`, `#`. */
export function callsOf(script: string): Call[] {
  return script
    .replace(/\\\n\s*/g, ' ')
    .split('\n')
    .flatMap((line) => splitAtAnd(wordsOf(line)))
    .map((words) => words.slice(words.findIndex((word) => !/^[A-Z_]+=/.test(word))))
    .filter((words) => words.length > 0);
}

/** Quotes stay inside the words, so that a quoted `&&` or `#` is nothing special. */
function wordsOf(line: string): string[] {
  const words = line.match(/(?:"[^"]*"|'[^']*'|[^\s"'])+/g) ?? [];
  const comment = words.findIndex((word) => word.startsWith('#'));
  return comment < 0 ? words : words.slice(0, comment);
}

function splitAtAnd(words: readonly string[]): string[][] {
  const calls: string[][] = [[]];
  for (const word of words) {
    if (word === '&&') calls.push([]);
    else calls.at(-1)?.push(word);
  }
  return calls;
}
