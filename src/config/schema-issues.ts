import type { z } from 'zod';
import { byPosition, type Diagnostic } from '../lib/diagnostic.ts';
import { didYouMean } from '../lib/nearest-word.ts';
import type { ConfigPath, Locator } from './locator.ts';

/**
 * What zod found, as diagnostics in the order of the file. One misspelt key gives one diagnostic.
 *
 * @param knownKeys the keys that exist at a path, for "did you mean"
 */
export function diagnosticsOf(
  issues: readonly z.core.$ZodIssue[],
  locator: Locator,
  knownKeys: (path: ConfigPath) => readonly string[],
): Diagnostic[] {
  const diagnostics = issues.flatMap((issue) => diagnosticsOfIssue(issue, [], locator, knownKeys));
  const misspelt = new Set(diagnostics.filter((p) => p.message.startsWith(UNKNOWN)).map((p) => parentField(p.field ?? '')));
  return diagnostics.filter((p) => !(misspelt.has(p.field ?? '') && p.message.startsWith('must have exactly one of'))).sort(byPosition);
}

const UNKNOWN = 'unknown key';

function parentField(field: string): string {
  return field.replace(/(^|\.)[^.]*$/, '');
}

function diagnosticsOfIssue(
  issue: z.core.$ZodIssue,
  base: ConfigPath,
  locator: Locator,
  knownKeys: (path: ConfigPath) => readonly string[],
): Diagnostic[] {
  const path = [...base, ...issue.path.map((part) => (typeof part === 'symbol' ? String(part) : part))];
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((key) =>
        locator.atKey([...path, key], `${UNKNOWN}${didYouMean(key, knownKeys(path)) || listKeys(knownKeys(path))}`),
      );
    case 'invalid_union': {
      const branch = closestBranch(issue.errors);
      if (branch === undefined) return [locator.at(path, 'has none of the allowed forms')];
      return branch.flatMap((inner) => diagnosticsOfIssue(inner, path, locator, knownKeys));
    }
    case 'invalid_type':
      return [locator.at(path, locator.has(path) ? sentence(issue.message) : 'is missing')];
    case 'invalid_value':
      return [locator.at(path, locator.has(path) ? `must be ${oneOf(issue.values.map((value) => JSON.stringify(value)))}` : 'is missing')];
    default:
      return [locator.at(path, sentence(issue.message))];
  }
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
