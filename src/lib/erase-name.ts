/** Replaces a person's names by a pseudonym. Pure. */

export interface NamesToErase {
  /** How the person is called: W&B user name, e-mail address, Slack id. Upper and lower case are the same. */
  readonly names: readonly string[];
  readonly pseudonym: string;
}

/** Why this cannot be the name of a person; `undefined` when it can. */
export function nameToEraseProblem(name: string): string | undefined {
  if (name.length < 2 || name.length > 200) return 'a name has from 2 to 200 characters';
  if (!/\p{L}/u.test(name)) return 'a name has a letter';
  return /[\p{Cc}"\\]/u.test(name) || name.trim() !== name ? 'a name has no quotation marks, backslashes, or space around it' : undefined;
}

export interface NameEraser {
  /** In a text, wherever a name stands for itself: not within a longer word, a path, an address or a version. */
  inText(text: string): string;
  /** In JSON, or what was cut off of it: in every text of it, and every name of a property. Numbers and spaces stay as they are. */
  inJson(json: string): string;
  /** What a text must hold, in lower case, to be of interest: each of these is enough. A row without any holds none of the names. */
  readonly needles: readonly string[];
}

/**
 * What a name may not follow: it would be the end of something longer. `@` is a mention unless it is the middle of an address, and what
 * follows `slack:` is whom a message goes to.
 */
const BEFORE = String.raw`(?:(?<![\p{L}\p{N}_./:+-])(?<![\p{L}\p{N}._+-]@)|(?<=\bslack(?:_update)?:))`;
/** What may not follow it. A dot or a colon ends a sentence, unless more follows at once. */
const BEHIND = String.raw`(?![\p{L}\p{N}_@/+-]|[.:][\p{L}\p{N}])`;
const TEXT_IN_JSON = /"(?:[^"\\]|\\.)*"/gs;

export function eraserOf({ names, pseudonym }: NamesToErase): NameEraser {
  // The longest first: of two names that begin alike the longer one counts.
  const all = names.toSorted((a, b) => b.length - a.length).map((name) => name.replaceAll(/[.*+?^${}()|[\]\\/]/g, String.raw`\$&`));
  const pattern = new RegExp(`${BEFORE}(?:${all.join('|')})${BEHIND}`, 'giu');
  const inText = (text: string): string => text.replaceAll(pattern, pseudonym);
  return {
    inText,
    inJson: (json) =>
      json.replaceAll(TEXT_IN_JSON, (literal) => {
        const text = readText(literal);
        const erased = inText(text);
        return erased === text ? literal : JSON.stringify(erased);
      }),
    needles: [...new Set(names.flatMap(needlesOf))],
  };
}

function readText(literal: string): string {
  try {
    return JSON.parse(literal) as string;
  } catch {
    return literal.slice(1, -1);
  }
}

/**
 * The longest part of a name that is written in one way only. Databases know upper and lower case of ASCII letters at least, and JSON may
 * have every other letter as `\u00e9`.
 */
function needlesOf(name: string): string[] {
  const parts = name.toLowerCase().match(/[a-z0-9]+/g) ?? [];
  const longest = parts.toSorted((a, b) => b.length - a.length)[0];
  return longest === undefined ? [name.toLowerCase(), name, String.raw`\u`] : [longest];
}
