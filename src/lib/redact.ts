import { type JsonValue, mapStrings } from './json.ts';

export const REDACTED = '[redacted]';

/** Replaces the values of secrets. Nothing is assumed about their length or their characters. */
export interface Redactor {
  /** In text that a person or a log will see. Also finds a value as any JSON encoder may write it: `\u0026`, `\/`, `\"`. */
  text(text: string): string;
  /** In a parsed document, keys included; a string in it may hold JSON again. */
  json(value: JsonValue): JsonValue;
  /** The same for a document of which the text is there, too: the document as `json`, and its text as it is to be kept. */
  document(value: JsonValue, text: string): { readonly value: JsonValue; readonly text: string };
  /**
   * Redacts one more secret from now on, such as a token that was obtained while running.
   *
   * @returns a function that removes the secret, for when it has expired. Calling it again has no effect.
   */
  add(secret: string): () => void;
}

/** One spelling of a secret. */
interface Form {
  readonly plain: string;
  /** Compiled on first use, because it is slower than a search for the plain value. */
  pattern: RegExp | undefined;
  /** The number of secrets with this form. */
  uses: number;
}

/** Longest first, so that a secret that contains another is replaced whole. */
export function redactorOf(secrets: Iterable<string>): Redactor {
  const known = new Map<string, Form>();
  let forms: Form[] = [];
  const sort = (): void => {
    forms = [...known.values()].sort((a, b) => b.plain.length - a.plain.length);
  };
  const keep = (secret: string): (() => void) => {
    const written = formsOf(secret);
    for (const plain of written) {
      const form = known.get(plain) ?? { plain, pattern: undefined, uses: 0 };
      form.uses += 1;
      known.set(plain, form);
    }
    let isKept = true;
    return () => {
      if (!isKept) return;
      isKept = false;
      for (const plain of written) {
        const form = known.get(plain);
        if (form !== undefined && --form.uses === 0) known.delete(plain);
      }
      sort();
    };
  };
  for (const secret of secrets) keep(secret);
  sort();

  const text = (given: string): string => {
    // Without a backslash nothing in it is escaped, and looking for the plain value is many times faster.
    const mayBeEscaped = given.includes('\\');
    return forms.reduce((result, form) => {
      if (!mayBeEscaped) return result.includes(form.plain) ? result.replaceAll(form.plain, REDACTED) : result;
      form.pattern ??= patternOf(form.plain);
      return result.replaceAll(form.pattern, REDACTED);
    }, given);
  };
  const json = (value: JsonValue): JsonValue => (forms.length === 0 ? value : mapStrings(value, text, text));
  return {
    text,
    json,
    document: (value, given) => {
      const redacted = text(given);
      // Without a backslash each string and number stands in the text as it is, and a search of the text finds all there is.
      if (redacted === given && !given.includes('\\')) return { value, text: given };
      const changed = json(value);
      // As text once more: a key that stands twice does not show in what was parsed.
      return { value: changed, text: changed === value ? redacted : text(JSON.stringify(changed)) };
    },
    add: (secret) => {
      const forget = keep(secret);
      sort();
      return forget;
    },
  };
}

/** How a secret may be written: as it is, as a part of an address, and a private key by each of its lines. */
function formsOf(secret: string): string[] {
  if (secret === '') return [];
  // A private key is recognisable by each of its lines, however its line breaks were written.
  const lines = secret.split(/\r?\n/);
  const longLines = lines.length > 1 ? lines.filter((line) => line.length >= 16) : [];
  return [...new Set([secret, ...longLines, encodeURIComponent(secret.toWellFormed())])];
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
