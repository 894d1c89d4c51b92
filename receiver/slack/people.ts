import { bold, mention, mrkdwnName } from './mrkdwn.ts';

/** Who somebody in Slack is, as it is stored: `ada (U012ABC)`. */
const LABEL = /^(.*?)\s*\(([UW][A-Z0-9]{2,30})\)$/s;

/** Between the labels of several people: behind an id, or behind the place where somebody outside of Slack decided. */
const BETWEEN = /(?<=\([UW][A-Z0-9]{2,30}\)|, by the (?:command line|admin API)), /;

/** The name of a stored label, without the id. Not escaped. */
export function nameOf(label: string): string {
  return LABEL.exec(label)?.[1] || label;
}

/** The Slack user of a W&B user, whose name counts in any case. */
export function slackIdOf(name: string, slackUsers: Readonly<Record<string, string>>): string | undefined {
  return Object.entries(slackUsers).find(([wandb]) => wandb.toLowerCase() === name.toLowerCase())?.[1];
}

/** The people of one message, as mrkdwn: each is mentioned once, and named after that. */
export class Mentions {
  readonly #slackUsers: Readonly<Record<string, string>>;
  readonly #kept: ReadonlySet<string>;
  readonly #seen = new Set<string>();

  /** @param kept ids whose mention is kept for those who are asked */
  constructor(slackUsers: Readonly<Record<string, string>>, kept: Iterable<string> = []) {
    this.#slackUsers = slackUsers;
    this.#kept = new Set(kept);
  }

  /** A W&B user; of a rollback, whoever pressed the button, as in a stored label where the config does not know them. */
  author(name: string): string {
    if (LABEL.test(name)) return this.#labelled(name);
    const id = slackIdOf(name, this.#slackUsers);
    return id === undefined ? bold(name, 60) : this.#person(id, bold(name, 60));
  }

  /** Whoever a stored label stands for; several people may have decided together. */
  decider(label: string): string {
    const [last = '', ...before] = label
      .split(BETWEEN)
      .map((one) => this.#labelled(one))
      .toReversed();
    return before.length === 0 ? last : `${before.toReversed().join(', ')} and ${last}`;
  }

  #labelled(label: string): string {
    const [, name, id] = LABEL.exec(label) ?? [];
    return id === undefined ? mrkdwnName(label, 80) : this.#person(id, mrkdwnName(name || id, 80));
  }

  /** Those who are asked, and how many of them are mentioned above. */
  approvers(ids: readonly string[], most: number): { readonly mentions: string[]; readonly above: number; readonly more: number } {
    const fresh = [...new Set(ids)].filter((id) => !this.#seen.has(id));
    const shown = fresh.slice(0, most);
    for (const id of shown) this.#seen.add(id);
    return { mentions: shown.map(mention), above: new Set(ids).size - fresh.length, more: fresh.length - shown.length };
  }

  #person(id: string, otherwise: string): string {
    if (this.#kept.has(id) || this.#seen.has(id)) return otherwise;
    this.#seen.add(id);
    return mention(id);
  }
}
