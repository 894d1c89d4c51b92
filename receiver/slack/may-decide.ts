import { escapeMrkdwn } from '../../src/lib/mrkdwn.ts';
import type { Result } from '../../src/lib/result.ts';
import type { ApprovalView, DecisionKind } from '../store/approvals.ts';
import { mention } from './mrkdwn.ts';

/** People, from `settings`. */
export interface People {
  /** Slack user id by W&B user name. */
  readonly slackUsers: Readonly<Record<string, string>>;
  /** Slack user and user group ids that may dispatch again and mute; `null`: everyone. */
  readonly operators: readonly string[] | null;
}

/** Whether somebody may; `why` is mrkdwn for that person and says what to do. */
export type Permission = { readonly may: true } | { readonly may: false; readonly why: string };

/** The members of user groups, or why they are not known. A group that is not in it was not asked about. */
export type GroupMembers = ReadonlyMap<string, Result<readonly string[], string>>;

/** The person who acts in Slack. */
export interface Actor {
  /** The Slack user id. */
  readonly id: string;
  /** They belong to another organization, in a channel that is shared with it (Slack Connect). */
  readonly isExternal?: boolean;
}

export interface DecisionQuestion {
  readonly approval: Pick<ApprovalView, 'by' | 'allowSelf'>;
  readonly decision: DecisionKind;
  readonly actor: Actor;
  /** The W&B user who caused the event, as far as W&B said. */
  readonly author: string | undefined;
  readonly people: Pick<People, 'slackUsers'>;
  readonly groups: GroupMembers;
}

/** So much of a user name is shown. Characters. */
const SHOWN_NAME = 80;
const EXTERNAL = 'You belong to another organization. From there, only people who are named in the config of wandb-relay may do this.';
const YES: Permission = { may: true };

/**
 * Whether somebody may approve or reject what an approval holds: one of `by`, when given, and with `allow_self: false` not
 * the event's author. If the author is unknown, approval is denied. Anybody who may decide may reject their own event.
 */
export function mayDecide({ approval, decision, actor, author, people, groups }: DecisionQuestion): Permission {
  const among = isAmong(actor, approval.by, groups, 'decide about this');
  if (!among.may || approval.allowSelf || decision === 'rejected') return among;
  if (author === undefined) {
    return no(
      'The author of this event is unknown, because the webhook did not name one, and authors may not approve their own events ' +
        '(allow_self: false). Add event_author to the payload of the automation; release this one with `wandb-relay approve`.',
    );
  }
  const name = escapeMrkdwn(author.slice(0, SHOWN_NAME));
  // W&B's user names differ in more than case.
  const authorName = author.toLowerCase();
  const known = Object.entries(people.slackUsers).map(([wandb, slack]) => ({ wandb: wandb.toLowerCase(), slack }));
  const authors = known.filter(({ wandb }) => wandb === authorName);
  if (authors.some(({ slack }) => slack === actor.id)) {
    return no(
      `You (${name} in W&amp;B) caused this event, and authors may not approve their own events (allow_self: false). Ask somebody else.`,
    );
  }
  if (authors.length > 0 || known.some(({ slack }) => slack === actor.id)) return YES;
  return no(
    `${name} caused this event in W&amp;B, and authors may not approve their own events (allow_self: false). The relay does not know ` +
      `whether that is you: add ${name} to settings.slack_users in the config of wandb-relay.`,
  );
}

/** The W&B user names of somebody in Slack, as far as they are known. */
export function namesOf(actor: Pick<Actor, 'id'>, { slackUsers }: Pick<People, 'slackUsers'>): string[] {
  return Object.entries(slackUsers).flatMap(([wandb, slack]) => (slack === actor.id ? [wandb] : []));
}

/** Whether a person may replay or mute a delivery: an operator who is also among the approvers, where those are named. */
export function mayOperate(
  actor: Actor,
  operators: readonly string[] | null,
  approvers: readonly string[] | null,
  groups: GroupMembers,
): Permission {
  const operator = isAmong(actor, operators, groups, 'do this (settings.slack_operators)');
  return operator.may ? isAmong(actor, approvers, groups, 'replay what they approve') : operator;
}

/** The user groups whose members have to be known to say whether `actor` is among `ids`. */
export function groupsToAsk(actor: string, ids: readonly string[] | null): string[] {
  return ids === null || ids.includes(actor) ? [] : ids.filter(isUserGroup);
}

/** The first letter of a Slack id is its kind: `S…` a user group, `U…` or `W…` a person. */
export function isUserGroup(id: string): boolean {
  return id.startsWith('S');
}

/** Without `ids`, everybody of the app's own organization may. */
function isAmong(actor: Actor, ids: readonly string[] | null, groups: GroupMembers, what: string): Permission {
  if (ids === null) return actor.isExternal === true ? no(EXTERNAL) : YES;
  if (ids.includes(actor.id)) return YES;
  const unknown: string[] = [];
  for (const id of ids.filter(isUserGroup)) {
    const members = groups.get(id);
    if (members === undefined) unknown.push(`user group ${id} was not asked about`);
    else if (!members.ok) unknown.push(escapeMrkdwn(members.error));
    else if (members.value.includes(actor.id)) return YES;
  }
  if (unknown.length > 0) return no(`The relay cannot tell whether you may ${what}: ${unknown.join('; ')}.`);
  return no(`Only ${ids.map(mention).join(', ')} may ${what}.`);
}

function no(why: string): Permission {
  return { may: false, why };
}
