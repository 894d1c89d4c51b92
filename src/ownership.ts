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
  /** Eight hex digits of what was written when it was last applied; tells drift from a change of the definition. */
  readonly applied: string;
}

const MARK = /(?:^|\s*)\[wandb-relay (\S+) (.+) ([0-9a-f]{8})\]\s*$/;

/** The description with its mark. */
export function withMark(description: string | null, mark: Mark): string {
  const text = `[wandb-relay ${mark.repository} ${escapeKey(mark.key)} ${mark.applied}]`;
  return description === null || description === '' ? text : `${description} ${text}`;
}

/** Takes a description apart; a description without a mark is nobody's. */
export function readMark(description: string | null): { readonly text: string | null; readonly mark: Mark | undefined } {
  const found = description === null ? null : MARK.exec(description);
  if (description === null || found === null) return { text: blankToNull(description), mark: undefined };
  const [, repository = '', key = '', applied = ''] = found;
  return { text: blankToNull(description.slice(0, found.index)), mark: { repository, key: unescapeKey(key), applied } };
}

function blankToNull(text: string | null): string | null {
  return text === null || text.trim() === '' ? null : text;
}

/** A bracket in a key would end the mark too soon. */
function escapeKey(key: string): string {
  return key.replace(/[%[\]]/g, (char) => `%${char.charCodeAt(0).toString(16)}`);
}

function unescapeKey(key: string): string {
  return key.replace(/%(25|5b|5d)/g, (_all, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}
