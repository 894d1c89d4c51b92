import { createEmulator } from 'emulate';
import type { SlackCall, SlackFault, StandInChannel, StandInMessage } from './slack-call.ts';
import { frontOf, type SlackState } from './slack-front.ts';

export interface SlackStandIn {
  /** What `SLACK_API_URL` is set to; ends with a slash. */
  readonly apiUrl: string;
  /** The app's token, `xoxb-…`. */
  readonly botToken: string;
  /** Every call so far, oldest first. */
  readonly calls: readonly SlackCall[];
  /** What is in a channel now, threads included, oldest first. The channel by name or id. */
  messages(channel: string): StandInMessage[];
  /** Messages that only one person saw, oldest first. */
  ephemerals(channel: string): readonly Readonly<Record<string, unknown>>[];
  /** What a person's App Home shows: the view as it was published last. */
  home(user: string): Readonly<Record<string, unknown>> | undefined;
  channelId(name: string): string;
  userId(name: string): string;
  /** A link for `response_url`; what is sent there is among `calls`. */
  responseUrl(): string;
  /** The next calls go wrong like this, one each; a fault with a `method` waits for that method. */
  fail(...faults: SlackFault[]): void;
  /** While down, every call gets 503 and has no effect. */
  setDown(down: boolean): void;
  /** A person deletes a message. With replies, its place in the thread stays, as in Slack. */
  remove(channel: string, ts: string): void;
  close(): Promise<void>;
}

export const STAND_IN_SCOPES = [
  'chat:write',
  'chat:write.public',
  'commands',
  'channels:read',
  'groups:read',
  'channels:history',
  'groups:history',
  'usergroups:read',
  'users:read',
] as const;

const BOT_TOKEN = 'xoxb-stand-in';
const OWNER_TOKEN = 'xoxp-stand-in-owner';
const BOT_USER = 'UWANDBRELAY';

/**
 * Slack on this machine: the `emulate` package's stateful Slack (tokens, scopes, channels, messages, views), with what it
 * lacks in front of it: metadata only when asked for, history since a time and in pages, the limits on blocks, names with
 * `#`, `chat:write.public`, replies to a thread that is gone, user groups, and faults.
 */
export async function startSlack(options: {
  readonly channels: readonly (string | StandInChannel)[];
  /** Names of people; they are in every channel. */
  readonly users?: readonly string[];
  /** The ids of user groups and who is in them, by name. */
  readonly userGroups?: Readonly<Record<string, readonly string[]>>;
  /** What the app was granted; default: all of `STAND_IN_SCOPES`. */
  readonly scopes?: readonly string[];
}): Promise<SlackStandIn> {
  const channels = options.channels.map((channel) => (typeof channel === 'string' ? { name: channel } : channel));
  const backend = await createEmulator({ service: 'slack', port: 0, seed: seedOf(channels, options) });
  const owner = async (method: string, body: object = {}): Promise<Record<string, unknown>> => {
    const response = await fetch(`${backend.url}/api/${method}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${OWNER_TOKEN}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    return (await response.json()) as Record<string, unknown>;
  };
  const listed = (await owner('conversations.list', { types: 'public_channel,private_channel', limit: 1000 })).channels;
  const ids = new Map((listed as { id: string; name: string }[]).map(({ id, name }) => [name, id]));
  const people = (await owner('users.list', { limit: 1000 })).members as { id: string; name: string }[];
  for (const { name, member = true, archived = false } of channels) {
    const channel = ids.get(name);
    if (member) await owner('conversations.invite', { channel, users: BOT_USER });
    if (archived) await owner('conversations.archive', { channel });
  }
  const state: SlackState = {
    backendUrl: backend.url,
    botToken: BOT_TOKEN,
    scopes: options.scopes ?? STAND_IN_SCOPES,
    channels: new Map(channels.map((channel) => [ids.get(channel.name) ?? '', channel])),
    userIds: new Map(people.map(({ id, name }) => [name, id])),
    userGroups: new Map(Object.entries(options.userGroups ?? {})),
    calls: [],
    messages: [],
    tombstones: new Set(),
    ephemerals: [],
    homes: new Map(),
    faults: [],
    down: false,
    ending: new AbortController(),
  };
  const front = await createEmulator({ service: frontOf(state), port: 0, seed: {} });
  return standIn(state, front, backend, ids);
}

function standIn(
  state: SlackState,
  front: { readonly url: string; close(): Promise<void> },
  backend: { close(): Promise<void> },
  ids: ReadonlyMap<string, string>,
): SlackStandIn {
  const idOf = (channel: string): string => ids.get(channel.replace(/^#/, '')) ?? channel;
  let responses = 0;
  return {
    apiUrl: `${front.url}/api/`,
    botToken: state.botToken,
    calls: state.calls,
    messages: (channel) => state.messages.filter((message) => message.channel === idOf(channel)),
    ephemerals: (channel) => state.ephemerals.filter((message) => message.channel === idOf(channel)),
    home: (user) => state.homes.get(user),
    channelId: (name) => idOf(name),
    userId: (name) => state.userIds.get(name) ?? name,
    responseUrl: () => {
      responses += 1;
      return `${front.url}/responses/${responses}`;
    },
    fail: (...faults) => {
      state.faults.push(...faults);
    },
    setDown: (down) => {
      state.down = down;
    },
    remove: (channel, ts) => {
      const id = idOf(channel);
      if (state.messages.some((message) => message.channel === id && message.threadTs === ts)) state.tombstones.add(`${id} ${ts}`);
      state.messages = state.messages.filter((message) => message.channel !== id || message.ts !== ts);
    },
    close: async () => {
      state.ending.abort();
      await front.close();
      await backend.close();
    },
  };
}

function seedOf(channels: readonly StandInChannel[], options: { readonly users?: readonly string[]; readonly scopes?: readonly string[] }) {
  return {
    slack: {
      strict_scopes: true,
      users: (options.users ?? []).map((name) => ({ name })),
      channels: channels.map(({ name, private: isPrivate = false }) => ({ name, is_private: isPrivate })),
      oauth_apps: [
        {
          app_id: 'AWANDBRELAY',
          client_id: 'stand-in',
          client_secret: 'stand-in',
          name: 'wandb-relay',
          redirect_uris: [],
          bot_id: 'BWANDBRELAY',
          bot_user_id: BOT_USER,
          bot_name: 'wandb-relay',
        },
      ],
      tokens: [
        {
          token: BOT_TOKEN,
          type: 'bot',
          user_id: BOT_USER,
          app_id: 'AWANDBRELAY',
          bot_id: 'BWANDBRELAY',
          scopes: [...(options.scopes ?? STAND_IN_SCOPES)],
        },
        {
          token: OWNER_TOKEN,
          type: 'user',
          scopes: [...STAND_IN_SCOPES, 'channels:manage', 'groups:write'],
        },
      ],
    },
  };
}
