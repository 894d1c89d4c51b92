import * as z from 'zod';
import { ageOf } from '../../src/lib/clock.ts';
import { messageOf } from '../../src/lib/error-message.ts';
import { escapeMrkdwn } from '../../src/lib/mrkdwn.ts';
import { err, ok, type Result } from '../../src/lib/result.ts';
import type { Route } from '../../src/route/route.ts';
import type { BoltApp } from './bolt.ts';
import { inTime } from './in-time.ts';
import type { Actor, People, Permission } from './may-decide.ts';

/** What somebody is to the app's organization. */
export type Membership = 'member' | 'guest' | 'stranger';

/** Asks Slack what a user is; an error says what to do. */
export type AskMember = (user: string) => Promise<Result<Membership, string>>;

/** How long an answer holds, in milliseconds. */
const CACHE_MS = 5 * 60_000;
/** So many people are remembered. */
const MOST_KNOWN = 1_000;

const userSchema = z.object({
  deleted: z.boolean().optional(),
  is_restricted: z.boolean().optional(),
  is_ultra_restricted: z.boolean().optional(),
  is_stranger: z.boolean().optional(),
  team_id: z.string().optional(),
  enterprise_user: z.object({ enterprise_id: z.string().optional() }).optional(),
});

interface Home {
  readonly team: string | undefined;
  readonly enterprise: string | undefined;
}

/**
 * What people are, by `users.info` (scope users:read): guests are `is_restricted` or `is_ultra_restricted` there, and people of
 * another organization have another `team_id`. Which one is ours says `auth.test`. Answers are kept for five minutes.
 */
export function members(client: BoltApp['client'], token: string, now: () => number, redact: (text: string) => string): AskMember {
  const known = new Map<string, { readonly is: Membership; readonly askedAt: number }>();
  let ours: Home | undefined;

  const askOurs = async (): Promise<Home> => {
    if (ours !== undefined) return ours;
    const { team_id: team, enterprise_id: enterprise } = await client.auth.test({ token });
    ours = { team, enterprise };
    return ours;
  };

  return async (user) => {
    const before = known.get(user);
    if (before !== undefined && ageOf(before.askedAt, now()) < CACHE_MS) return ok(before.is);
    try {
      const [home, { user: told }] = await inTime(Promise.all([askOurs(), client.users.info({ token, user })]));
      const is = membership(userSchema.parse(told), home);
      if (known.size >= MOST_KNOWN) known.clear();
      known.set(user, { is, askedAt: now() });
      return ok(is);
    } catch (error) {
      const why = messageOf(error);
      return err(`Slack did not say who you are (${redact(why.slice(0, 200))}): ${advice(why)}`);
    }
  };
}

function membership(user: z.infer<typeof userSchema>, { team, enterprise }: Home): Membership {
  if (user.is_restricted === true || user.is_ultra_restricted === true) return 'guest';
  if (user.is_stranger === true || user.deleted === true) return 'stranger';
  // In an Enterprise organization colleagues are in several workspaces.
  const isColleague = enterprise !== undefined && user.enterprise_user?.enterprise_id === enterprise;
  return isColleague || (team !== undefined && user.team_id === team) ? 'member' : 'stranger';
}

function advice(why: string): string {
  return /missing_scope/.test(why)
    ? 'the app needs the scope users:read. Add what `wandb-relay slack manifest` prints, and install the app again'
    : 'try again';
}

/**
 * Whether somebody may read what is stored: members of the organization, and whoever the config names. Guests and people of
 * other organizations may be in a shared channel only to see what is posted there.
 */
export async function mayRead(
  actor: Actor,
  { people, routes, askMember }: { readonly people: People; readonly routes: readonly Route[]; readonly askMember: AskMember },
): Promise<Permission> {
  const named = [...Object.values(people.slackUsers), ...(people.operators ?? []), ...routes.flatMap(({ approval }) => approval?.by ?? [])];
  if (named.includes(actor.id)) return { may: true };
  const is = actor.isExternal === true ? ok('stranger' as const) : await askMember(actor.id);
  if (!is.ok) return { may: false, why: `The relay cannot tell whether you are a member of the organization: ${escapeMrkdwn(is.error)}.` };
  switch (is.value) {
    case 'member':
      return { may: true };
    case 'guest':
      return { may: false, why: 'Only members of the organization may read this; you are a guest.' };
    case 'stranger':
      return { may: false, why: 'Only members of the organization may read this; you belong to another one.' };
  }
}
