import type { RelayEvent } from '../event/event.ts';
import type { Route } from './route.ts';

/** Who gets a direct message about an event (`notify`). Pure. */

/** Ids of Slack users, and of user groups, whose members are known only when the message is sent. Each once. */
export function notifiedOf(
  { notify, approval }: Pick<Route, 'notify' | 'approval'>,
  event: Pick<RelayEvent, 'author'>,
  slackUsers: Readonly<Record<string, string>>,
): readonly string[] {
  const ids = notify.flatMap((who) => (who === 'author' ? authorOf(event, slackUsers) : (approval?.by ?? [])));
  return [...new Set(ids)];
}

/** W&B's user names differ in more than case. */
function authorOf({ author }: Pick<RelayEvent, 'author'>, slackUsers: Readonly<Record<string, string>>): string[] {
  const wanted = author?.toLowerCase();
  const found = Object.entries(slackUsers).find(([wandb]) => wandb.toLowerCase() === wanted);
  return found === undefined ? [] : [found[1]];
}

/** Whether a channel is one person: a message there is a direct message. */
export function isPerson(channel: string): boolean {
  return /^[UW][A-Z0-9]{2,}$/.test(channel);
}

/** Whether a channel stands for a user group: each of its members gets a direct message. */
export function isGroup(channel: string): boolean {
  return /^S[A-Z0-9]{2,}$/.test(channel);
}
