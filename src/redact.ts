import { type JsonValue, mapStrings } from './json.ts';

export const REDACTED = '[redacted]';

/** Replaces the values of configured secrets wherever they turn up. */
export interface Redactor {
  /** In text that a person or a log will see. Also finds a value as it looks inside a JSON string. */
  text(text: string): string;
  /** In a parsed document, keys included; catches values that were written with `\u` escapes. */
  json(value: JsonValue): JsonValue;
}

/** Longest first, so that a secret that contains another is replaced whole. */
export function redactorOf(secrets: Iterable<string>): Redactor {
  const forms = new Set<string>();
  const plain = new Set<string>();
  for (const secret of secrets) {
    if (secret === '') continue;
    plain.add(secret);
    forms.add(secret);
    forms.add(JSON.stringify(secret).slice(1, -1));
    // A private key is also recognisable by each of its lines, however its line breaks were written.
    for (const line of secret.includes('\n') ? secret.split('\n') : []) {
      if (line.length < 16) continue;
      forms.add(line);
      plain.add(line);
    }
  }
  const inText = longestFirst(forms);
  const inJson = longestFirst(plain);
  return {
    text: (text) => replaceAll(text, inText),
    json: (value) => (inJson.length === 0 ? value : mapStrings(value, (text) => replaceAll(text, inJson))),
  };
}

function longestFirst(values: Set<string>): string[] {
  return [...values].sort((a, b) => b.length - a.length);
}

function replaceAll(text: string, values: string[]): string {
  let result = text;
  for (const value of values) if (result.includes(value)) result = result.replaceAll(value, REDACTED);
  return result;
}
