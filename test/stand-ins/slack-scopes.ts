import type { Fields } from './slack-rules-basics.ts';
import { type Answer, refusal, type SlackState } from './slack-state.ts';

/** The scope that a method needs (Slack, each method's page); one of several where the kind of the channel decides. */
const SCOPES: Readonly<Record<string, string | 'history' | 'read'>> = {
  'chat.postMessage': 'chat:write',
  'chat.postEphemeral': 'chat:write',
  'chat.update': 'chat:write',
  'chat.delete': 'chat:write',
  'chat.unfurl': 'links:write',
  'conversations.open': 'im:write',
  'conversations.history': 'history',
  'conversations.replies': 'history',
  'conversations.info': 'read',
  'conversations.members': 'read',
  'users.info': 'users:read',
  'users.list': 'users:read',
  'usergroups.list': 'usergroups:read',
  'usergroups.users.list': 'usergroups:read',
};

const KINDS: Readonly<Record<string, string>> = { public_channel: 'channels:read', private_channel: 'groups:read', im: 'im:read' };

/** Slack's refusal of a call that the app was not granted the scope for. */
export function missingScope(state: SlackState, method: string, args: Fields): Answer | undefined {
  const needed = neededScopes(state, method, args).find((scope) => !state.scopes.includes(scope));
  return needed === undefined ? undefined : refusal('missing_scope', { needed, provided: state.scopes.join(',') });
}

function neededScopes(state: SlackState, method: string, args: Fields): string[] {
  if (method === 'conversations.list') {
    const types = String(args.types ?? 'public_channel').split(',');
    return types.map((type) => KINDS[type.trim()] ?? 'mpim:read');
  }
  const scope = SCOPES[method];
  if (scope !== 'history' && scope !== 'read') return scope === undefined ? [] : [scope];
  const id = String(args.channel);
  const kind = state.channels.get(id)?.private === true ? 'groups' : 'channels';
  return [`${state.directs.has(id) || id.startsWith('D') ? 'im' : kind}:${scope}`];
}
