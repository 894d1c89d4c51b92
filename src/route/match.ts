import { RE2JS } from 're2js';
import * as z from 'zod';

const matchWord = z.string();
const matchList = z.array(z.string()).min(1, 'must list at least one value');

/** MATCH of the config: a string means equal, or exactly one of the keys. */
export const matchObjectSchema = z
  .strictObject({
    regex: matchWord.optional().describe('RE2 regular expression, found anywhere in the value unless anchored'),
    contains: matchWord.optional(),
    in: matchList.optional(),
    not_in: matchList.optional(),
    not: matchWord.optional(),
  })
  .superRefine((match, context) => {
    const keys = Object.keys(match);
    if (keys.length !== 1) {
      const has = keys.length === 0 ? 'has none' : `has ${keys.join(', ')}`;
      context.addIssue({
        code: 'custom',
        message: `must have exactly one of regex, contains, in, not_in, not; ${has}`,
        params: { keyCount: true },
      });
    }
    if (match.regex !== undefined) {
      const problem = regexProblem(match.regex);
      if (problem !== undefined) context.addIssue({ code: 'custom', path: ['regex'], message: problem });
    }
  })
  .meta({ minProperties: 1, maxProperties: 1 });

export const matchSchema = z.union([matchWord, matchObjectSchema]);
export type Match = z.infer<typeof matchSchema>;

/** A compiled MATCH. */
export interface Matcher {
  matches(value: string): boolean;
  /** The wanted value, as the end of a sentence: `"production"`, `one of "a", "b"`. */
  readonly wanted: string;
}

/** Why a regular expression is refused, or `undefined`. The dialect is RE2, as on W&B's server: linear time, no look-around, no back-references. */
export function regexProblem(pattern: string): string | undefined {
  try {
    RE2JS.compile(pattern);
    return undefined;
  } catch (error) {
    const detail = error instanceof Error ? error.message.replace(/^error parsing regexp: /, '') : String(error);
    return `not an RE2 regular expression: ${detail} (look-around and back-references do not exist in RE2)`;
  }
}

/** Compiles a MATCH that the schema accepted. */
export function compileMatch(match: Match): Matcher {
  if (typeof match === 'string') return { matches: (value) => value === match, wanted: quote(match) };
  if (match.regex !== undefined) {
    const pattern = RE2JS.compile(match.regex);
    return { matches: (value) => pattern.test(value), wanted: `a match of /${match.regex}/` };
  }
  if (match.contains !== undefined) {
    const part = match.contains;
    return { matches: (value) => value.includes(part), wanted: `something with ${quote(part)} in it` };
  }
  if (match.in !== undefined) {
    const set = new Set(match.in);
    return { matches: (value) => set.has(value), wanted: `one of ${match.in.map(quote).join(', ')}` };
  }
  if (match.not_in !== undefined) {
    const set = new Set(match.not_in);
    return { matches: (value) => !set.has(value), wanted: `none of ${match.not_in.map(quote).join(', ')}` };
  }
  const other = match.not ?? '';
  return { matches: (value) => value !== other, wanted: `not ${quote(other)}` };
}

/** A MATCH in one line, for messages: `resnet50`, `/^resnet/`, `not in a, b`. */
export function matchText(match: Match): string {
  if (typeof match === 'string') return match;
  if (match.regex !== undefined) return `/${match.regex}/`;
  if (match.contains !== undefined) return `containing ${quote(match.contains)}`;
  if (match.in !== undefined) return `in ${match.in.join(', ')}`;
  if (match.not_in !== undefined) return `not in ${match.not_in.join(', ')}`;
  return `not ${match.not ?? ''}`;
}

function quote(text: string): string {
  return JSON.stringify(text);
}
