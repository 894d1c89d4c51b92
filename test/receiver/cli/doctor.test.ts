import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { sqliteStore } from '../../../receiver/store/sqlite/sqlite-store.ts';
import { startGitHub } from '../../stand-ins/github.ts';
import { scriptedServer } from '../../stand-ins/scripted-server.ts';
import { startSlack } from '../../stand-ins/slack.ts';
import { openMigrated } from '../../stand-ins/sqlite-in-test.ts';
import { startWandb } from '../../stand-ins/wandb-server.ts';
import { commandLine } from './command-io.ts';
import { realReceiver, receiverFolder, SECRET, takingDispatches } from './real-receiver.ts';

const TOKEN = 'ghp_a_token_for_tests_only';
const WORKFLOW = `run-name: Deploy \${{ github.event.client_payload.delivery_id }}
on: { repository_dispatch: { types: [model-production] } }
concurrency: { group: "\${{ github.event.client_payload.event.collection }}", queue: max }
jobs: { deploy: { runs-on: ubuntu-latest } }
`;

function configOf(repository = 'acme/deploy', channel = '#ml'): string {
  return `version: 1
entity: acme
routes:
  - name: deploy
    on: { event: add_artifact_alias, alias: production }
    to:
      - repository_dispatch: { repository: ${repository}, event_type: model-production }
      - slack: { channel: "${channel}" }
`;
}

async function githubWith(workflow: string | undefined) {
  const github = await startGitHub({ repositories: ['acme/deploy'], workflows: [], tokens: { [TOKEN]: 'acme' } });
  onTestFinished(() => github.close());
  if (workflow !== undefined) {
    const answer = await fetch(`${github.url}/repos/acme/deploy/contents/.github/workflows/deploy.yml`, {
      method: 'PUT',
      headers: { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' },
      body: JSON.stringify({ message: 'Add a workflow', content: Buffer.from(workflow).toString('base64') }),
    });
    expect(answer.status).toBe(201);
  }
  return github;
}

async function slackWith(options: Partial<Parameters<typeof startSlack>[0]> = {}) {
  const slack = await startSlack({ channels: ['ml'], ...options });
  onTestFinished(() => slack.close());
  return slack;
}

async function doctorIn(variables: Readonly<Record<string, string>>, config = configOf(), words: readonly string[] = []) {
  const { run } = commandLine({ 'wandb-relay.yaml': config }, { WANDB_WEBHOOK_SECRET: SECRET, ...variables });
  const { code, out } = await run('doctor', ...words);
  return { code, lines: out.split('\n').map((line) => line.replace(/ {2,}/g, '  ')) };
}

describe('doctor', () => {
  it('says in a line each that all is there, and writes nothing anywhere', async () => {
    const [github, slack, wandb, dispatches] = await Promise.all([githubWith(WORKFLOW), slackWith(), startWandb(), takingDispatches()]);
    onTestFinished(() => wandb.close());
    const relay = await realReceiver({ folder: receiverFolder(), github: dispatches.url });
    const { code, lines } = await doctorIn(
      {
        GITHUB_TOKEN: TOKEN,
        GITHUB_API_URL: github.url,
        SLACK_BOT_TOKEN: slack.botToken,
        SLACK_SIGNING_SECRET: 'a-signing-secret-for-tests',
        SLACK_API_URL: slack.apiUrl,
        WANDB_API_KEY: wandb.apiKey,
        WANDB_BASE_URL: wandb.url,
      },
      configOf(),
      ['--url', relay.url],
    );
    const host = new URL(github.url).host;
    expect(lines).toEqual([
      'ok  config  wandb-relay.yaml is right; 1 route',
      'unknown  store  relay.db is not there yet: the receiver makes it',
      expect.stringMatching(
        new RegExp(`^(ok  clock  this machine agrees with ${host}'s|unknown  clock  this machine: ${host} names no time)$`),
      ),
      expect.stringMatching(/^ok {2}github {2}acme\/deploy: GITHUB_TOKEN /),
      'ok  workflow  acme/deploy deploy.yml listens; its runs can be followed, and none is cancelled',
      expect.stringMatching(/^ok {2}slack {2}SLACK_BOT_TOKEN: the app is in /),
      'ok  slack  #ml: the app sees it',
      expect.stringMatching(/^ok {2}wandb {2}WANDB_API_KEY is .*, who sees acme$/),
      `ok  url  ${relay.url} is ready`,
      `ok  url  ${relay.url}: /webhooks/wandb refuses what is not signed`,
      `warning  url  ${relay.url} is not encrypted: W&B would send events in the clear; use https`,
      '',
      expect.stringMatching(/^No problem, \d+ ok, 1 warning, [12] not checked\.$/),
      '',
    ]);
    expect(code).toBe(0);
    expect(github.dispatches).toEqual([]);
    expect(slack.calls.filter(({ method }) => method.startsWith('chat.'))).toEqual([]);
    expect(wandb.requests.filter(({ kind }) => kind === 'mutation')).toEqual([]);
  });

  it('says what is wrong with each credential, and what to do', async () => {
    const [github, slack, wandb] = await Promise.all([githubWith(undefined), slackWith({ scopes: ['chat:write'] }), startWandb()]);
    onTestFinished(() => wandb.close());
    const { code, lines } = await doctorIn({
      GITHUB_TOKEN: TOKEN,
      GITHUB_API_URL: github.url,
      SLACK_BOT_TOKEN: slack.botToken,
      SLACK_SIGNING_SECRET: 'a-signing-secret-for-tests',
      SLACK_API_URL: slack.apiUrl,
      WANDB_API_KEY: 'not-the-key-of-anybody',
      WANDB_BASE_URL: wandb.url,
    });
    expect(code).toBe(1);
    expect(lines.filter((line) => line.startsWith('problem'))).toEqual([
      expect.stringMatching(/^problem {2}workflow {2}acme\/deploy: wandb-relay\.yaml:7:.*no workflow in \.github\/workflows listens/),
      expect.stringMatching(/^problem {2}slack {2}SLACK_BOT_TOKEN: the app in .* lacks .*users:read: add it/),
      expect.stringMatching(/^problem {2}wandb {2}WANDB_API_KEY: /),
    ]);
    expect(lines.at(-2)).toMatch(/^3 problems, /);
  });

  it('a repository that the token does not see, and a token that Slack does not know', async () => {
    const [github, slack] = await Promise.all([githubWith(WORKFLOW), slackWith()]);
    slack.refuse('token_revoked');
    const { code, lines } = await doctorIn(
      {
        GITHUB_TOKEN: TOKEN,
        GITHUB_API_URL: github.url,
        SLACK_BOT_TOKEN: slack.botToken,
        SLACK_SIGNING_SECRET: 'a-signing-secret-for-tests',
        SLACK_API_URL: slack.apiUrl,
      },
      configOf('acme/gone'),
    );
    expect(code).toBe(1);
    expect(lines.filter((line) => line.startsWith('problem'))).toEqual([
      expect.stringMatching(/^problem {2}github {2}acme\/gone: GitHub answered 404.*give it "Contents: read and write"/),
      expect.stringMatching(/^problem {2}slack {2}SLACK_BOT_TOKEN: .*token_revoked/),
    ]);
  });

  it('what an App lacks', async () => {
    const github = await startGitHub({ repositories: ['acme/deploy'], workflows: [], appId: 42 });
    onTestFinished(() => github.close());
    const access = { GITHUB_APP_ID: '42', GITHUB_APP_PRIVATE_KEY: github.appKey ?? '', GITHUB_API_URL: github.url };
    expect((await doctorIn(access)).lines).toContainEqual('ok  github  acme/deploy: the App may do what the routes need');
    const { code, lines } = await doctorIn(access, configOf('acme/gone'));
    expect(lines).toContainEqual(expect.stringMatching(/^problem {2}github {2}acme\/gone: .*The App is not installed on acme\/gone/));
    expect(code).toBe(1);
  });

  it('a public address at which something else answers', async () => {
    const page = { status: 200, headers: { 'content-type': 'text/html' }, body: '<h1>Sign in</h1>' };
    const moved = { status: 308, headers: { location: 'https://elsewhere.example' }, body: '' };
    const config = 'version: 1\nroutes: []\n';
    for (const [answer, words] of [
      [page, 'is answered with 200 and no JSON: something else is there, or a proxy in between answers'],
      [moved, 'is answered with a redirect (308), which W&B does not follow: use the address that it leads to'],
    ] as const) {
      const server = await scriptedServer(answer, answer);
      const { code, lines } = await doctorIn({ GITHUB_API_URL: server.url }, config, ['--url', server.url]);
      expect(lines).toContainEqual(`problem  url  ${server.url} ${words}`);
      expect(code).toBe(1);
    }
  });

  it('shows no secret that another side answers with, nor one in the address', async () => {
    const echo = {
      status: 200,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ ok: true, team: `Acme ${TOKEN}`, user: 'x' }),
    };
    const slack = await scriptedServer(echo, echo);
    const variables = {
      GITHUB_TOKEN: TOKEN,
      GITHUB_API_URL: slack.url,
      SLACK_BOT_TOKEN: 'xoxb-for-tests-only',
      SLACK_SIGNING_SECRET: 'a-signing-secret-for-tests',
      SLACK_API_URL: `${slack.url}/api/`,
    };
    const { lines } = await doctorIn(variables, 'version: 1\nroutes: []\n', ['--url', 'https://user:a-password@relay.example']);
    expect(lines.join('\n')).toContain(
      'problem  url  relay.example has a user and a password in it, which W&B does not send: write the address without them',
    );
    expect(lines.join('\n')).toMatch(/slack {2}SLACK_BOT_TOKEN: the app is in Acme/);
    for (const secret of [TOKEN, 'a-password']) expect(lines.join('\n')).not.toContain(secret);
  });

  it('prints the same as JSON, without a secret in it', async () => {
    const github = await githubWith(WORKFLOW);
    const { run } = commandLine(
      { 'wandb-relay.yaml': configOf().replace('entity: acme\n', '') },
      { WANDB_WEBHOOK_SECRET: SECRET, GITHUB_TOKEN: TOKEN, GITHUB_API_URL: github.url },
    );
    const { code, out } = await run('doctor', '--json');
    const { ok, checks } = JSON.parse(out) as { ok: boolean; checks: { area: string; state: string }[] };
    expect([code, ok]).toEqual([0, true]);
    expect(checks.filter(({ area }) => area === 'github').map(({ state }) => state)).toEqual(['ok']);
    expect(out).not.toContain(SECRET);
    expect(out).not.toContain(TOKEN);
  });

  it('the database and the address also where the config or the environment cannot be used', async () => {
    const relay = await realReceiver({ folder: receiverFolder(), github: (await takingDispatches()).url });
    const ask = async (files: Record<string, string>, variables: Record<string, string>) =>
      (await commandLine(files, { WANDB_WEBHOOK_SECRET: SECRET, ...variables }).run('doctor', '--url', relay.url)).out;
    const noConfig = await ask({}, {});
    for (const line of [
      /url +http:\S+ is ready/,
      /url +http:\S+: \/webhooks\/wandb refuses what is not signed/,
      /store +relay\.db is not there yet/,
    ])
      expect(noConfig).toMatch(line);
    expect(await ask({ 'wandb-relay.yaml': configOf() }, { PORT: 'x' })).toMatch(/url +http:\S+ is ready/);
  });

  it("a sandbox's database by its own name", async () => {
    const line = commandLine({}, { WANDB_WEBHOOK_SECRET: SECRET });
    await sqliteStore(openMigrated(join(line.cwd, 'relay-sandbox.db'))).close();
    expect((await line.run('doctor')).out).toMatch(/ok +store +relay-sandbox\.db answers/);
  });

  it('a config and an environment that cannot be used', async () => {
    const missing = await commandLine({}, { WANDB_WEBHOOK_SECRET: SECRET }).run('doctor');
    expect(missing.code).toBe(1);
    expect(missing.out).toMatch(/^problem +config +wandb-relay\.yaml: there is no such file: write it/);
    expect(missing.out).toMatch(/unknown +github +GitHub was not checked: correct wandb-relay\.yaml first/);
    const wrong = await doctorIn({ PORT: 'x' });
    expect(wrong.lines[0]).toMatch(/^problem {2}environment {2}PORT: "x" is not a port number/);
    const open = await commandLine({ 'wandb-relay.yaml': 'version: 1\nroutes: []\n' }, { GITHUB_API_URL: 'http://127.0.0.1:1/' }).run(
      'doctor',
    );
    const short = await doctorIn({ RELAY_ADMIN_TOKENS: 'ada:fifteen-letters' });
    expect(short.lines[0]).toMatch(/^problem {2}environment {2}RELAY_ADMIN_TOKENS: the token of ada has fewer than 16 characters/);
    expect(open.out).toMatch(/problem +environment +WANDB_WEBHOOK_SECRET is not set, and neither is a token: every webhook is refused/);
  });
});
