import { nearestWord } from '../lib/nearest-word.ts';

const MOST = 3;

/** Names of a project's metrics that were probably meant, the likeliest first: another spelling, another prefix, a near word. */
export function suggestMetrics(wanted: string, names: readonly string[]): string[] {
  const others = [...new Set(names)].filter((name) => name !== wanted && !name.startsWith('_')).toSorted();
  const plain = plainName(wanted);
  const last = lastPart(wanted);
  const near = nearestWord(wanted, others);
  return [
    ...new Set([
      ...others.filter((name) => plainName(name) === plain),
      ...others.filter((name) => lastPart(name) === last),
      ...(near === undefined ? [] : [near]),
      ...others.filter((name) => last.length > 2 && plainName(name).includes(last)),
      ...sharing(wanted, others),
    ]),
  ].slice(0, MOST);
}

function plainName(name: string): string {
  return name.toLowerCase().replace(/[^\p{L}\p{N}]/gu, '');
}

function lastPart(name: string): string {
  return (name.toLowerCase().split(/[/.]/).at(-1) ?? '').replace(/[^\p{L}\p{N}]/gu, '');
}

/** Names that have a word in common with the one that is wanted, most words first. */
function sharing(wanted: string, names: readonly string[]): string[] {
  const words = new Set(wordsOf(wanted));
  const shared = (name: string): number => wordsOf(name).filter((word) => words.has(word)).length;
  return names.filter((name) => shared(name) > 0).toSorted((a, b) => shared(b) - shared(a));
}

function wordsOf(name: string): string[] {
  return name
    .toLowerCase()
    .split(/[^\p{L}\p{N}]+/u)
    .filter((word) => word.length > 2);
}
