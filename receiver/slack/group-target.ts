import { isGroup } from '../../src/route/notified.ts';
import type { SlackRequest } from '../../src/route/target.ts';
import type { Target } from '../outbox/target.ts';
import type { Runtime } from '../runtime.ts';
import type { SlackClient } from './client.ts';
import { field } from './find-message.ts';
import { readSlackFailure } from './read-error.ts';

/** A larger group is a channel's work. */
const MOST_MEMBERS = 100;

/**
 * A target that turns a message to a user group into one for each of its members (Slack, "usergroups.users.list", scope
 * usergroups:read): a group has no messages of its own. Everything else goes on to `target`.
 */
export function toMembers(target: Target<SlackRequest>, client: SlackClient, { now }: Pick<Runtime, 'now'>): Target<SlackRequest> {
  return {
    send: async (request, context) => {
      if (request.kind !== 'slack' || !isGroup(request.channel)) return target.send(request, context);
      const group = request.channel;
      try {
        const users = field(await client(context.signal).apiCall('usergroups.users.list', { usergroup: group }), 'users');
        const members = Array.isArray(users) ? users.filter((user): user is string => typeof user === 'string') : [];
        const channels = members.slice(0, MOST_MEMBERS);
        const more = members.length > channels.length ? ` of ${members.length}` : '';
        return { outcome: 'delivered', status: 200, run: null, detail: `for ${channels.length}${more} members of ${group}`, channels };
      } catch (error) {
        return readSlackFailure(error, { channel: `user group ${group}`, posts: false, now: now() });
      }
    },
    findPrior: async (request, context) => {
      // Asking again who is in a group does no harm.
      if (request.kind === 'slack' && isGroup(request.channel)) return { outcome: 'not_found' };
      return target.findPrior(request, context);
    },
  };
}
