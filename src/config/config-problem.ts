import { type Document, isAlias, isCollection, isMap, isNode, isPair, isScalar, type LineCounter, type Node, type Pair } from 'yaml';
import type { z } from 'zod';
import { didYouMean } from '../lib/nearest-word.ts';

export type ConfigPath = readonly (string | number)[];

/** A place in a config file. */
export interface SourceLocation {
  readonly file: string;
  /** From 1. */
  readonly line: number;
  /** From 1. */
  readonly column: number;
}

/** Something wrong in a config file, with its place. */
export interface ConfigProblem extends SourceLocation {
  /** Where in the document: `routes[0].to[1].slack.channel`. Empty for the document as a whole. */
  readonly field: string;
  readonly message: string;
}

/** `file:line:column: field: message`, the form that editors and terminals make clickable. */
export function formatProblem(problem: ConfigProblem): string {
  const field = problem.field === '' ? '' : `${problem.field}: `;
  return `${problem.file}:${problem.line}:${problem.column}: ${field}${problem.message}`;
}

/** As `formatProblem`, for what is allowed and probably not meant. */
export function formatWarning(warning: ConfigProblem): string {
  return formatProblem({ ...warning, message: `warning: ${warning.message}` });
}

export function formatPath(path: ConfigPath): string {
  return path.map((part, i) => (typeof part === 'number' ? `[${part}]` : i === 0 ? part : `.${part}`)).join('');
}

/** Turns paths into places in one parsed YAML file. */
export interface Locator {
  /** Something stands at the path. */
  has(path: ConfigPath): boolean;
  at(path: ConfigPath, message: string): ConfigProblem;
  /** As `at`, but the place is that of the key itself rather than of its value. */
  atKey(path: ConfigPath, message: string): ConfigProblem;
}

export function locatorOf(file: string, document: Document, lines: LineCounter): Locator {
  const has = (path: ConfigPath): boolean => {
    let node: unknown = document.contents;
    for (const part of path) {
      if (isAlias(node)) node = node.resolve(document);
      if (!isCollection(node) || !node.has(part)) return false;
      node = node.get(part, true);
    }
    return true;
  };
  const problem = (path: ConfigPath, message: string, offset: number): ConfigProblem => {
    const { line, col } = lines.linePos(offset);
    return { file, line: Math.max(line, 1), column: Math.max(col, 1), field: formatPath(path), message };
  };
  return {
    has,
    at: (path, message) => problem(path, message, offsetOf(nearestNode(document, path))),
    atKey: (path, message) => problem(path, message, offsetOf(keyNode(document, path) ?? nearestNode(document, path))),
  };
}

/** The node at the path, or the innermost one around it that exists. */
function nearestNode(document: Document, path: ConfigPath): Node | null {
  for (let length = path.length; length > 0; length--) {
    const node = document.getIn(path.slice(0, length), true);
    if (isNode(node)) return node;
  }
  return document.contents;
}

function keyNode(document: Document, path: ConfigPath): Node | undefined {
  const parent = path.length === 1 ? document.contents : document.getIn(path.slice(0, -1), true);
  if (!isMap(parent)) return undefined;
  const pair = parent.items.find((item: Pair) => isPair(item) && isScalar(item.key) && item.key.value === path.at(-1));
  return isNode(pair?.key) ? pair.key : undefined;
}

function offsetOf(node: Node | null): number {
  return node?.range?.[0] ?? 0;
}

/**
 * Turns what zod found into problems with places, in the order of the file.
 *
 * @param knownKeys the keys that exist at a path, for "did you mean"
 */
export function problemsOf(
  issues: readonly z.core.$ZodIssue[],
  locator: Locator,
  knownKeys: (path: ConfigPath) => readonly string[],
): ConfigProblem[] {
  const problems = issues.flatMap((issue) => problemsOfIssue(issue, [], locator, knownKeys));
  const misspelt = new Set(problems.filter((p) => p.message.startsWith(UNKNOWN)).map((p) => parentField(p.field)));
  return problems
    .filter((p) => !(misspelt.has(p.field) && p.message.startsWith('must have exactly one of')))
    .sort((a, b) => a.line - b.line || a.column - b.column);
}

const UNKNOWN = 'unknown key';

function parentField(field: string): string {
  return field.replace(/(^|\.)[^.]*$/, '');
}

function problemsOfIssue(
  issue: z.core.$ZodIssue,
  base: ConfigPath,
  locator: Locator,
  knownKeys: (path: ConfigPath) => readonly string[],
): ConfigProblem[] {
  const path = [...base, ...issue.path.map((part) => (typeof part === 'symbol' ? String(part) : part))];
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((key) =>
        locator.atKey([...path, key], `${UNKNOWN}${didYouMean(key, knownKeys(path)) || listKeys(knownKeys(path))}`),
      );
    case 'invalid_union': {
      const branch = closestBranch(issue.errors);
      if (branch === undefined) return [locator.at(path, 'has none of the forms that are allowed here')];
      return branch.flatMap((inner) => problemsOfIssue(inner, path, locator, knownKeys));
    }
    case 'invalid_type':
      return [locator.at(path, locator.has(path) ? sentence(issue.message) : 'is missing')];
    case 'invalid_value':
      return [locator.at(path, locator.has(path) ? `must be ${oneOf(issue.values.map((value) => JSON.stringify(value)))}` : 'is missing')];
    default:
      return [locator.at(path, sentence(issue.message))];
  }
}

/** Of several forms that were allowed, the one that the author most likely meant: whose complaint is deepest inside. */
function closestBranch(branches: readonly (readonly z.core.$ZodIssue[])[]): readonly z.core.$ZodIssue[] | undefined {
  const depth = (issues: readonly z.core.$ZodIssue[]) =>
    Math.max(...issues.map((issue) => (issue.code === 'invalid_type' ? 0 : 1) + issue.path.length));
  return branches.filter((issues) => issues.length > 0).toSorted((a, b) => depth(b) - depth(a))[0];
}

/** zod says `Invalid input: expected string, received number`; people read `must be a string, not a number`. */
function sentence(message: string): string {
  const found = /^Invalid input: expected (\w+), received (\w+)$/.exec(message);
  if (found === null) return message;
  return `must be ${article(found[1] ?? '')}, not ${article(found[2] ?? '')}`;
}

function article(word: string): string {
  const name = { object: 'mapping', record: 'mapping', array: 'list', boolean: 'true or false' }[word] ?? word;
  if (name === 'true or false' || name === 'null' || name === 'undefined') return name;
  return /^[aeiou]/.test(name) ? `an ${name}` : `a ${name}`;
}

function oneOf(words: readonly string[]): string {
  return words.length === 1 ? (words[0] ?? '') : `one of ${words.join(', ')}`;
}

function listKeys(keys: readonly string[]): string {
  return keys.length === 0 ? '' : `; there are ${keys.join(', ')}`;
}
