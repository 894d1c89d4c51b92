import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { commandLine } from './command-io.ts';

const CONFIG = `version: 1
routes:
  - name: deploy
    on: { event: add_artifact_alias, alias: production }
    approval: { slack: "#ml", by: [BY] }
    to:
      - repository_dispatch: { repository: acme/deploy, event_type: go }
`;

function withPeople(by: string, settings = '') {
  return commandLine({ 'wandb-relay.yaml': `${CONFIG.replace('BY', by)}${settings}` });
}

describe('slack manifest', () => {
  it('points everything at the receiver, with the least scopes', async () => {
    const { code, out, complaints } = await withPeople('U0ADA').run(
      'slack',
      'manifest',
      '--url',
      'https://relay.example.com/base/',
      '--name',
      'ML Relay',
    );
    expect([code, complaints]).toEqual([0, '']);
    const url = 'https://relay.example.com/base/slack/events';
    expect(parse(out)).toMatchObject({
      display_information: { name: 'ML Relay' },
      features: {
        app_home: { home_tab_enabled: true },
        bot_user: { display_name: 'ml-relay' },
        slash_commands: [{ command: '/wandb-relay', url }],
      },
      oauth_config: {
        scopes: { bot: ['chat:write', 'chat:write.public', 'commands', 'channels:history', 'groups:history', 'users:read'] },
      },
      settings: {
        event_subscriptions: { request_url: url, bot_events: ['app_home_opened', 'app_uninstalled', 'tokens_revoked'] },
        interactivity: { is_enabled: true, request_url: url },
        socket_mode_enabled: false,
      },
    });
  });

  it.each([
    ['https://relay.example.com', 'https://relay.example.com/relay/slack/events'],
    ['https://relay.example.com/other', 'https://relay.example.com/other/slack/events'],
  ])('puts BASE_PATH behind an address without a path: %s', async (url, expected) => {
    const { run } = commandLine({}, { BASE_PATH: '/relay/' });
    const { out } = await run('slack', 'manifest', '--url', url);
    expect(parse(out)).toMatchObject({ settings: { interactivity: { request_url: expected } } });
    expect((await run('slack', 'manifest')).complaints).toContain('--url https://relay.example.com/relay,');
  });

  it('may write direct messages only when a route has notify', async () => {
    const without = parse((await withPeople('U0ADA').run('slack', 'manifest', '--socket-mode')).out);
    expect(without.features.app_home.messages_tab_enabled).toBe(false);
    expect(without.oauth_config.scopes.bot).not.toContain('im:write');
    const text = CONFIG.replace('BY', 'S0OPS').replace('approval:', 'notify: [approvers]\n    approval:');
    const { out } = await commandLine({ 'wandb-relay.yaml': text }).run('slack', 'manifest', '--socket-mode');
    const manifest = parse(out);
    expect(manifest.features.app_home.messages_tab_enabled).toBe(true);
    expect(manifest.oauth_config.scopes.bot).toEqual(expect.arrayContaining(['im:write', 'im:history', 'usergroups:read']));
  });

  it('may answer links to W&B only when the config turns that on, and only those of its server', async () => {
    const off = parse((await withPeople('U0ADA').run('slack', 'manifest', '--socket-mode')).out);
    expect(JSON.stringify(off)).not.toMatch(/link/);
    const on = { 'wandb-relay.yaml': `${CONFIG.replace('BY', 'U0ADA')}settings: { slack_unfurl: true }` };
    const manifest = async (variables: Record<string, string>) =>
      parse((await commandLine(on, variables).run('slack', 'manifest', '--socket-mode')).out);
    expect(await manifest({})).toMatchObject({
      features: { unfurl_domains: ['forge.coreweave.com', 'wandb.ai'] },
      oauth_config: { scopes: { bot: expect.arrayContaining(['links:read', 'links:write']) } },
      settings: { event_subscriptions: { bot_events: expect.arrayContaining(['link_shared']) } },
    });
    expect(await manifest({ WANDB_BASE_URL: 'https://wandb.acme.example' })).toMatchObject({
      features: { unfurl_domains: ['wandb.acme.example'] },
    });
  });

  it('has no address in Socket Mode', async () => {
    const { code, out } = await withPeople('U0ADA').run('slack', 'manifest', '--socket-mode');
    expect(code).toBe(0);
    expect(out).not.toMatch(/https?:/);
    expect(out).not.toMatch(/\burl:/);
    expect(parse(out)).toMatchObject({ settings: { socket_mode_enabled: true, interactivity: { is_enabled: true } } });
  });

  it('asks for user groups only where the config names one', async () => {
    const scopes = async (by: string, settings?: string) =>
      (
        parse((await withPeople(by, settings).run('slack', 'manifest', '--socket-mode')).out) as {
          oauth_config: { scopes: { bot: string[] } };
        }
      ).oauth_config.scopes.bot;
    expect(await scopes('U0ADA')).not.toContain('usergroups:read');
    expect(await scopes('U0ADA, S0DEPLOY')).toContain('usergroups:read');
    expect(await scopes('U0ADA', 'settings: { slack_operators: [S0OPS] }\n')).toContain('usergroups:read');
  });

  it('says so when there is no config to read', async () => {
    const { code, out, complaints } = await commandLine().run('slack', 'manifest', '--socket-mode');
    expect(code).toBe(0);
    expect(parse(out)).toHaveProperty('oauth_config');
    expect(complaints).toMatch(/^wandb-relay\.yaml: there is no such file.*usergroups:read/);
  });

  it.each([
    ['no address', [], /--url https:\/\/relay\.example\.com, or use --socket-mode/],
    ['both', ['--url', 'https://x.example.com', '--socket-mode'], /exclude each other/],
    ['an address without TLS', ['--url', 'http://x.example.com'], /is not an https address/],
    ['no address at all', ['--url', 'relay'], /"relay" is not an https address/],
    ['an address with a question', ['--url', 'https://x.example.com/?a=b'], /is not an https address/],
    ['a long name', ['--socket-mode', '--name', 'x'.repeat(36)], /--name: must have 1 to 35 characters/],
    ['a blank name', ['--socket-mode', '--name', ' '], /--name: must have 1 to 35 characters/],
  ])('refuses %s', async (_what, words, why) => {
    const { code, out, complaints } = await withPeople('U0ADA').run('slack', 'manifest', ...words);
    expect([code, out]).toEqual([1, '']);
    expect(complaints).toMatch(why);
  });

  it('refuses a config that is not good', async () => {
    const { code, complaints } = await commandLine({ 'wandb-relay.yaml': 'version: 2' }).run('slack', 'manifest', '--socket-mode');
    expect(code).toBe(1);
    expect(complaints).toMatch(/wandb-relay\.yaml:1/);
  });
});
