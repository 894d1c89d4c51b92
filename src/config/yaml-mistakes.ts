import { type Document, isMap, isPair, isScalar, type LineCounter, type Pair, visit } from 'yaml';
import type { Diagnostic } from '../lib/diagnostic.ts';
import { locationAt } from './locator.ts';

/** Mistakes that YAML itself makes of what people write: `#` begins a comment, and `{` a mapping. */

/** `#ml-alerts`: a channel. Nobody writes a comment without a space, so it is none of a heading. */
const HASH_WORD = /#[^\s#][^\s,}\]]*/;

/**
 * The one error behind the errors of a document that is no YAML: a value that had to be in quotes. `undefined` if the cause
 * is something else.
 *
 * @param first where the parser found the first error, in characters from the start
 */
export function explainSyntax(text: string, file: string, lines: LineCounter, first: number): Diagnostic | undefined {
  let offset = 0;
  for (const line of text.split('\n')) {
    const bare = withoutQuotes(line);
    const at = (index: number, message: string): Diagnostic => ({
      severity: 'error',
      message,
      location: locationAt(file, lines, offset + index),
    });
    const comment = /^\s*#/.test(bare) ? -1 : bare.search(/[\s[{,]#[^\s#]/);
    if (comment >= 0 && isOpen(bare.slice(0, comment + 1)))
      return at(comment + 1, commentAdvice(HASH_WORD.exec(line.slice(comment))?.[0] ?? '#'));
    const template = /[:,[-]\s*\{\{/.exec(bare);
    if (template !== null) return at(template.index + template[0].length - 2, TEMPLATE_ADVICE);
    const variable = /\$\{[\w.:-]*\}/.exec(bare);
    if (variable !== null && isOpen(bare.slice(0, variable.index))) {
      return at(
        variable.index,
        `${variable[0]} must be in quotes in a { } mapping; and variables of the environment do not exist here: write the value, or use for_each for several`,
      );
    }
    // Only where the parser stopped: these signs may stand in a text of several lines.
    const sign = first >= offset && first <= offset + line.length ? signMistake(bare, line) : undefined;
    if (sign !== undefined) return at(sign.index, sign.advice);
    offset += line.length + 1;
  }
  return undefined;
}

/** `>`, `*`, `@` and others mean something to YAML where a key or a value begins. */
function signMistake(bare: string, line: string): { readonly index: number; readonly advice: string } | undefined {
  const comparison = /(?:^|[\s{,])(>=?)\s*:/.exec(bare);
  if (comparison !== null) {
    const sign = comparison[1] ?? '';
    return { index: comparison.index + comparison[0].indexOf('>'), advice: `"${sign}" is no key (did you mean "${COMPARISONS[sign]}"?)` };
  }
  const compared = /:\s+(>=?\s*[\d.+-][\w.+]*%?)/.exec(bare);
  if (compared !== null) {
    const index = compared.index + compared[0].indexOf('>');
    return { index, advice: `">" begins a text of several lines in YAML: write the number alone, such as above: 0.6` };
  }
  const value = /(?:^\s*-|[:,[])\s*(\*(?![\w-])[^\s,}\]]*|[@`%][^\s,}\]]*)\s*(?:$|[,}\]#])/.exec(bare);
  if (value === null) return undefined;
  const index = value.index + value[0].indexOf(value[1] ?? '');
  const text = line.slice(index, index + (value[1]?.length ?? 0));
  return {
    index,
    advice: `"${text[0]}" means something else to YAML at the beginning of a value: write ${JSON.stringify(text)} in quotes`,
  };
}

const COMPARISONS: Readonly<Record<string, string>> = { '>': 'above', '>=': 'above_or_equal_to' };

const TEMPLATE_ADVICE = '"{{" begins a mapping in YAML: write the whole value in quotes, such as "{{ each.project }}"';

function commentAdvice(word: string): string {
  return `"#" begins a comment, so ${word} is no value: write "${word}" in quotes`;
}

/** The line with what is in quotes blanked out, in the same length. */
function withoutQuotes(line: string): string {
  return line.replace(/"(?:[^"\\]|\\.)*"|'(?:[^']|'')*'/g, (quoted) => '_'.repeat(quoted.length));
}

/** Whether a `{` or `[` is open at the end of the text. */
function isOpen(text: string): boolean {
  const count = (sign: string) => text.split(sign).length - 1;
  return count('{') > count('}') || count('[') > count(']');
}

/** Keys whose value may be blank: a comment behind them is one. */
const MAY_BE_BLANK = /^((create|link|unlink|add|remove)_(artifact|collection)\w*|no_op|payload)$/;

/** Mistakes in a document that is YAML, but not what was meant. Errors come before warnings. */
export function documentMistakes(text: string, document: Document, file: string, lines: LineCounter): Diagnostic[] {
  const found: Diagnostic[] = [];
  const at = (offset: number, message: string, severity: Diagnostic['severity'] = 'error') =>
    found.push({ severity, message, location: locationAt(file, lines, offset) });
  visit(document, {
    Map(_key, node) {
      const [only] = node.items;
      if (node.items.length !== 1 || !isPair(only) || !isMap(only.key)) return undefined;
      at(node.range?.[0] ?? 0, TEMPLATE_ADVICE);
      return visit.SKIP;
    },
    Pair(_key, pair: Pair) {
      if (!isScalar(pair.key) || !isScalar(pair.value) || pair.value.value !== null || pair.value.source) return;
      if (MAY_BE_BLANK.test(String(pair.key.value))) return;
      const start = pair.key.range?.[1] ?? 0;
      const cut = /^\s*:[ \t]+(#[^\s#][^\n]*)/.exec(text.slice(start, start + 400));
      if (cut !== null) at(start + cut[0].length - (cut[1]?.length ?? 0), commentAdvice(HASH_WORD.exec(cut[1] ?? '')?.[0] ?? '#'));
    },
    Seq(_key, node) {
      for (const item of node.items) {
        if (!isScalar(item) || item.value !== null || item.source) continue;
        const start = item.range?.[0] ?? 0;
        const cut = /^[ \t]*(#[^\s#][^\n]*)/.exec(text.slice(start, start + 400));
        if (cut !== null) at(start + cut[0].length - (cut[1]?.length ?? 0), commentAdvice(HASH_WORD.exec(cut[1] ?? '')?.[0] ?? '#'));
      }
    },
    Scalar(key, node) {
      if (key === 'key' || typeof node.value !== 'string' || node.type !== 'PLAIN') return;
      const end = node.range?.[1] ?? 0;
      const cut = /^[ \t]+(#[^\s#][^\n]*)/.exec(text.slice(end, end + 400));
      if (cut === null) return;
      const rest = HASH_WORD.exec(cut[1] ?? '')?.[0] ?? '#';
      at(
        end + 1,
        `"#" begins a comment, so ${rest} is no part of the value: write "${node.value} ${rest}" in quotes, or a space after the "#" of a comment`,
        'warning',
      );
    },
  });
  return found;
}
