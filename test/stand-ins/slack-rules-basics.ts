/** The checks that the rules of Block Kit are made of. Each reports in Slack's words, with the JSON pointer of the mistake. */

export type Fields = Readonly<Record<string, unknown>>;
/** Takes one mistake: where it is, and what is wrong. */
export type Report = (pointer: string, message: string) => void;

export function asFields(value: unknown): Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : {};
}

/** An object with no other fields than these. */
export function checkKeys(value: unknown, keys: readonly string[], pointer: string, report: Report): void {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    report(pointer, 'must provide an object');
    return;
  }
  for (const key of Object.keys(value)) if (!keys.includes(key)) report(pointer, `invalid additional property: ${key}`);
}

export interface TextRule {
  readonly most: number;
  readonly types?: readonly ('plain_text' | 'mrkdwn')[];
}

/** A text object (Slack, "Text object"): `emoji` only in plain_text, `verbatim` only in mrkdwn, at least one character. */
export function checkText(text: unknown, { most, types = ['plain_text', 'mrkdwn'] }: TextRule, pointer: string, report: Report): void {
  if (text === undefined) {
    report(pointer, 'missing required field');
    return;
  }
  const { type, text: words, emoji, verbatim } = asFields(text);
  checkKeys(text, ['type', 'text', ...(type === 'mrkdwn' ? ['verbatim'] : ['emoji'])], pointer, report);
  if (!types.some((allowed) => allowed === type)) report(`${pointer}/type`, `must be one of ${types.join(', ')}`);
  checkBoolean(emoji, `${pointer}/emoji`, report);
  checkBoolean(verbatim, `${pointer}/verbatim`, report);
  if (words === undefined) report(`${pointer}/text`, 'missing required field: text');
  else checkLength(words, 1, most, `${pointer}/text`, report);
}

/** The same, but it may be left out. */
export function checkOptionalText(text: unknown, rule: TextRule, pointer: string, report: Report): void {
  if (text !== undefined) checkText(text, rule, pointer, report);
}

/** A string of so many characters; nothing when it is left out. */
export function checkLength(text: unknown, least: number, most: number, pointer: string, report: Report): void {
  if (text === undefined) return;
  if (typeof text !== 'string') report(pointer, 'must be a string');
  else if (text.length > most) report(pointer, `must be less than ${most + 1} characters`);
  else if (text.length < least) report(pointer, `must be more than ${least - 1} characters`);
}

export function checkRequired(value: unknown, pointer: string, report: Report): void {
  if (value === undefined) report(pointer, 'missing required field');
}

/** The list's items; reports a list that has too few or too many. */
export function listOf(value: unknown, least: number, most: number, pointer: string, report: Report): readonly unknown[] {
  if (!Array.isArray(value)) {
    report(pointer, 'must be an array');
    return [];
  }
  if (value.length < least) report(pointer, `no fewer than ${least} items required [have ${value.length}]`);
  if (value.length > most) report(pointer, `no more than ${most} items allowed [have ${value.length}]`);
  return value;
}

/** An http address of at most 3,000 characters; nothing when it is left out. */
export function checkUrl(url: unknown, pointer: string, report: Report): void {
  if (url === undefined) return;
  checkLength(url, 1, 3000, pointer, report);
  if (!/^https?:$/.test(URL.canParse(String(url)) ? new URL(String(url)).protocol : '')) report(pointer, 'must be a valid URL');
}

export function checkBoolean(value: unknown, pointer: string, report: Report): void {
  if (value !== undefined && typeof value !== 'boolean') report(pointer, 'must be a boolean');
}

export function checkOneOf(value: unknown, allowed: readonly unknown[], pointer: string, report: Report): void {
  if (value !== undefined && !allowed.includes(value)) report(pointer, `must be a valid enum value [have ${JSON.stringify(value)}]`);
}

/** A whole number between two others, both included; nothing when it is left out. */
export function checkInteger(value: unknown, least: number, most: number, pointer: string, report: Report): void {
  if (value === undefined) return;
  if (!Number.isInteger(value) || Number(value) < least || Number(value) > most)
    report(pointer, `must be a whole number between ${least} and ${most}`);
}

/** Reports each value that is there for a second time. Those that are left out do not count: Slack makes some up. */
export function checkUnique(values: readonly unknown[], say: (index: number, value: unknown) => void): void {
  const seen = new Set<unknown>();
  values.forEach((value, index) => {
    if (value !== undefined && seen.has(value)) say(index, value);
    seen.add(value);
  });
}
