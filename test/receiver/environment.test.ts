import { createPublicKey, generateKeyPairSync, type KeyObject, verify } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import githubAppJwt from 'universal-github-app-jwt';
import { describe, expect, it } from 'vitest';
import { isLoopback, readEnvironment } from '../../receiver/environment.ts';
import { PROJECT } from '../stand-ins/receiver-process.ts';

const read = (variables: Record<string, string>) => {
  const environment = readEnvironment(variables);
  if (!environment.ok) throw new Error(environment.error.join('\n'));
  return environment.value;
};
const errors = (variables: Record<string, string>) => {
  const environment = readEnvironment(variables);
  return environment.ok ? [] : environment.error;
};
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
const pem = rsa.export({ type: 'pkcs1', format: 'pem' }).toString();
const pemOf = (key: KeyObject) => key.export({ type: 'pkcs8', format: 'pem' }).toString();

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
      GITHUB_WEBHOOK_SECRET: 'webhook-secret-1',
    });
    expect(slack).toEqual({
      botToken: 'xoxb-1-bot-token',
      signingSecret: 'signing-secret',
      appToken: 'xapp-1-app-token',
      apiUrl: 'https://slack.com/api',
    });
    expect(secrets).toEqual(['webhook-secret-1', 'xoxb-1-bot-token', 'signing-secret', 'xapp-1-app-token']);
    expect(warnings).toEqual([]);
    expect(read({}).slack).toBeUndefined();
  });

  it('says when nothing would hear the buttons of messages', () => {
    expect(read({ SLACK_BOT_TOKEN: 'xoxb-1-bot-token' }).warnings).toEqual([
      expect.stringContaining('their buttons and /wandb-relay do not work'),
    ]);
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
    const source = readFileSync(join(PROJECT, 'receiver', 'environment.ts'), 'utf8');
    const names = [...source.matchAll(/get\('([A-Z_]+)'/g)].map((found) => found[1] ?? '');
    expect(names).toContain('PORT');
    for (const blank of ['', ' ', '\t\n']) {
      const all = Object.fromEntries([...names, 'WANDB_WEBHOOK_SECRET', 'WANDB_WEBHOOK_TOKEN_PROD'].map((name) => [name, blank]));
      expect(read(all)).toEqual(read({}));
    }
    expect(read({ WANDB_WEBHOOK_SECRET: ' , ' })).toEqual(read({}));
  });

  it.each([
    ['file:relay.db', 'relay.db'],
    ['file:./data/relay.db', './data/relay.db'],
    ['file:/var/lib/relay.db', '/var/lib/relay.db'],
    ['file:///var/lib/relay.db', '/var/lib/relay.db'],
  ])('reads DATABASE_URL %s', (url, path) => {
    expect(read({ DATABASE_URL: url }).databasePath).toBe(path);
  });

  it('reads DATABASE_URL of a PostgreSQL database, and redacts its password when that is a secret', () => {
    const url = (password: string) => `postgres://relay:${password}@db.example:5432/relay?sslmode=verify-full`;
    expect(read({ DATABASE_URL: url('long%2Fenough-to-be-one') })).toMatchObject({
      databasePath: undefined,
      postgresUrl: url('long%2Fenough-to-be-one'),
      secrets: ['long/enough-to-be-one'],
    });
    expect(read({ DATABASE_URL: url('relay') }).secrets).toEqual([]);
  });

  it('reads RELAY_RETENTION, and keeps events for ninety days without it', () => {
    expect(read({}).retentionMs).toBe(90 * 86_400_000);
    expect(read({ RELAY_RETENTION: '30d' }).retentionMs).toBe(30 * 86_400_000);
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
    [{ DATABASE_URL: 'sqlite:///relay.db' }, /^DATABASE_URL: must begin with "file:"/],
    [
      { DATABASE_URL: 'file://relay.db' },
      /^DATABASE_URL: "file:\/\/relay.db" names a machine called "relay.db", not a file: write file:relay.db/,
    ],
    [{ DATABASE_URL: 'file://data/relay.db' }, /^DATABASE_URL: .* names a machine called "data"/],
    [{ DATABASE_URL: 'file:relay.db?mode=ro' }, /^DATABASE_URL: .* has options behind the "\?"/],
    [{ DATABASE_URL: 'file:///var/lib/relay.db?cache=shared' }, /^DATABASE_URL: .* has options behind the "\?"/],
    [{ DATABASE_URL: 'file::memory:' }, /^DATABASE_URL: ":memory:" would lose everything/],
    [{ DATABASE_URL: 'file:' }, /^DATABASE_URL: "file:" names no file/],
    [{ DATABASE_URL: 'file:/data/' }, /^DATABASE_URL: "file:\/data\/" names no file/],
    [{ DATABASE_URL: 'file:~/relay.db' }, /^DATABASE_URL: .*"~" means nothing here/],
    [{ DATABASE_URL: 'postgres://u:p@db/relay?sslmode=verify_full' }, /^DATABASE_URL: has sslmode=verify_full, which does not exist/],
    [{ DATABASE_URL: 'postgres://u:p@one:5432,two:5432/db' }, /^DATABASE_URL: names several hosts/],
    [{ DATABASE_URL: 'postgres://u:p@:5432/db?host=/socket' }, /^DATABASE_URL: has a port but no host/],
    [{ DATABASE_URL: '"file:relay.db"' }, /^DATABASE_URL: must begin with .*its value is in quotes/],
    [{ PORT: "'8787'" }, /^PORT: .*its value is in quotes/],
    [{ WANDB_BASE_URL: 'https://api.wandb.ai/graphql' }, /^WANDB_BASE_URL: .* must not end in "\/graphql"/],
    [{ WANDB_BASE_URL: 'https://wandb.example.com/graphql/' }, /^WANDB_BASE_URL: .* must not end in "\/graphql"/],
    [{ WANDB_BASE_URL: 'https://wandb.ai' }, /^WANDB_BASE_URL: wandb.ai is not the address of the API: set it to https:\/\/api.wandb.ai/],
    [{ WANDB_BASE_URL: 'https://forge.coreweave.com/wandb' }, /^WANDB_BASE_URL: .* is not the address of the API/],
    [{ WANDB_BASE_URL: 'https://wandb.example.com?x=1' }, /^WANDB_BASE_URL: .* has a query or a fragment/],
    [{ GITHUB_API_URL: 'https://github.com/acme' }, /^GITHUB_API_URL: .* set it to https:\/\/api.github.com/],
    [{ GITHUB_API_URL: 'https://ghe.example.com/api/graphql' }, /^GITHUB_API_URL: .* must not end in "\/graphql"/],
    [{ SLACK_API_URL: 'https://slack.com' }, /^SLACK_API_URL: .* set it to https:\/\/slack.com\/api/],
    [{ DATABASE_URL: 'postgres://relay:a#b@db:x/relay' }, /^DATABASE_URL: is not an address: write signs such as @/],
    [{ RELAY_RETENTION: 'a while' }, /^RELAY_RETENTION: "a while" is not a duration: set it to one such as 90d/],
    [{ RELAY_RETENTION: '0d' }, /^RELAY_RETENTION/],
    [{ DATABASE_URL: 'postgres://relay:100%@db/relay' }, /^DATABASE_URL: is not an address: write signs such as @/],
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

  it.each([
    [
      'an elliptic curve',
      pemOf(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey),
      /is a key of type ec, and a GitHub App signs with RSA keys only/,
    ],
    ['Ed25519', pemOf(generateKeyPairSync('ed25519').privateKey), /is a key of type ed25519/],
    ['RSA for PSS', pemOf(generateKeyPairSync('rsa-pss', { modulusLength: 2048 }).privateKey), /is a key of type rsa-pss/],
    [
      'a key that is encrypted',
      rsa.export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'x' }).toString(),
      /is encrypted: decrypt it/,
    ],
    [
      'an old key that is encrypted',
      rsa.export({ type: 'pkcs1', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'x' }).toString(),
      /is encrypted: decrypt it/,
    ],
    ['a public key', createPublicKey(pem).export({ type: 'spki', format: 'pem' }).toString(), /is not a private key/],
    ['half a key', pem.slice(0, 400), /is not a private key/],
    ['a key in the wrong frame', pem.replaceAll('RSA PRIVATE', 'PRIVATE'), /is not a private key/],
  ])('refuses %s as the key of an App, in one line without the key', (_what, key, line) => {
    const lines = errors({ GITHUB_APP_ID: '1', GITHUB_APP_PRIVATE_KEY: key });
    expect(lines).toEqual([expect.stringMatching(line)]);
    expect(lines[0]).toMatch(/^GITHUB_APP_PRIVATE_KEY: [^\n]*$/);
    expect(lines[0]).not.toContain(key.split('\n')[1]);
  });

  it.each([
    ['PKCS#8', pemOf(rsa)],
    ['PKCS#1', pem],
  ])('takes the key of an App in %s however it was written, and can sign with it', async (_format, plain) => {
    const written = [
      plain,
      plain.replaceAll('\n', '\r\n'),
      plain.replaceAll('\n', '\\n'),
      `Bag Attributes\n  friendlyName: relay\n${plain}`,
      `# the key of the App\n\n${plain}\nkeep this secret\n`,
      `${plain}-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n`,
      plain.replaceAll('\n', ' '),
      plain.replaceAll('\n', '\n   '),
      plain.replaceAll('\n', '\\r\\n'),
      plain.replaceAll('\n', '\\\\n'),
      plain.replaceAll('\n', '\u00a0\n'),
    ];
    for (const key of written) {
      const { github } = read({ GITHUB_APP_ID: '1', GITHUB_APP_PRIVATE_KEY: key });
      const privateKey = github?.kind === 'app' ? github.privateKey : '';
      const { token } = await githubAppJwt({ id: '1', privateKey, now: 1_800_000_000 });
      const [head, payload, signature = ''] = token.split('.');
      const isSigned = verify('RSA-SHA256', Buffer.from(`${head}.${payload}`), createPublicKey(pem), Buffer.from(signature, 'base64url'));
      expect(isSigned, JSON.stringify(key.slice(0, 80))).toBe(true);
    }
  });

  it('reads proxies in lower and in upper case, the lower case first, and redacts their passwords in every form', () => {
    const { proxies, secrets } = read({
      HTTPS_PROXY: 'http://other.example:1',
      https_proxy: 'relay:p%40ss%2Fword@proxy.example:3128',
      HTTP_PROXY: ' ',
      NO_PROXY: '.acme.example, ::1 10.0.0.1',
    });
    expect(proxies).toEqual({
      https: 'http://relay:p%40ss%2Fword@proxy.example:3128/',
      http: undefined,
      except: '.acme.example,[::1],10.0.0.1',
    });
    expect(secrets).toEqual(['p@ss/word', 'p%40ss%2Fword', Buffer.from('relay:p@ss/word').toString('base64')]);
    expect(read({ HTTP_PROXY: 'http://proxy.example' }).proxies).toMatchObject({
      https: 'http://proxy.example/',
      http: 'http://proxy.example/',
    });
    expect(read({ NO_PROXY: '*' }).proxies).toBeUndefined();
  });

  it.each([
    'socks5://proxy.example:1080',
    'http://',
    'http://a b',
    'http://relay:100%@proxy.example',
    'ftp://proxy.example',
    'acme\\relay:secret@proxy.example:3128',
    '"http://proxy.example:3128"',
    '“http://proxy.example:3128”',
  ])('refuses %s as a proxy, in one line without it', (address) => {
    for (const name of ['HTTPS_PROXY', 'HTTP_PROXY', 'http_proxy']) {
      const [line, ...more] = errors({ [name]: address });
      expect(more).toEqual([]);
      expect(line).toMatch(new RegExp(`^${name.toUpperCase()}: is not the address of an HTTP proxy`));
      if (address !== 'http://') expect(line).not.toContain(address);
      expect(line?.includes('its value is in quotes')).toBe(/^["“]/.test(address));
    }
  });

  it('reports every wrong value at once and never the value of a secret', () => {
    const lines = errors({ PORT: 'x', DATABASE_URL: 'y', GITHUB_APP_ID: '1', GITHUB_APP_PRIVATE_KEY: 'the-secret-key' });
    expect(lines).toHaveLength(3);
    expect(lines.join()).not.toContain('the-secret-key');
  });

  it('never shows a secret that an address holds', () => {
    const hidden = 'a-password-that-nobody-sees';
    const lines = [
      ...errors({ GITHUB_API_URL: `https://user:${hidden}@ghe.example.com/api/v3` }),
      ...errors({ SLACK_API_URL: `https://hooks.slack.com/services/T1/B1/${hidden}` }),
      ...errors({ DATABASE_URL: `postgres://u:${hidden}@one,two/db` }),
      ...errors({ DATABASE_URL: `postgres://u:${hidden}@:1/db` }),
    ];
    expect(lines).toHaveLength(4);
    expect(lines.join()).not.toContain(hidden);
  });

  it.each([
    ['GITHUB_TOKEN', '"ghp_a_token_for_tests"'],
    ['RELAY_CONFIG', "'wandb-relay.yaml'"],
    ['WANDB_API_KEY', '“a-key-of-forty-characters”'],
    ['WANDB_WEBHOOK_SECRET_PROD', '"a-secret-for-tests-only"'],
    ['HOST', '"127.0.0.1"'],
    ['GITHUB_WEBHOOK_SECRET', '„a-secret-for-tests-only“'],
    ['RELAY_ADMIN_TOKEN', '«a-secret-for-tests-only»'],
    ['NO_PROXY', '"localhost,.acme.example"'],
    ['no_proxy', "'localhost'"],
  ])('warns that %s still has its quotes, without showing it', (name, value) => {
    const { warnings } = read({ [name]: value });
    expect(warnings).toEqual([expect.stringMatching(new RegExp(`^${name}: its value is in quotes`))]);
    expect(warnings.join()).not.toContain(value);
  });

  it.each(['WANDB_WEBHOOK_SECRET', 'WANDB_WEBHOOK_TOKEN_PROD', 'GITHUB_WEBHOOK_SECRET'])('warns of a comma in %s', (name) => {
    expect(read({ [name]: 'old-secret-of-tests,new-secret-of-tests' }).warnings).toEqual([
      expect.stringMatching(new RegExp(`^${name}: has a comma, .* all 2 of them are accepted`)),
    ]);
    expect(read({ [name]: 'one-secret-of-tests' }).warnings).toEqual([]);
  });

  it('takes an address of IPv6 in brackets', () => {
    expect(read({ HOST: '[::]' }).host).toBe('::');
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
    ['0:0:0:0:0:0:0:1', true],
    ['::ffff:127.0.0.1', true],
    ['::ffff:10.0.0.1', false],
    ['::', false],
    ['10.0.0.1', false],
    ['127.0.0.1.example.com', false],
  ])('%s: %s', (host, expected) => {
    expect(isLoopback(host)).toBe(expected);
  });
});
