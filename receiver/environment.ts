import { isIP } from 'node:net';
import { DEFAULT_SOURCE } from '../src/event/event.ts';
import { type AppHosts, GITHUB_APP, readApiAddress, SLACK_APP, WANDB_APP } from '../src/lib/api-address.ts';
import { parseDuration } from '../src/lib/duration.ts';
import { type ProxySettings, proxySecrets, readProxySettings } from '../src/lib/proxy-settings.ts';
import { err, ok, type Result } from '../src/lib/result.ts';
import { type AccessSettings, readAccess } from './admin/access-settings.ts';
import { blankToUndefined, configPathFrom, type Variables } from './config-path.ts';
import { passwordsOf, readDatabaseUrl } from './database-url.ts';
import { readAppKey } from './github/app-key.ts';
import { secretFileProblems } from './secret-files.ts';
import { readTracing, type TraceSettings } from './traces/trace-settings.ts';
import { type Authentication, type SourceSecrets, sourceVariable } from './webhook/authenticate.ts';

/** Every environment variable, read in this one place. */
export interface Environment {
  readonly port: number;
  readonly host: string;
  /** BASE_PATH, under which every address of the receiver is: blank, or such as `/relay`. */
  readonly basePath: string;
  /** The path of the SQLite file; `undefined` when DATABASE_URL is not set, or names a PostgreSQL database. */
  readonly databasePath: string | undefined;
  /** DATABASE_URL as it is, when it names a PostgreSQL database. It may hold a password. */
  readonly postgresUrl: string | undefined;
  /** How long events are kept, in milliseconds. */
  readonly retentionMs: number;
  readonly configPath: string;
  readonly configPathIsSet: boolean;
  /** RELAY_IMAGE: this is the container image, whose published port decides who reaches it. */
  readonly inImage: boolean;
  /** RELAY_ADMIN_TOKEN, with which commands ask a receiver elsewhere. */
  readonly adminToken: string | undefined;
  readonly access: AccessSettings;
  readonly authentication: Authentication;
  readonly github: GitHubAccess | undefined;
  readonly githubApiUrl: string;
  /** The secrets with which GitHub's webhooks may be signed; none: they are not taken. */
  readonly githubWebhookSecrets: readonly string[];
  readonly slack: SlackAccess | undefined;
  readonly wandbApiKey: string | undefined;
  readonly wandbBaseUrl: string;
  /** RELAY_JURISDICTION: where the Durable Objects of a Worker store and run; `undefined`: anywhere. */
  readonly jurisdiction: Jurisdiction | undefined;
  /** RELAY_ALERT_WEBHOOK_SECRET: signs what is posted to `alerts.webhook`. */
  readonly alertSecrets: readonly string[];
  /** OpenTelemetry; `undefined`: there are no traces. */
  readonly tracing: TraceSettings | undefined;
  /** The proxies that GitHub, W&B and Slack are reached through. */
  readonly proxies: ProxySettings | undefined;
  /** The values of all secrets, for redaction. */
  readonly secrets: readonly string[];
  /** What is allowed but probably not meant. */
  readonly warnings: readonly string[];
}

export type GitHubAccess =
  | { readonly kind: 'token'; readonly token: string }
  | { readonly kind: 'app'; readonly appId: string; readonly privateKey: string };

/** How to talk to Slack, and how Slack talks to us: signed requests, or a socket that we open. Without either, buttons do nothing. */
export interface SlackAccess {
  readonly botToken: string;
  readonly signingSecret: string | undefined;
  readonly appToken: string | undefined;
  readonly apiUrl: string;
}

/** Cloudflare documentation, "Data location". */
export const JURISDICTIONS = ['eu', 'us'] as const;
export type Jurisdiction = (typeof JURISDICTIONS)[number];

export const DEFAULT_DATABASE_PATH = 'relay.db';
const DEFAULT_RETENTION_MS = 90 * 86_400_000;
export const GITHUB_API_URL = 'https://api.github.com';
export const SLACK_API_URL = 'https://slack.com/api';
export const WANDB_API_URL = 'https://api.wandb.ai';

/** BASE_PATH; blank when it is not set, or not a path. For commands that read nothing else of the environment. */
export function basePathFrom(variables: Variables): string {
  return readBasePath(blankToUndefined(variables.BASE_PATH), []);
}

/** WANDB_BASE_URL; W&B's own cloud when it is not set, or not an address. For commands that read nothing else of the environment. */
export function wandbBaseUrlFrom(variables: Variables): string {
  return readAddress('WANDB_BASE_URL', blankToUndefined(variables.WANDB_BASE_URL), WANDB_API_URL, WANDB_APP, []);
}

/** `owner/name` from GITHUB_REPOSITORY, which workflows set. */
export function repositoryFrom(variables: Variables): string | undefined {
  return blankToUndefined(variables.GITHUB_REPOSITORY);
}

/** The folder of RELAY_CACHE; `undefined`: the system's. */
export function cacheFolderFrom(variables: Variables): string | undefined {
  return blankToUndefined(variables.RELAY_CACHE);
}

/** Reads the environment. Each error is one line: the variable, what is wrong, what to do. A blank value counts as not set. */
export function readEnvironment(variables: Variables): Result<Environment, string[]> {
  const errors = secretFileProblems(variables);
  const warnings: string[] = [];
  const names = new Set<string>();
  const get = (name: string): string | undefined => {
    names.add(name);
    return blankToUndefined(variables[name]);
  };
  const port = readPort(get('PORT'), errors);
  const { databasePath, postgresUrl } = readDatabaseUrl(get('DATABASE_URL'), errors);
  const retentionMs = readRetention(get('RELAY_RETENTION'), errors);
  const authentication = readAuthentication(variables, errors);
  // Addresses of IPv6 are often written in brackets.
  const host = (get('HOST') ?? '127.0.0.1').replace(/^\[(.*)\]$/, '$1');
  const basePath = readBasePath(get('BASE_PATH'), errors);
  const github = readGitHub(get('GITHUB_TOKEN'), get('GITHUB_APP_ID'), get('GITHUB_APP_PRIVATE_KEY'), errors);
  const githubApiUrl = readAddress('GITHUB_API_URL', get('GITHUB_API_URL'), GITHUB_API_URL, GITHUB_APP, errors);
  const githubWebhookSecrets = listOf(get('GITHUB_WEBHOOK_SECRET'));
  const slack = readSlack(get, errors, warnings);
  const adminToken = get('RELAY_ADMIN_TOKEN');
  const access = readAccess(get, errors);
  const wandbApiKey = get('WANDB_API_KEY');
  const wandbBaseUrl = readAddress('WANDB_BASE_URL', get('WANDB_BASE_URL'), WANDB_API_URL, WANDB_APP, errors);
  const jurisdiction = readJurisdiction(get('RELAY_JURISDICTION'), errors);
  const configPathIsSet = get('RELAY_CONFIG') !== undefined;
  const inImage = get('RELAY_IMAGE') === 'true';
  const alertSecrets = readAlertSecrets(get('RELAY_ALERT_WEBHOOK_SECRET'), errors);
  const tracing = readTracing(get, errors);
  const proxies = readProxySettings(variables);
  if (!proxies.ok) errors.push(...proxies.error);
  if (errors.length > 0 || !proxies.ok) return err(errors.map((error) => withQuotesNamed(error, variables)));

  const webhookNames = Object.keys(variables).filter((name) => WEBHOOK_VARIABLE.test(name));
  warnings.push(...commaWarnings(variables, [...webhookNames, 'GITHUB_WEBHOOK_SECRET', 'RELAY_ALERT_WEBHOOK_SECRET']));
  for (const name of [...names, ...webhookNames, 'NO_PROXY', 'no_proxy'])
    if (isQuoted(variables[name])) warnings.push(`${name}: ${LEFT_QUOTED}`);

  const webhookSecrets = [...authentication.sources.values()].flatMap(({ secrets, tokens }) => [...secrets, ...tokens]);
  const githubSecret = github === undefined ? [] : [github.kind === 'token' ? github.token : github.privateKey];
  const single = [...access.people.map(({ token }) => token), wandbApiKey, slack?.botToken, slack?.signingSecret, slack?.appToken].filter(
    (secret) => secret !== undefined,
  );
  const secrets = [
    ...webhookSecrets,
    ...githubSecret,
    ...githubWebhookSecrets,
    ...single,
    ...passwordsOf(postgresUrl),
    ...proxySecrets(proxies.value),
    ...alertSecrets,
    ...(tracing?.secrets ?? []),
  ];
  if (secrets.some((secret) => secret.length < 12)) {
    warnings.push('a secret has fewer than 12 characters: it is easy to guess, and every text that contains it is redacted');
  }
  return ok({
    port,
    host,
    basePath,
    databasePath,
    postgresUrl,
    retentionMs,
    configPath: configPathFrom(variables),
    configPathIsSet,
    inImage,
    adminToken,
    access,
    authentication,
    github,
    githubApiUrl,
    githubWebhookSecrets,
    slack,
    wandbApiKey,
    wandbBaseUrl,
    jurisdiction,
    alertSecrets,
    tracing,
    proxies: proxies.value,
    secrets,
    warnings,
  });
}

/** True for addresses that only this machine can reach. */
export function isLoopback(host: string): boolean {
  if (host === 'localhost') return true;
  if (isIP(host) === 4) return host.startsWith('127.');
  // Written in one way: `0:0:0:0:0:0:0:1` and `::1`; an IPv4 address may be inside (RFC 4291, "IPv4-Mapped IPv6 Address").
  const address = isIP(host) === 6 && URL.canParse(`http://[${host}]`) ? new URL(`http://[${host}]`).hostname : '';
  return address === '[::1]' || address.startsWith('[::ffff:7f');
}

/** Standard Webhooks: `whsec_` and base64 of the key; any other text is the key itself. */
function readAlertSecrets(text: string | undefined, errors: string[]): readonly string[] {
  const secrets = listOf(text);
  if (secrets.some((secret) => secret.startsWith('whsec_') && !/^whsec_[A-Za-z0-9+/]{32,}={0,2}$/.test(secret)))
    errors.push('RELAY_ALERT_WEBHOOK_SECRET: begins with whsec_, and is no base64 of 24 bytes or more after it: copy it whole');
  return secrets;
}

function readPort(text: string | undefined, errors: string[]): number {
  if (text === undefined) return 8787;
  const port = Number(text);
  if (/^\d+$/.test(text) && port <= 65_535) return port;
  errors.push(`PORT: "${text}" is not a port number: set it to a whole number up to 65535`);
  return 0;
}

/** Slashes at either end do not matter. Characters that an address would hold escaped are refused. */
function readBasePath(text: string | undefined, errors: string[]): string {
  const path = (text ?? '').replace(/^\/+|\/+$/g, '');
  if (path === '') return '';
  const isPath = path.split('/').every((segment) => /^[A-Za-z0-9._~-]+$/.test(segment) && !/^\.+$/.test(segment));
  if (isPath) return `/${path}`;
  errors.push(`BASE_PATH: "${text}" is not a path: set it to one such as /relay, the part of the address before /webhooks/wandb`);
  return '';
}

function readRetention(text: string | undefined, errors: string[]): number {
  if (text === undefined) return DEFAULT_RETENTION_MS;
  const ms = parseDuration(text);
  if (ms !== undefined && ms > 0) return ms;
  errors.push(`RELAY_RETENTION: "${text}" is not a duration: set it to one such as 90d or 720h`);
  return DEFAULT_RETENTION_MS;
}

function readJurisdiction(text: string | undefined, errors: string[]): Jurisdiction | undefined {
  const found = JURISDICTIONS.find((one) => one === text?.toLowerCase());
  if (text !== undefined && found === undefined) errors.push(`RELAY_JURISDICTION: "${text}" is not a jurisdiction: set it to eu or us`);
  return found;
}

const WEBHOOK_VARIABLE = /^(WANDB_WEBHOOK_SECRET|WANDB_WEBHOOK_TOKEN)(?:_([A-Z0-9_]+))?$/;

/** `WANDB_WEBHOOK_SECRET` and `…_TOKEN` for `/webhooks/wandb`, and with `_<SOURCE>` behind them for a named source. */
function readAuthentication(variables: Variables, errors: string[]): Authentication {
  const sources = new Map<string, SourceSecrets>();
  for (const [name, value] of Object.entries(variables)) {
    const found = WEBHOOK_VARIABLE.exec(name);
    const values = listOf(value);
    if (found === null || values.length === 0) continue;
    const source = found[2] ?? '';
    if (source === sourceVariable(DEFAULT_SOURCE))
      errors.push(`${name}: "${DEFAULT_SOURCE}" is what arrives at /webhooks/wandb: use ${found[1]}`);
    const known = sources.get(source) ?? { secrets: [], tokens: [] };
    sources.set(source, found[1] === 'WANDB_WEBHOOK_SECRET' ? { ...known, secrets: values } : { ...known, tokens: values });
  }
  return { sources };
}

/** Values separated by commas. */
function listOf(text: string | undefined): string[] {
  return (text ?? '')
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
}

/** Slack's tokens tell by their beginning what they are for (Slack, "Token types"). */
function readSlack(get: (name: string) => string | undefined, errors: string[], warnings: string[]): SlackAccess | undefined {
  const botToken = get('SLACK_BOT_TOKEN');
  const signingSecret = get('SLACK_SIGNING_SECRET');
  const appToken = get('SLACK_APP_TOKEN');
  const apiUrl = readAddress('SLACK_API_URL', get('SLACK_API_URL'), SLACK_API_URL, SLACK_APP, errors);
  if (appToken !== undefined && !appToken.startsWith('xapp-'))
    errors.push('SLACK_APP_TOKEN: must begin with "xapp-": copy it from the app\'s "Basic Information", "App-Level Tokens"');
  if (botToken === undefined) {
    if (signingSecret !== undefined || appToken !== undefined)
      errors.push('SLACK_BOT_TOKEN: is not set, but other variables of Slack are: copy it from the app\'s "OAuth & Permissions"');
    return undefined;
  }
  if (!botToken.startsWith('xox'))
    errors.push('SLACK_BOT_TOKEN: must begin with "xoxb-": copy the "Bot User OAuth Token" from the app\'s "OAuth & Permissions"');
  if (signingSecret === undefined && appToken === undefined)
    warnings.push(
      'SLACK_SIGNING_SECRET and SLACK_APP_TOKEN are not set: messages are sent, but their buttons and /wandb-relay do not work',
    );
  return { botToken, signingSecret, appToken, apiUrl };
}

function readGitHub(
  token: string | undefined,
  appId: string | undefined,
  key: string | undefined,
  errors: string[],
): GitHubAccess | undefined {
  if (token !== undefined && (appId !== undefined || key !== undefined)) {
    errors.push('GITHUB_TOKEN: is set together with GITHUB_APP_ID or GITHUB_APP_PRIVATE_KEY: set the token or the App, not both');
    return undefined;
  }
  if (token !== undefined) {
    if (/\s/.test(token)) errors.push('GITHUB_TOKEN: has white space in it: set it to the token alone');
    return { kind: 'token', token };
  }
  if (appId === undefined && key === undefined) return undefined;
  if (appId === undefined) errors.push('GITHUB_APP_ID: is not set, but GITHUB_APP_PRIVATE_KEY is: set both');
  if (key === undefined) errors.push('GITHUB_APP_PRIVATE_KEY: is not set, but GITHUB_APP_ID is: set both');
  if (appId === undefined || key === undefined) return undefined;
  const privateKey = readAppKey(key);
  if (!privateKey.ok) errors.push(`GITHUB_APP_PRIVATE_KEY: ${privateKey.error}`);
  return { kind: 'app', appId, privateKey: privateKey.ok ? privateKey.value : key };
}

function readAddress(name: string, text: string | undefined, otherwise: string, apps: AppHosts, errors: string[]): string {
  if (text === undefined) return otherwise;
  const address = readApiAddress(text, otherwise, apps);
  if (address.ok) return address.value;
  errors.push(`${name}: ${address.error}`);
  return otherwise;
}

const QUOTES = ['""', "''", '``', '“”', '‘’', '„“', '„”', '‚‘', '«»', '»«'];
const LEFT_QUOTED = 'its value is in quotes: remove them ("docker --env-file" and "wrangler secret put" keep them)';

function isQuoted(text: string | undefined): boolean {
  const value = text?.trim() ?? '';
  return value.length >= 2 && QUOTES.includes(`${value[0]}${value.at(-1)}`);
}

/** Quotes that are meant as part of a secret are possible: that is only warned about, unless the value is wrong anyway. */
function withQuotesNamed(error: string, variables: Variables): string {
  const name = /^[A-Z0-9_]+(?=:)/.exec(error)?.[0];
  // Those of proxies are read in lower case, too.
  const values = name === undefined ? [] : [variables[name], variables[name.toLowerCase()]];
  return values.some(isQuoted) ? `${error}; ${LEFT_QUOTED}` : error;
}

/** For secrets of which there may be several at a time. */
function commaWarnings(variables: Variables, names: Iterable<string>): string[] {
  return [...names]
    .filter((name) => listOf(variables[name]).length > 0 && variables[name]?.includes(','))
    .map((name) => {
      const count = listOf(variables[name]).length;
      return `${name}: has a comma, which separates secrets: all ${count} of them are accepted; a secret cannot contain a comma`;
    });
}
