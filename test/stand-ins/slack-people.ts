import { blocksProblem } from './slack-rules.ts';
import { asFields, type Fields } from './slack-rules-basics.ts';
import { type Answer, accepted, forward, pageOf, refusal, type SlackState } from './slack-state.ts';

/** Who is there and who is where: users, members, groups, direct messages, and what an app adds to people's links. */

/** Slack, users.info: guests, people of other organizations, and those who were deactivated, as Slack marks them. */
export async function userInfo(state: SlackState, args: Fields): Promise<Answer> {
  const answer = await forward(state, 'users.info', args);
  if (answer.body.ok !== true) return answer;
  const { guest, team, deleted = false } = state.users.get(String(args.user)) ?? { name: '' };
  const user = {
    ...asFields(answer.body.user),
    deleted,
    is_restricted: guest !== undefined,
    is_ultra_restricted: guest === 'single-channel',
    ...(team === undefined ? {} : { team_id: team, is_stranger: true }),
  };
  return accepted({ user });
}

/** Slack, conversations.members: ids, in pages. A private channel that the app is not in does not exist for it. */
export async function channelMembers(state: SlackState, args: Fields): Promise<Answer> {
  const channel = state.channels.get(String(args.channel));
  if (channel?.member === false && channel.private === true) return refusal('channel_not_found');
  const answer = await forward(state, 'conversations.members', args);
  if (answer.body.ok !== true) return answer;
  const people = (channel?.members ?? [...state.users.values()].map(({ name }) => name)).map((name) => state.userIds.get(name) ?? name);
  const bot = (answer.body.members as string[]).filter((id) => !state.users.has(id) && channel?.member !== false);
  const { items, next } = pageOf([...new Set([...bot, ...people])], args);
  return accepted({ members: items, response_metadata: { next_cursor: next } });
}

export function groupMembers(state: SlackState, args: Fields): Answer {
  const members = state.userGroups.get(String(args.usergroup));
  if (members === undefined) return refusal('no_such_subteam');
  return accepted({ users: members.map((name) => state.userIds.get(name) ?? name) });
}

export function groupList(state: SlackState): Answer {
  const usergroups = [...state.userGroups].map(([id, members]) => ({
    id,
    is_usergroup: true,
    handle: id.toLowerCase(),
    user_count: members.length,
  }));
  return accepted({ usergroups });
}

/** Slack, conversations.open: with one user, a direct message; always the same one. */
export async function openConversation(state: SlackState, args: Fields): Promise<Answer> {
  const users = String(args.users ?? '').split(',');
  const answer = await forward(state, 'conversations.open', args);
  const { id } = asFields(answer.body.channel);
  if (answer.body.ok === true && users.length === 1) state.directs.set(String(id), String(users[0]));
  return answer;
}

/** Slack, chat.unfurl: by channel and ts of a message with the link, or by `unfurl_id` and `source`; blocks or attachments. */
export function unfurl(state: SlackState, args: Fields): Answer {
  const { channel, ts, unfurl_id: id, source, unfurls } = args;
  if (unfurls === undefined) return refusal('missing_unfurls');
  const given = asFields(unfurls);
  if (typeof unfurls !== 'object' || unfurls === null || Object.keys(given).length === 0) return refusal('invalid_unfurls_format');
  for (const [url, content] of Object.entries(given)) {
    const { blocks } = asFields(content);
    const problem = blocks === undefined ? undefined : blocksProblem(blocks);
    if (problem !== undefined) return refusal('cannot_parse_attachment', { response_metadata: { messages: problem.messages } });
    if (!URL.canParse(url)) return refusal('cannot_unfurl_url');
  }
  if (id !== undefined && source !== undefined) {
    state.unfurls.push({ channel: null, ts: null, unfurlId: String(id), unfurls: given });
    return accepted();
  }
  if (channel === undefined) return refusal('missing_channel');
  if (ts === undefined) return refusal('missing_ts');
  if (!state.channels.has(String(channel))) return refusal('cannot_find_channel');
  const message = state.messages.find((known) => known.channel === channel && known.ts === ts);
  if (message === undefined) return refusal('cannot_find_message');
  if (!Object.keys(given).every((url) => message.text.includes(url))) return refusal('cannot_unfurl_message');
  state.unfurls.push({ channel: String(channel), ts: String(ts), unfurlId: null, unfurls: given });
  return accepted();
}
