import { ageOf } from '../../src/lib/clock.ts';
import { messageOf } from '../../src/lib/error-message.ts';
import { err, ok, type Result } from '../../src/lib/result.ts';
import type { BoltApp } from './bolt.ts';
import { inTime } from './in-time.ts';
import type { GroupMembers } from './may-decide.ts';

/** Asks for the members of user groups. */
export type AskGroups = (ids: readonly string[]) => Promise<GroupMembers>;

/** How long an answer holds, in milliseconds. */
const CACHE_MS = 5 * 60_000;

/**
 * The members of user groups by `usergroups.users.list` (scope usergroups:read). Members are cached for five minutes.
 * Failures are not cached, and say what to do.
 */
export function userGroups(client: BoltApp['client'], token: string, now: () => number, redact: (text: string) => string): AskGroups {
  const known = new Map<string, { readonly members: readonly string[]; readonly askedAt: number }>();

  const ask = async (id: string): Promise<Result<readonly string[], string>> => {
    const cached = known.get(id);
    if (cached !== undefined && ageOf(cached.askedAt, now()) < CACHE_MS) return ok(cached.members);
    try {
      const { users } = await inTime(client.usergroups.users.list({ token, usergroup: id }));
      if (users === undefined) return err(`Slack listed no members of user group ${id}: try again`);
      known.set(id, { members: users, askedAt: now() });
      return ok(users);
    } catch (error) {
      return err(`Slack did not list the members of user group ${id} (${redact(messageOf(error))}): ${advice(messageOf(error))}`);
    }
  };

  return async (ids) => new Map(await Promise.all([...new Set(ids)].map(async (id) => [id, await ask(id)] as const)));
}

function advice(message: string): string {
  if (/missing_scope|not_allowed_token_type/.test(message)) return 'give the app the scope usergroups:read and install it again';
  if (/no_such_subteam|subteam_not_found/.test(message)) return 'correct the id in the config';
  return 'try again; the app needs the scope usergroups:read';
}
