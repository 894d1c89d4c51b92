import { err, ok, type Result } from '../../src/lib/result.ts';
import { COMMAND } from './command.ts';
import { isUserGroup } from './may-decide.ts';

export interface ManifestOptions {
  readonly name: string;
  /** The receiver's address as Slack reaches it, or Socket Mode. */
  readonly connection: { readonly url: string } | 'socket-mode';
  /** Ids that the config names as who may do something. */
  readonly people: readonly string[];
  /** Routes send direct messages (`notify`); left out: none does. */
  readonly directMessages?: boolean;
  /** The hosts of W&B's app whose links get what is known about them (`slack_unfurl`); left out: none. */
  readonly unfurlDomains?: readonly string[];
}

/** Slack, "App manifest reference": display_information.name. */
const MAX_NAME = 35;

/**
 * The app as Slack creates it "from a manifest" (Slack, "App manifest reference"), with the least scopes. The history
 * scopes are for finding a message again after a post that got no response; users:read tells members from guests, who may not
 * read App Home.
 */
export function slackManifest({
  name,
  connection,
  people,
  directMessages = false,
  unfurlDomains = [],
}: ManifestOptions): Result<object, string> {
  const shown = name.trim();
  if (shown === '' || [...shown].length > MAX_NAME) return err(`--name: must have 1 to ${MAX_NAME} characters (a limit of Slack)`);
  const address = connection === 'socket-mode' ? ok({}) : requestUrl(connection.url);
  if (!address.ok) return address;
  const requests = address.value;
  const scopes = botScopes({ people, directMessages, unfurlDomains });
  const unfurls = unfurlDomains.length > 0;
  return ok({
    display_information: { name: shown, description: 'Follows Weights & Biases events to finished workflows, and asks for approval.' },
    features: {
      app_home: { home_tab_enabled: true, messages_tab_enabled: directMessages },
      bot_user: { display_name: botName(shown), always_online: true },
      slash_commands: [
        {
          command: COMMAND,
          description: 'What is in production, what waits, what failed',
          usage_hint: 'where | approvals | failed | status | deliveries | mute | unmute | replay | simulate | help',
          should_escape: false,
          ...('request_url' in requests ? { url: requests.request_url } : {}),
        },
      ],
      ...(unfurls ? { unfurl_domains: unfurlDomains } : {}),
    },
    oauth_config: { scopes: { bot: scopes } },
    settings: {
      event_subscriptions: {
        ...requests,
        bot_events: ['app_home_opened', 'app_uninstalled', 'tokens_revoked', ...(unfurls ? ['link_shared'] : [])],
      },
      interactivity: { is_enabled: true, ...requests },
      org_deploy_enabled: false,
      socket_mode_enabled: connection === 'socket-mode',
      token_rotation_enabled: false,
    },
  });
}

/** The scopes that the app's bot token needs (Slack, "Permission scopes"). */
export function botScopes({
  people,
  directMessages = false,
  unfurlDomains = [],
}: Pick<ManifestOptions, 'people' | 'directMessages' | 'unfurlDomains'>): string[] {
  return [
    ...['chat:write', 'chat:write.public', 'commands', 'channels:history', 'groups:history', 'users:read'],
    ...(people.some(isUserGroup) ? ['usergroups:read'] : []),
    // For looking whether a direct message was posted, as in channels.
    ...(directMessages ? ['im:write', 'im:history'] : []),
    ...(unfurlDomains.length > 0 ? ['links:read', 'links:write'] : []),
  ];
}

function requestUrl(url: string): Result<{ request_url: string }, string> {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (parsed?.protocol !== 'https:' || parsed.username !== '' || parsed.search !== '' || parsed.hash !== '') {
    return err(`--url: "${url}" is not an https address, such as https://relay.example.com (Slack sends to no other)`);
  }
  return ok({ request_url: `${parsed.origin}${parsed.pathname.replace(/\/+$/, '')}/slack/events` });
}

/** Slack takes lower-case letters, digits, hyphens, underscores and dots here (Slack, "App manifest reference": bot_user). */
function botName(name: string): string {
  const plain = name
    .toLowerCase()
    .replace(/[^a-z0-9._-]+/g, '-')
    .replace(/^-+|-+$/g, '');
  return plain === '' ? 'wandb-relay' : plain;
}
