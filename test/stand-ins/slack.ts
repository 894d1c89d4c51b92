import { createEmulator } from 'emulate';
import type { SlackCall, SlackFault, StandInChannel, StandInMessage, StandInUnfurl, StandInUser, StandInView } from './slack-call.ts';
import { frontOf } from './slack-front.ts';
import type { SlackState } from './slack-state.ts';
import { TRIGGER_MS } from './slack-views.ts';

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
  /** The modals that a person has open, the top one last. The person by name or id. */
  views(user: string): readonly StandInView[];
  /** What the app sent to a person, and the replies there, oldest first. The person by name or id. */
  directMessages(user: string): StandInMessage[];
  /** What the app added to people's links, oldest first. */
  readonly unfurls: readonly StandInUnfurl[];
  channelId(name: string): string;
  userId(name: string): string;
  /** A link for `response_url`; what is sent there is among `calls`. It works five times. */
  responseUrl(): string;
  /** A `trigger_id` of an interaction of this person: it opens one modal, within three seconds. */
  triggerId(user: string): string;
  /** The triggers so far are too old. */
  expireTriggers(): void;
  /** The next calls go wrong like this, one each; a fault with a `method` waits for that method. */
  fail(...faults: SlackFault[]): void;
  /** While down, every call gets 503 and has no effect. */
  setDown(down: boolean): void;
  /** A person writes in a channel; where and when. */
  say(channel: string, user: string, text: string): { readonly channel: string; readonly ts: string };
  /** What happens to a channel later: `{ archived: true }`, `{ member: false }`, `{ members: ['ada'] }`. */
  change(channel: string, changes: Partial<Omit<StandInChannel, 'name'>>): void;
  /** The message cannot be edited any more: `edit_window_closed`, `cant_update_message`. */
  lock(channel: string, ts: string, error?: string): void;
  /** From now on every call is refused with this, such as `token_revoked` or `account_inactive`; `undefined`: no more. */
  refuse(error: string | undefined): void;
  /** The scopes that the app has from now on. */
  grant(scopes: readonly string[]): void;
  /** Whether this workspace has charts; a message with one is refused where it has not. */
  setCharts(charts: boolean): void;
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
  'im:write',
  'links:read',
  'links:write',
] as const;

const BOT_TOKEN = 'xoxb-stand-in';
const OWNER_TOKEN = 'xoxp-stand-in-owner';
const BOT_USER = 'UWANDBRELAY';

/**
 * Slack on this machine: the `emulate` package's stateful Slack (tokens, scopes, channels, messages, views), with what it
 * lacks in front of it: metadata only when asked for, history since a time and in pages, the rules of Block Kit, names with
 * `#`, `chat:write.public`, scopes that change, replies to a thread that is gone, messages that cannot be edited any more,
 * modals and their triggers, guests, user groups, unfurls, and faults.
 */
export async function startSlack(options: {
  readonly channels: readonly (string | StandInChannel)[];
  /** People, by name; they are in every channel that does not list its members. */
  readonly users?: readonly (string | StandInUser)[];
  /** The ids of user groups and who is in them, by name. */
  readonly userGroups?: Readonly<Record<string, readonly string[]>>;
  /** What the app was granted; default: all of `STAND_IN_SCOPES`. */
  readonly scopes?: readonly string[];
  /** Whether people can get direct messages of the app (manifest: `app_home.messages_tab_enabled`); default true. */
  readonly messagesTab?: boolean;
  /** Whether this workspace has charts; default true. */
  readonly charts?: boolean;
}): Promise<SlackStandIn> {
  const users = (options.users ?? []).map((user) => (typeof user === 'string' ? { name: user } : user));
  const channels = options.channels.map((channel) => (typeof channel === 'string' ? { name: channel } : channel));
  const backend = await createEmulator({ service: 'slack', port: 0, seed: seedOf(channels, users) });
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
  const userIds = new Map(people.map(({ id, name }) => [name, id]));
  const state: SlackState = {
    backendUrl: backend.url,
    botToken: BOT_TOKEN,
    scopes: options.scopes ?? STAND_IN_SCOPES,
    refused: undefined,
    channels: new Map(channels.map((channel) => [ids.get(channel.name) ?? '', channel])),
    userIds,
    users: new Map(users.map((user) => [userIds.get(user.name) ?? '', user])),
    directs: new Map(),
    messagesTab: options.messagesTab ?? true,
    charts: options.charts ?? true,
    userGroups: new Map(Object.entries(options.userGroups ?? {})),
    calls: [],
    messages: [],
    locked: new Map(),
    tombstones: new Set(),
    ephemerals: [],
    homes: new Map(),
    views: [],
    triggers: new Map(),
    unfurls: [],
    responses: new Map(),
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
  const personOf = (user: string): string => state.userIds.get(user) ?? user;
  let responses = 0;
  return {
    apiUrl: `${front.url}/api/`,
    botToken: state.botToken,
    calls: state.calls,
    messages: (channel) => state.messages.filter((message) => message.channel === idOf(channel)),
    ephemerals: (channel) => state.ephemerals.filter((message) => message.channel === idOf(channel)),
    home: (user) => state.homes.get(user),
    views: (user) => state.views.filter((view) => view.user === personOf(user)),
    directMessages: (user) => state.messages.filter(({ channel }) => state.directs.get(channel) === personOf(user)),
    unfurls: state.unfurls,
    channelId: (name) => idOf(name),
    userId: personOf,
    responseUrl: () => {
      responses += 1;
      return `${front.url}/responses/${responses}`;
    },
    triggerId: (user) => {
      const id = `${state.triggers.size + 1}.7890123.abcdef`;
      state.triggers.set(id, { user: personOf(user), until: Date.now() + TRIGGER_MS, used: false });
      return id;
    },
    expireTriggers: () => {
      for (const [id, trigger] of state.triggers) state.triggers.set(id, { ...trigger, until: 0 });
    },
    fail: (...faults) => {
      state.faults.push(...faults);
    },
    setDown: (down) => {
      state.down = down;
    },
    ...afterwards(state, idOf, personOf),
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

/** What changes about the workspace while the app runs. */
function afterwards(
  state: SlackState,
  idOf: (channel: string) => string,
  personOf: (user: string) => string,
): Pick<SlackStandIn, 'say' | 'change' | 'lock' | 'refuse' | 'grant' | 'setCharts'> {
  let said = 0;
  return {
    say: (channel, user, text) => {
      said += 1;
      const place = { channel: idOf(channel), ts: `${Math.floor(Date.now() / 1000)}.9${String(said).padStart(5, '0')}` };
      const nothing = { threadTs: null, blocks: [], metadata: null, broadcast: false, unfurls: { links: null, media: null }, edits: 0 };
      state.messages.push({ ...place, ...nothing, text, by: personOf(user) });
      return place;
    },
    change: (channel, changes) => {
      const known = state.channels.get(idOf(channel));
      if (known === undefined) throw new Error(`the stand-in has no channel ${channel}`);
      state.channels.set(idOf(channel), { ...known, ...changes });
    },
    lock: (channel, ts, error = 'edit_window_closed') => {
      state.locked.set(`${idOf(channel)} ${ts}`, error);
    },
    refuse: (error) => {
      state.refused = error;
    },
    grant: (scopes) => {
      state.scopes = scopes;
    },
    setCharts: (charts) => {
      state.charts = charts;
    },
  };
}

/** The backend grants everything: which scopes the app has is for the front to say. */
function seedOf(channels: readonly StandInChannel[], users: readonly StandInUser[]) {
  return {
    slack: {
      strict_scopes: true,
      users: users.map(({ name }) => ({ name })),
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
          scopes: [...STAND_IN_SCOPES, 'im:read', 'im:history'],
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
