import { hasTypographicQuotes } from '../../lib/typographic-quotes.ts';
import type { ConfigPath } from '../locator.ts';
import { meantPattern, regexAdvice } from './pattern-like.ts';

/** A warning before it is located. */
export interface Warning {
  readonly path: ConfigPath;
  readonly message: string;
  readonly isKey?: boolean;
}

/** Warnings about a MATCH, or about the list of values of a route's condition. */
export function matchWarnings(match: unknown, path: ConfigPath): Warning[] {
  if (typeof match === 'string') return textWarnings(match, path, 'equals');
  if (Array.isArray(match))
    return match.flatMap((item: unknown, i) => (typeof item === 'string' ? textWarnings(item, [...path, i], 'equals') : []));
  if (typeof match !== 'object' || match === null) return [];
  return Object.entries(match).flatMap(([word, value]: [string, unknown]): Warning[] => {
    const here = [...path, word];
    if (word === 'regex') return typeof value === 'string' ? regexWarnings(value, here) : [];
    const verb = word === 'contains' ? 'contains' : 'equals';
    if (typeof value === 'string') return textWarnings(value, here, verb);
    return Array.isArray(value)
      ? value.flatMap((item: unknown, i) => (typeof item === 'string' ? textWarnings(item, [...here, i], verb) : []))
      : [];
  });
}

function textWarnings(text: string, path: ConfigPath, verb: 'equals' | 'contains'): Warning[] {
  const quotes = quotesWarnings(text, path);
  if (quotes.length > 0) return quotes;
  const meant = meantPattern(text);
  if (meant === undefined) return [];
  const compared = verb === 'equals' ? 'equals only this very text' : 'looks for this very text';
  return [{ path, message: `${JSON.stringify(text)} looks like a pattern, but ${compared}: write ${meant}` }];
}

function regexWarnings(pattern: string, path: ConfigPath): Warning[] {
  const advice = regexAdvice(pattern);
  return advice === undefined ? quotesWarnings(pattern, path) : [{ path, message: advice }];
}

export function quotesWarnings(text: string, path: ConfigPath): Warning[] {
  if (!hasTypographicQuotes(text)) return [];
  return [{ path, message: `${JSON.stringify(text)} has typographic quotes, which are part of the value: write " or ' around it instead` }];
}
