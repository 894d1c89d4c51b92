import { closest, distance } from 'fastest-levenshtein';

/** The known word that was most likely meant, or `undefined` if none is close enough. */
export function nearestWord(word: string, known: readonly string[]): string | undefined {
  if (known.length === 0) return undefined;
  const candidate = closest(word, [...known]);
  const away = distance(word, candidate);
  return away < word.length && away <= Math.max(2, Math.floor(word.length / 3)) ? candidate : undefined;
}

/** ` (did you mean "x"?)`, or nothing. */
export function didYouMean(word: string, known: readonly string[]): string {
  const near = nearestWord(word, known);
  return near === undefined ? '' : ` (did you mean "${near}"?)`;
}
