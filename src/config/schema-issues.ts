import type { z } from 'zod';
import { byPosition, type Diagnostic, formatDiagnostic } from '../lib/diagnostic.ts';
import { meantWord } from './known-words.ts';
import type { ConfigPath, Locator } from './locator.ts';
import type { Mistake } from './mistakes/mistake.ts';

/** One problem, before it is located. */
interface Finding {
  readonly kind: 'unknown key' | 'missing' | 'key count' | 'other';
  readonly path: ConfigPath;
  readonly message: string;
  /** Of an unknown key: the key that was meant. */
  readonly meant?: string | undefined;
}

/**
 * What zod found, and known mistakes, as diagnostics: one for each cause. A known mistake replaces
 * what zod found at the same place. An unknown key explains why the key that was meant is missing.
 *
 * @param knownKeys the keys that exist at a path, for "did you mean"
 */
export function diagnosticsOf(
  issues: readonly z.core.$ZodIssue[],
  mistakes: readonly Mistake[],
  locator: Locator,
  knownKeys: (path: ConfigPath) => readonly string[],
): Diagnostic[] {
  const findings = issues.flatMap((issue) => findingsOf(issue, [], locator, knownKeys));
  const causes = findings.filter(
    (finding) => !mistakes.some((mistake) => isAt(finding.path, mistake.path)) && !isConsequence(finding, findings, mistakes),
  );
  return [
    ...causes.map(({ kind, path, message }) => (kind === 'unknown key' ? locator.atKey(path, message) : locator.at(path, message))),
    ...located(mistakes, locator),
  ];
}

/** Known mistakes as errors. */
export function located(mistakes: readonly Mistake[], locator: Locator): Diagnostic[] {
  return mistakes
    .filter(({ message }) => message !== '')
    .map(({ path, message, isKey }) => (isKey === true ? locator.atKey(path, message) : locator.at(path, message)));
}

/** In the order of the file. The automations of one `for_each`, and those that share `defaults`, have their errors at one place. */
export function onceEach(diagnostics: readonly Diagnostic[]): Diagnostic[] {
  return [...new Map(diagnostics.map((one) => [formatDiagnostic(one), one])).values()].sort(byPosition);
}

/** Whether the finding follows from another one, so that it is no cause of its own. */
function isConsequence({ kind, path }: Finding, findings: readonly Finding[], mistakes: readonly Mistake[]): boolean {
  if (kind === 'key count') {
    const unknown = findings.some(
      (other) => other.kind === 'unknown key' && isAt(other.path.slice(0, -1), path) && other.path.length === path.length + 1,
    );
    return (
      unknown || mistakes.some((mistake) => mistake.isKey === true && mistake.path.length === path.length + 1 && isAt(mistake.path, path))
    );
  }
  if (kind !== 'missing') return false;
  const parent = path.slice(0, -1);
  const word = String(path.at(-1));
  const isSibling = (other: ConfigPath) => other.length === path.length && isAt(other, parent);
  return (
    findings.some((other) => other.kind === 'unknown key' && other.meant === word && isSibling(other.path)) ||
    mistakes.some(({ path: other, stands = [] }) => isSibling(other) && (stands.includes(word) || stands.includes('*')))
  );
}

/** Whether `path` is `place` or below it. */
function isAt(path: ConfigPath, place: ConfigPath): boolean {
  return place.every((part, i) => path[i] === part);
}

function findingsOf(
  issue: z.core.$ZodIssue,
  base: ConfigPath,
  locator: Locator,
  knownKeys: (path: ConfigPath) => readonly string[],
): Finding[] {
  const path = [...base, ...issue.path.map((part) => (typeof part === 'symbol' ? String(part) : part))];
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((key) => {
        const known = knownKeys(path);
        const meant = meantWord(key, known);
        const advice = meant === undefined ? listKeys(known) : ` (did you mean "${meant}"?)`;
        return { kind: 'unknown key', path: [...path, key], message: `unknown key${advice}`, meant };
      });
    case 'invalid_union': {
      const branch = closestBranch(issue.errors);
      if (branch === undefined) return [{ kind: 'other', path, message: 'has none of the allowed forms' }];
      return branch.flatMap((inner) => findingsOf(inner, path, locator, knownKeys));
    }
    case 'invalid_type':
      return locator.has(path) ? [{ kind: 'other', path, message: sentence(issue.message) }] : [missing(path)];
    case 'invalid_value': {
      if (!locator.has(path)) return [missing(path)];
      const words = issue.values.filter((value) => typeof value === 'string');
      const meant = typeof issue.input === 'string' ? meantWord(issue.input, words) : undefined;
      const advice = meant === undefined ? '' : ` (did you mean "${meant}"?)`;
      return [{ kind: 'other', path, message: `must be ${oneOf(issue.values.map((value) => JSON.stringify(value)))}${advice}` }];
    }
    case 'custom':
      return [{ kind: issue.params?.keyCount === true ? 'key count' : 'other', path, message: issue.message }];
    default:
      return [{ kind: 'other', path, message: sentence(issue.message) }];
  }
}

function missing(path: ConfigPath): Finding {
  return { kind: 'missing', path, message: 'is missing' };
}

/** The form that the author most likely meant, of several that are allowed: the one whose error is deepest. */
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
