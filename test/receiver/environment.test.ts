import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { isLoopback, readEnvironment } from '../../receiver/environment.ts';

const read = (variables: Record<string, string>) => {
  const environment = readEnvironment(variables);
  if (!environment.ok) throw new Error(environment.error.join('\n'));
  return environment.value;
};
const errors = (variables: Record<string, string>) => {
  const environment = readEnvironment(variables);
  return environment.ok ? [] : environment.error;
};
const pem = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ type: 'pkcs1', format: 'pem' }).toString();

describe('the environment', () => {
  it('has defaults for everything', () => {
    expect(read({})).toMatchObject({
      port: 8787,
      host: '127.0.0.1',
      databasePath: undefined,
      configPath: 'wandb-relay.yaml',
      github: undefined,
      githubApiUrl: 'https://api.github.com',
      secrets: [],
    });
  });

  it('knows Slack by its bot token, and keeps all of its secrets from being shown', () => {
    const { slack, secrets, warnings } = read({
      SLACK_BOT_TOKEN: 'xoxb-1-bot-token',
      SLACK_SIGNING_SECRET: 'signing-secret',
      SLACK_APP_TOKEN: 'xapp-1-app-token',
      GITHUB_WEBHOOK_SECRET: 'webhook-secret-1, webhook-secret-2',
    });
    expect(slack).toEqual({
      botToken: 'xoxb-1-bot-token',
      signingSecret: 'signing-secret',
      appToken: 'xapp-1-app-token',
      apiUrl: 'https://slack.com/api',
    });
    expect(secrets).toEqual(['webhook-secret-1', 'webhook-secret-2', 'xoxb-1-bot-token', 'signing-secret', 'xapp-1-app-token']);
    expect(warnings).toEqual([]);
    expect(read({}).slack).toBeUndefined();
  });

  it('says when nothing would hear the buttons of messages', () => {
    expect(read({ SLACK_BOT_TOKEN: 'xoxb-1-bot-token' }).warnings).toEqual([expect.stringContaining('nothing hears their buttons')]);
  });

  it.each([
    [{ SLACK_SIGNING_SECRET: 'signing-secret' }, /^SLACK_BOT_TOKEN: is not set, but/],
    [{ SLACK_APP_TOKEN: 'xapp-1' }, /^SLACK_BOT_TOKEN: is not set, but/],
    [{ SLACK_BOT_TOKEN: 'xapp-1' }, /^SLACK_BOT_TOKEN: must begin with "xoxb-"/],
    [{ SLACK_BOT_TOKEN: 'xoxb-1', SLACK_APP_TOKEN: 'xoxb-1' }, /^SLACK_APP_TOKEN: must begin with "xapp-"/],
    [{ SLACK_BOT_TOKEN: 'xoxb-1', SLACK_API_URL: 'slack' }, /^SLACK_API_URL: "slack" is not an http/],
  ])('refuses %j', (variables, message) => {
    expect(errors(variables)).toEqual([expect.stringMatching(message)]);
  });

  it('splits secrets and tokens at commas, for rotation, and by source', () => {
    const { authentication, secrets } = read({
      WANDB_WEBHOOK_SECRET: 'old-secret-1, new-secret-2',
      WANDB_WEBHOOK_TOKEN_PROD_EU: 'token-of-prod',
      PATH: '/bin',
    });
    expect([...authentication.sources]).toEqual([
      ['', { secrets: ['old-secret-1', 'new-secret-2'], tokens: [] }],
      ['PROD_EU', { secrets: [], tokens: ['token-of-prod'] }],
    ]);
    expect(secrets).toEqual(['old-secret-1', 'new-secret-2', 'token-of-prod']);
  });

  it('takes a blank value as not set', () => {
    expect(read({ PORT: ' ', WANDB_WEBHOOK_SECRET: ' , ', GITHUB_TOKEN: '', DATABASE_URL: '' })).toMatchObject({
      port: 8787,
      github: undefined,
      databasePath: undefined,
      secrets: [],
    });
  });

  it.each([
    ['file:relay.db', 'relay.db'],
    ['file:./data/relay.db', './data/relay.db'],
    ['file:/var/lib/relay.db', '/var/lib/relay.db'],
    ['file:///var/lib/relay.db', '/var/lib/relay.db'],
  ])('reads DATABASE_URL %s', (url, path) => {
    expect(read({ DATABASE_URL: url }).databasePath).toBe(path);
  });

  it('takes the key of an App with written-out line breaks', () => {
    expect(read({ GITHUB_APP_ID: '12', GITHUB_APP_PRIVATE_KEY: pem.replaceAll('\n', '\\n') }).github).toEqual({
      kind: 'app',
      appId: '12',
      privateKey: pem,
    });
  });

  it.each([
    [{ PORT: 'eighty' }, /^PORT: "eighty"/],
    [{ PORT: '70000' }, /^PORT:/],
    [{ DATABASE_URL: 'relay.db' }, /^DATABASE_URL: must begin with "file:"/],
    [{ DATABASE_URL: 'postgres://x' }, /^DATABASE_URL: PostgreSQL/],
    [{ GITHUB_API_URL: 'github' }, /^GITHUB_API_URL: "github"/],
    [{ GITHUB_TOKEN: 'x', GITHUB_APP_ID: '1' }, /^GITHUB_TOKEN: is set together/],
    [{ GITHUB_TOKEN: 'two words' }, /^GITHUB_TOKEN: has white space/],
    [{ GITHUB_APP_ID: '1' }, /^GITHUB_APP_PRIVATE_KEY: is not set/],
    [{ GITHUB_APP_PRIVATE_KEY: pem }, /^GITHUB_APP_ID: is not set/],
    [{ GITHUB_APP_ID: '1', GITHUB_APP_PRIVATE_KEY: 'nonsense' }, /^GITHUB_APP_PRIVATE_KEY: is not a private key/],
    [{ WANDB_WEBHOOK_SECRET_DEFAULT: 'x' }, /^WANDB_WEBHOOK_SECRET_DEFAULT: /],
  ])('refuses %j with one line', (variables, line) => {
    expect(errors(variables as Record<string, string>)).toEqual([expect.stringMatching(line)]);
  });

  it('reports every wrong value at once and never the value of a secret', () => {
    const lines = errors({ PORT: 'x', DATABASE_URL: 'y', GITHUB_APP_ID: '1', GITHUB_APP_PRIVATE_KEY: 'the-secret-key' });
    expect(lines).toHaveLength(3);
    expect(lines.join()).not.toContain('the-secret-key');
  });

  it('warns of short secrets', () => {
    expect(read({ WANDB_WEBHOOK_SECRET: 'short' }).warnings).toHaveLength(1);
    expect(read({ WANDB_WEBHOOK_SECRET: 'long enough to hold' }).warnings).toEqual([]);
  });
});

describe('loopback', () => {
  it.each([
    ['127.0.0.1', true],
    ['127.9.9.9', true],
    ['::1', true],
    ['localhost', true],
    ['0.0.0.0', false],
    ['::', false],
    ['10.0.0.1', false],
    ['127.0.0.1.example.com', false],
  ])('%s: %s', (host, expected) => {
    expect(isLoopback(host)).toBe(expected);
  });
});
