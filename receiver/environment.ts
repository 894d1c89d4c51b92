import { createPrivateKey } from 'node:crypto';
import { isIP } from 'node:net';
import { parseDuration } from '../src/duration.ts';
import { DEFAULT_SOURCE } from '../src/event.ts';
import { err, ok, type Result } from '../src/result.ts';
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
  readonly adminToken: string | undefined;
  readonly authentication: Authentication;
  readonly github: GitHubAccess | undefined;
  readonly githubApiUrl: string;
  /** The secrets with which GitHub's webhooks may be signed; none: they are not taken. */
  readonly githubWebhookSecrets: readonly string[];
  readonly slack: SlackAccess | undefined;
  readonly wandbApiKey: string | undefined;
  readonly wandbBaseUrl: string;
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

export const DEFAULT_DATABASE_PATH = 'relay.db';
const DEFAULT_RETENTION_MS = 90 * 86_400_000;
export const DEFAULT_CONFIG_PATH = 'wandb-relay.yaml';
export const GITHUB_API_URL = 'https://api.github.com';
export const SLACK_API_URL = 'https://slack.com/api';
export const WANDB_API_URL = 'https://api.wandb.ai';

export type Variables = Readonly<Record<string, string | undefined>>;

/** The config file: RELAY_CONFIG, else the default. For commands that read nothing else of the environment. */
export function configPathFrom(variables: Variables): string {
  return blankToUndefined(variables.RELAY_CONFIG) ?? DEFAULT_CONFIG_PATH;
}

/** BASE_PATH; blank when it is not set, or not a path. For commands that read nothing else of the environment. */
export function basePathFrom(variables: Variables): string {
  return readBasePath(blankToUndefined(variables.BASE_PATH), []);
}

/** `owner/name` from GITHUB_REPOSITORY, which workflows set. */
export function repositoryFrom(variables: Variables): string | undefined {
  return blankToUndefined(variables.GITHUB_REPOSITORY);
}

function blankToUndefined(text: string | undefined): string | undefined {
  const value = text?.trim();
  return value === '' ? undefined : value;
}

/** Reads the environment. Each error is one line: the variable, what is wrong, what to do. A blank value counts as not set. */
export function readEnvironment(variables: Variables): Result<Environment, string[]> {
  const errors: string[] = [];
  const warnings: string[] = [];
  const get = (name: string): string | undefined => blankToUndefined(variables[name]);
  const port = readPort(get('PORT'), errors);
  const { databasePath, postgresUrl } = readDatabase(get('DATABASE_URL'), errors);
  const retentionMs = readRetention(get('RELAY_RETENTION'), errors);
  const authentication = readAuthentication(variables, errors);
  const host = get('HOST') ?? '127.0.0.1';
  const basePath = readBasePath(get('BASE_PATH'), errors);
  const github = readGitHub(get('GITHUB_TOKEN'), get('GITHUB_APP_ID'), get('GITHUB_APP_PRIVATE_KEY'), errors);
  const githubApiUrl = readAddress('GITHUB_API_URL', get('GITHUB_API_URL'), GITHUB_API_URL, errors);
  const githubWebhookSecrets = listOf(get('GITHUB_WEBHOOK_SECRET'));
  const slack = readSlack(get, errors, warnings);
  const adminToken = get('RELAY_ADMIN_TOKEN');
  const wandbApiKey = get('WANDB_API_KEY');
  const wandbBaseUrl = readAddress('WANDB_BASE_URL', get('WANDB_BASE_URL'), WANDB_API_URL, errors);
  if (errors.length > 0) return err(errors);

  const webhookSecrets = [...authentication.sources.values()].flatMap(({ secrets, tokens }) => [...secrets, ...tokens]);
  const githubSecret = github === undefined ? [] : [github.kind === 'token' ? github.token : github.privateKey];
  const single = [adminToken, wandbApiKey, slack?.botToken, slack?.signingSecret, slack?.appToken].filter((secret) => secret !== undefined);
  const secrets = [...webhookSecrets, ...githubSecret, ...githubWebhookSecrets, ...single, ...databasePassword(postgresUrl)];
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
    configPathIsSet: get('RELAY_CONFIG') !== undefined,
    adminToken,
    authentication,
    github,
    githubApiUrl,
    githubWebhookSecrets,
    slack,
    wandbApiKey,
    wandbBaseUrl,
    secrets,
    warnings,
  });
}

/** True for addresses that only this machine can reach. */
export function isLoopback(host: string): boolean {
  if (host === 'localhost' || host === '::1') return true;
  return isIP(host) === 4 && host.startsWith('127.');
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

interface DatabaseAddress {
  readonly databasePath: string | undefined;
  readonly postgresUrl: string | undefined;
}

function readDatabase(text: string | undefined, errors: string[]): DatabaseAddress {
  const none = { databasePath: undefined, postgresUrl: undefined };
  if (text === undefined) return none;
  const path = /^file:(?:\/\/(?=\/))?(.+)$/.exec(text)?.[1];
  if (path !== undefined) return { ...none, databasePath: path };
  if (/^postgres(ql)?:\/\//.test(text)) {
    // A % that begins no escape cannot be decoded.
    if (URL.canParse(text) && !/%(?![0-9a-f]{2})/i.test(text)) return { ...none, postgresUrl: text };
    errors.push('DATABASE_URL: is not an address: write signs such as @ / # % in the password as %40 %2F %23 %25');
    return none;
  }
  errors.push('DATABASE_URL: must begin with "file:", such as file:relay.db, or with "postgres://", such as postgres://relay@db/relay');
  return none;
}

/** Short ones are left out: redacted everywhere, they would take ordinary words out of events. */
function databasePassword(url: string | undefined): string[] {
  const password = url === undefined ? '' : decodeURIComponent(new URL(url).password);
  return password.length < 12 ? [] : [password];
}

function readRetention(text: string | undefined, errors: string[]): number {
  if (text === undefined) return DEFAULT_RETENTION_MS;
  const ms = parseDuration(text);
  if (ms !== undefined && ms > 0) return ms;
  errors.push(`RELAY_RETENTION: "${text}" is not a duration: set it to one such as 90d or 720h`);
  return DEFAULT_RETENTION_MS;
}

/** `WANDB_WEBHOOK_SECRET` and `…_TOKEN` for `/webhooks/wandb`, and with `_<SOURCE>` behind them for a named source. */
function readAuthentication(variables: Variables, errors: string[]): Authentication {
  const sources = new Map<string, SourceSecrets>();
  for (const [name, value] of Object.entries(variables)) {
    const found = /^(WANDB_WEBHOOK_SECRET|WANDB_WEBHOOK_TOKEN)(?:_([A-Z0-9_]+))?$/.exec(name);
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
  const apiUrl = readAddress('SLACK_API_URL', get('SLACK_API_URL'), SLACK_API_URL, errors);
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
      'SLACK_SIGNING_SECRET and SLACK_APP_TOKEN are not set: messages are sent, but nothing hears their buttons or /wandb-relay',
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
  // Many places that hold secrets keep only one line.
  const privateKey = key.replaceAll('\\n', '\n');
  try {
    createPrivateKey(privateKey);
  } catch {
    errors.push(
      'GITHUB_APP_PRIVATE_KEY: is not a private key: set it to the whole text of the .pem file (line breaks may be written as \\n)',
    );
  }
  return { kind: 'app', appId, privateKey };
}

function readAddress(name: string, text: string | undefined, otherwise: string, errors: string[]): string {
  if (text === undefined) return otherwise;
  if (URL.canParse(text) && /^https?:/.test(text)) return text.replace(/\/+$/, '');
  errors.push(`${name}: "${text}" is not an http or https address, such as ${otherwise}`);
  return otherwise;
}
