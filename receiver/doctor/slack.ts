import type { Config } from '../../src/config/config.ts';
import { isTemplate } from '../../src/route/template.ts';
import type { SlackClient } from '../slack/client.ts';
import { field } from '../slack/find-message.ts';
import { readSlackFailure, slackWord } from '../slack/read-error.ts';
import { type Check, checksOf } from './check.ts';

export interface SlackChecksOptions {
  readonly config: Pick<Config, 'routes' | 'digests' | 'settings'>;
  readonly client: SlackClient;
  /** Opens connections for Socket Mode; left out: Slack sends its requests. */
  readonly socketClient?: SlackClient;
  /** What the bot token needs. */
  readonly scopes: readonly string[];
  /** The id of a channel that something was posted to; `undefined`: nothing was. */
  readonly channelId: (name: string) => Promise<string | undefined>;
  readonly now: () => number;
  readonly signal: AbortSignal;
}

/** What Slack says of the app, and of each channel that the config names. Nothing is posted. */
export async function checkSlack(options: SlackChecksOptions): Promise<Check[]> {
  const { client, signal, scopes, socketClient } = options;
  const check = checksOf('slack', 'SLACK_BOT_TOKEN');
  let granted: string[];
  let bot: unknown;
  try {
    const answer = await client(signal).apiCall('auth.test');
    bot = field(answer, 'user');
    const team = String(field(answer, 'team') ?? 'the workspace');
    const named = field(field(answer, 'response_metadata'), 'scopes');
    granted = Array.isArray(named) ? named.map(String) : [];
    const missing = granted.length === 0 ? [] : scopes.filter((scope) => !granted.includes(scope));
    if (missing.length > 0)
      return [
        check(
          'problem',
          `the app in ${team} lacks ${missing.join(', ')}: add it (wandb-relay slack manifest shows all) and install the app again`,
        ),
      ];
    return [
      check('ok', `the app is in ${team}`),
      ...(await socketChecks(socketClient, options)),
      ...(await channelChecks(options, granted, bot)),
    ];
  } catch (error) {
    return [check('problem', failureOf(error, 'the token', options))];
  }
}

async function socketChecks(client: SlackClient | undefined, options: SlackChecksOptions): Promise<Check[]> {
  if (client === undefined) return [];
  const check = checksOf('slack', 'SLACK_APP_TOKEN');
  try {
    await client(options.signal).apiCall('apps.connections.open');
    return [check('ok', 'connections for Socket Mode can be opened')];
  } catch (error) {
    return [check('problem', `${failureOf(error, 'the token', options)}: make one with connections:write, and enable Socket Mode`)];
  }
}

async function channelChecks(options: SlackChecksOptions, granted: readonly string[], bot: unknown): Promise<Check[]> {
  const checks: Check[] = [];
  // One after the other: Slack's limits are per method.
  for (const name of channelsOf(options.config)) checks.push(await checkChannel(name, options, granted, String(bot ?? 'wandb-relay')));
  return checks;
}

/** The channels that the config names, without those that only an event decides. */
function channelsOf({ routes, digests, settings }: SlackChecksOptions['config']): string[] {
  const names = [
    ...routes.flatMap(({ to, approval }) => [...to.map(({ slack }) => slack?.channel), approval?.slack]),
    ...digests.map(({ slack }) => slack),
    settings.alertChannel ?? undefined,
  ];
  return [...new Set(names.filter((name) => name !== undefined && !isTemplate(name)))].filter((name) => name !== undefined);
}

async function checkChannel(name: string, options: SlackChecksOptions, granted: readonly string[], bot: string): Promise<Check> {
  const check = checksOf('slack', name);
  try {
    const id = /^[CGD][A-Z0-9]{7,}$/.test(name) ? name : ((await options.channelId(name)) ?? (await listed(name, options, granted)));
    if (id === undefined)
      return check(
        'unknown',
        granted.includes('channels:read')
          ? `no public channel has this name: create it, or if it is private invite the app there: /invite @${bot}`
          : `was not checked: nothing was posted to it yet. If it is private, invite the app there: /invite @${bot}`,
      );
    await options.client(options.signal).apiCall('conversations.history', { channel: id, limit: 1 });
    return check('ok', 'the app sees it');
  } catch (error) {
    // A public channel is posted to without being a member; its history is not read then (Slack, "chat:write.public").
    if (slackWord(error) === 'not_in_channel') return check('ok', 'is there; the app may post without being a member');
    return check('problem', failureOf(error, name, options));
  }
}

/** Slack, "conversations.list": a thousand a page, and no more pages than this. */
const MOST_PAGES = 10;

/** The id of a public channel, where the app was given a scope that it does not need otherwise. */
async function listed(name: string, { client, signal }: SlackChecksOptions, granted: readonly string[]): Promise<string | undefined> {
  if (!granted.includes('channels:read')) return undefined;
  let cursor = '';
  for (let page = 0; page < MOST_PAGES; page++) {
    const answer = await client(signal).apiCall('conversations.list', {
      limit: 1000,
      exclude_archived: true,
      ...(cursor === '' ? {} : { cursor }),
    });
    const channels = field(answer, 'channels');
    const found = (Array.isArray(channels) ? channels : []).find((channel) => `#${String(field(channel, 'name'))}` === name);
    if (found !== undefined) return String(field(found, 'id'));
    cursor = String(field(field(answer, 'response_metadata'), 'next_cursor') ?? '');
    if (cursor === '') return undefined;
  }
  return undefined;
}

function failureOf(error: unknown, channel: string, { now }: SlackChecksOptions): string {
  return readSlackFailure(error, { channel, posts: false, now: now() }).detail;
}
