/**
 * Who an automation at W&B belongs to is written at the end of its description, where people see it too:
 * `Deploys to production. [wandb-relay/2 acme/models wandb-relay.yaml deploy-production 1a2b3c4d]`. W&B has no field for labels.
 *
 * The first versions wrote `[wandb-relay acme/models deploy-production 1a2b3c4d]`, without a namespace. They do not know the
 * new beginning, so they take such an automation for somebody else's.
 */

/** Whose an automation is. */
export interface Owner {
  /** The repository that defines it, `owner/name`. */
  readonly repository: string;
  /** The config of the repository that defines it; `undefined` in a mark of the first form. */
  readonly namespace: string | undefined;
  /** The definition's key, by default its name. */
  readonly key: string;
}

export interface Mark extends Owner {
  /** Eight hex digits of what was written when it was last applied; distinguishes drift from a change of the definition. */
  readonly applied: string;
}

const MARK = /^\[wandb-relay\/2 (\S+) (\S+) ([^[\]\n]+) ([0-9a-f]{8})\]$/;
const FIRST_MARK = /^\[wandb-relay (\S+) ([^[\]\n]+) ([0-9a-f]{8})\]$/;

/** GitHub's repository names are not case-sensitive. */
export function isSameRepository(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase();
}

/** The description with this mark, which replaces an earlier one. */
export function withMark(description: string | null, mark: Mark & { readonly namespace: string }): string {
  const text = `[wandb-relay/2 ${mark.repository} ${escapeNamespace(mark.namespace)} ${escapeKey(mark.key)} ${mark.applied}]`;
  const own = readMark(description).text;
  return own === null ? text : `${own} ${text}`;
}

/**
 * Takes a description apart; a description without a mark is nobody's. Space at the end of the text is no part of it: the
 * mark hides it, and a YAML block always ends with a line break.
 */
export function readMark(description: string | null): { readonly text: string | null; readonly mark: Mark | undefined } {
  const whole = (description ?? '').trimEnd();
  const start = whole.lastIndexOf('[wandb-relay');
  const mark = start < 0 ? undefined : parseMark(whole.slice(start));
  if (mark === undefined) return { text: blankToNull(whole), mark: undefined };
  return { text: blankToNull(whole.slice(0, start).trimEnd()), mark };
}

/** Whether a later version marked it, in a form that this one cannot read. */
export function hasLaterMark(description: string | null): boolean {
  return readMark(description).mark === undefined && /\[wandb-relay\/\d+ [^[\]]+\]$/.test((description ?? '').trimEnd());
}

function parseMark(text: string): Mark | undefined {
  const [, repository = '', namespace = '', key = '', applied = ''] = MARK.exec(text) ?? [];
  if (repository !== '') return { repository, namespace: unescapeNamespace(namespace), key: unescapeKey(key), applied };
  const [, owner = '', name = '', digest = ''] = FIRST_MARK.exec(text) ?? [];
  return owner === '' ? undefined : { repository: owner, namespace: undefined, key: unescapeKey(name), applied: digest };
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

/** A space would end the namespace, and a bracket the mark. */
function escapeNamespace(namespace: string): string {
  return namespace.replace(/[%[\]\s]/g, encodeURIComponent);
}

/** Somebody may have edited the mark: what is no escape stays as it is. */
function unescapeNamespace(namespace: string): string {
  try {
    return decodeURIComponent(namespace);
  } catch {
    return namespace;
  }
}
