/**
 * Who an automation at W&B belongs to is written at the end of its description, where people see it too:
 * `Deploys to production. [wandb-relay acme/models deploy-production 1a2b3c4d]`. W&B has no field for labels.
 */

/** Whose an automation is. */
export interface Owner {
  /** The repository that defines it, `owner/name`. */
  readonly repository: string;
  /** The definition's key, by default its name. */
  readonly key: string;
}

export interface Mark extends Owner {
  /** Eight hex digits of what was written when it was last applied; distinguishes drift from a change of the definition. */
  readonly applied: string;
}

const OPENING = '[wandb-relay ';
const MARK = /^\[wandb-relay (\S+) ([^[\]\n]+) ([0-9a-f]{8})\]$/;

/** GitHub's repository names are not case-sensitive. */
export function isSameRepository(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase();
}

/** The description with this mark, which replaces an earlier one. */
export function withMark(description: string | null, mark: Mark): string {
  const text = `[wandb-relay ${mark.repository} ${escapeKey(mark.key)} ${mark.applied}]`;
  const own = readMark(description).text;
  return own === null ? text : `${own} ${text}`;
}

/**
 * Takes a description apart; a description without a mark is nobody's. Space at the end of the text is no part of it: the
 * mark hides it, and a YAML block always ends with a line break.
 */
export function readMark(description: string | null): { readonly text: string | null; readonly mark: Mark | undefined } {
  const whole = (description ?? '').trimEnd();
  const start = whole.lastIndexOf(OPENING);
  const found = start < 0 ? null : MARK.exec(whole.slice(start));
  if (found === null) return { text: blankToNull(whole), mark: undefined };
  const [, repository = '', key = '', applied = ''] = found;
  return { text: blankToNull(whole.slice(0, start).trimEnd()), mark: { repository, key: unescapeKey(key), applied } };
}

function blankToNull(text: string): string | null {
  return text === '' ? null : text;
}

/** A bracket in a key would end the mark too soon. */
function escapeKey(key: string): string {
  return key.replace(/[%[\]]/g, (char) => `%${char.charCodeAt(0).toString(16)}`);
}

function unescapeKey(key: string): string {
  return key.replace(/%(25|5b|5d)/g, (_all, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}
