import { type JsonValue, mapStrings } from './json.ts';

export const REDACTED = '[redacted]';

/** Replaces the values of configured secrets wherever they turn up. */
export interface Redactor {
  /** In text that a person or a log will see. Also finds a value as any JSON encoder may write it: `\u0026`, `\/`, `\"`. */
  text(text: string): string;
  /** In a parsed document, keys included; a string in it may hold JSON again. */
  json(value: JsonValue): JsonValue;
}

/** Longest first, so that a secret that contains another is replaced whole. */
export function redactorOf(secrets: Iterable<string>): Redactor {
  const values = new Set<string>();
  for (const secret of secrets) {
    if (secret === '') continue;
    values.add(secret);
    // A private key is also recognisable by each of its lines, however its line breaks were written.
    const lines = secret.split(/\r?\n/);
    if (lines.length > 1) for (const line of lines) if (line.length >= 16) values.add(line);
  }
  const forms = [...values].sort((a, b) => b.length - a.length).map((plain) => ({ plain, escaped: patternOf(plain) }));
  const text = (given: string): string => {
    // Without a backslash nothing in it is escaped, and looking for the plain value is many times faster.
    const mayBeEscaped = given.includes('\\');
    return forms.reduce((result, { plain, escaped }) => {
      if (mayBeEscaped) return result.replaceAll(escaped, REDACTED);
      return result.includes(plain) ? result.replaceAll(plain, REDACTED) : result;
    }, given);
  };
  return { text, json: (value) => (forms.length === 0 ? value : mapStrings(value, text, text)) };
}

const SHORT_ESCAPES: Readonly<Record<string, string>> = {
  '\b': 'b',
  '\f': 'f',
  '\n': 'n',
  '\r': 'r',
  '\t': 't',
  '"': '"',
  '\\': '\\\\',
  '/': '/',
};

/** Finds a secret with each of its characters as it is, or escaped in any way that JSON has. */
function patternOf(secret: string): RegExp {
  const units = Array.from({ length: secret.length }, (_, i) => secret.charAt(i));
  return new RegExp(units.map(unitPattern).join(''), 'g');
}

function unitPattern(unit: string): string {
  const hex = unit.charCodeAt(0).toString(16).padStart(4, '0');
  const anyCase = hex.replace(/[a-f]/g, (digit) => `[${digit}${digit.toUpperCase()}]`);
  const short = SHORT_ESCAPES[unit];
  const escapes = short === undefined ? `\\\\u${anyCase}` : `\\\\(?:${short}|u${anyCase})`;
  return `(?:${escapes}|\\u${hex})`;
}
