import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { proxyStandIn } from '../stand-ins/proxy.ts';
import { eventually, runCommand, startReceiver } from '../stand-ins/receiver-process.ts';
import { scriptedServer } from '../stand-ins/scripted-server.ts';
import { slackSocket } from '../stand-ins/slack-socket.ts';
import { temporaryFolder } from '../stand-ins/temporary-folder.ts';

const CONFIG = `
version: 1
routes:
  - name: deploy
    on: { event: add_artifact_alias }
    to: [{ repository_dispatch: { repository: acme/deploy, event_type: go } }]
`;
const PASSWORD = 's3cret';
const portOf = (url: string) => Number(new URL(url).port);

function folderWith(config: string): string {
  const folder = temporaryFolder();
  writeFileSync(join(folder, 'wandb-relay.yaml'), config);
  return folder;
}

async function servers() {
  const github = await scriptedServer(...Array.from({ length: 3 }, () => ({ status: 204 })));
  const wandb = await scriptedServer(...Array.from({ length: 20 }, () => ({ status: 401, body: { errors: ['no'] } })));
  const slack = await slackSocket('xapp-stand-in');
  const hosts = { 'github.internal': portOf(github.url), 'wandb.internal': portOf(wandb.url), 'slack.internal': portOf(slack.apiUrl) };
  return { github, wandb, slack, hosts };
}

const ADDRESSES = {
  GITHUB_API_URL: 'http://github.internal/api/v3',
  GITHUB_TOKEN: 'ghp_a_token_for_tests_only',
  WANDB_BASE_URL: 'http://wandb.internal',
  WANDB_API_KEY: 'a-key-for-tests-only-a-key-for-tests-only',
  SLACK_API_URL: 'http://slack.internal/api',
  SLACK_BOT_TOKEN: 'xoxb-stand-in',
  SLACK_APP_TOKEN: 'xapp-stand-in',
};

async function sendEvent(folder: string, url: string, environment: Readonly<Record<string, string>> = {}): Promise<void> {
  const sent = await runCommand(['send-test', '--url', url, '--event', 'add_artifact_alias'], { cwd: folder, environment });
  expect(sent.code, sent.stderr).toBe(0);
}

describe('a receiver behind a proxy', () => {
  it('reaches GitHub, W&B and Slack through it, Socket Mode too, and stops in order', async () => {
    const { github, wandb, slack, hosts } = await servers();
    const proxy = await proxyStandIn({ credentials: `relay:${PASSWORD}`, hosts });
    const folder = folderWith(CONFIG);
    const environment = { ...ADDRESSES, http_proxy: `http://relay:${PASSWORD}@${proxy.host}` };
    const connected = slack.connected();
    const receiver = await startReceiver({ cwd: folder, environment });
    onTestFinished(() => void receiver.end('SIGKILL'));
    await connected;
    await sendEvent(folder, receiver.url);
    await eventually('the dispatch', () => github.requests.length > 0);
    expect(github.requests).toMatchObject([{ method: 'POST', url: '/api/v3/repos/acme/deploy/dispatches' }]);
    expect(wandb.requests[0]).toMatchObject({ url: '/graphql' });
    expect(new Set(proxy.asked)).toEqual(
      new Set(['github.internal:80', 'wandb.internal:80', 'slack.internal:80', `127.0.0.1:${hosts['slack.internal']}`]),
    );
    const begun = Date.now();
    expect(await receiver.end('SIGTERM')).toBe(0);
    expect(Date.now() - begun).toBeLessThan(8_000);
    expect(JSON.stringify(receiver.log)).not.toContain(PASSWORD);
  });

  it('names the proxy when that is what fails, in the log and with the delivery, and no password', async () => {
    const { hosts } = await servers();
    const proxy = await proxyStandIn({ credentials: 'relay:another', hosts });
    const folder = folderWith(CONFIG);
    const environment = { ...ADDRESSES, HTTP_PROXY: `http://relay:${PASSWORD}@${proxy.host}` };
    const receiver = await startReceiver({ cwd: folder, environment });
    onTestFinished(() => void receiver.end('SIGKILL'));
    // The receiver itself is on this machine: no proxy is asked.
    await sendEvent(folder, receiver.url, { HTTP_PROXY: environment.HTTP_PROXY });
    const said = (what: RegExp) => receiver.log.some((line) => what.test(`${line.msg} ${line.error}`));
    await eventually('the failed dispatch', () => said(/^GitHub could not be reached: the proxy 127\.0\.0\.1:\d+ refused/));
    await eventually('the enrichment that was given up', () => said(/^not enriched: W&B: the proxy 127\.0\.0\.1:\d+ refused/));
    await eventually('Socket Mode that is not connected', () => said(/Socket Mode is not connected.* the proxy 127\.0\.0\.1:\d+ refused/));
    const { stdout } = await runCommand(['deliveries', '--json'], { cwd: folder });
    expect(stdout).toContain('the proxy 127.0.0.1');
    const basic = Buffer.from(`relay:${PASSWORD}`).toString('base64');
    for (const text of [stdout, JSON.stringify(receiver.log)]) for (const secret of [PASSWORD, basic]) expect(text).not.toContain(secret);
  });

  it.each([
    [{ HTTPS_PROXY: 'socks5://127.0.0.1:1080' }, 'HTTPS_PROXY'],
    [{ http_proxy: 'http://relay:p%@127.0.0.1' }, 'HTTP_PROXY'],
  ])('does not start with an address that is none: %j', async (environment, name) => {
    const { code, stderr } = await runCommand(['serve', '--sandbox'], { cwd: folderWith(CONFIG), environment });
    expect(code).toBe(1);
    expect(stderr.trim().split('\n')).toEqual([expect.stringMatching(new RegExp(`^${name}: is not the address of an HTTP proxy`))]);
    expect(stderr).not.toContain('relay:p');
  });
});

describe('a command behind a proxy', () => {
  it('reaches W&B through it, and names it when it fails', async () => {
    const { wandb, hosts } = await servers();
    const folder = folderWith(CONFIG);
    const run = async (host: string) =>
      runCommand(['export', '--entity', 'acme'], {
        cwd: folder,
        environment: { ...ADDRESSES, GITHUB_REPOSITORY: 'acme/models', HTTP_PROXY: `http://relay:${PASSWORD}@${host}` },
      });
    const proxy = await proxyStandIn({ credentials: `relay:${PASSWORD}`, hosts });
    expect((await run(proxy.host)).stderr).toContain('W&B refused the API key (401)');
    expect(wandb.requests.length).toBeGreaterThan(0);
    expect(new Set(proxy.asked)).toEqual(new Set(['wandb.internal:80']));
    const strict = await proxyStandIn({ credentials: 'relay:another', hosts });
    const { stderr } = await run(strict.host);
    expect(stderr).toMatch(/W&B: the proxy 127\.0\.0\.1:\d+ refused the connection to wandb\.internal:80 \(407\)/);
    expect(stderr).not.toContain(PASSWORD);
  });
});
