import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { startGitHub } from '../../stand-ins/github.ts';
import { eventually, runCommand, startReceiver } from '../../stand-ins/receiver-process.ts';
import { temporaryFolder } from '../../stand-ins/temporary-folder.ts';
import { aliasBody, post } from '../../stand-ins/wandb-sender.ts';

const SECRET = 'a-secret-for-tests-only';
const CONFIG = `version: 1
settings: { github_writes_per_second: 50 }
routes:
  - name: deploy
    on: { event: add_artifact_alias }
    to: [{ repository_dispatch: { repository: acme/deploy, event_type: go } }]
`;

function folderWith(config: string): string {
  const folder = temporaryFolder();
  writeFileSync(join(folder, 'wandb-relay.yaml'), config);
  return folder;
}

async function rawAnswer(port: number, host: string, request: string): Promise<string> {
  const socket = connect(port, host).setEncoding('utf8');
  socket.write(request);
  let answer = '';
  for await (const part of socket) answer += part;
  return answer;
}

async function receiver(folder: string, environment: Record<string, string> = {}, words: string[] = []) {
  const process = await startReceiver({ cwd: folder, environment, words });
  onTestFinished(async () => {
    await process.end('SIGKILL');
  });
  return process;
}

describe('serve with nothing configured', () => {
  it('is a sandbox whose curl line works when pasted', async () => {
    const folder = temporaryFolder();
    const sandbox = await receiver(folder);
    expect(sandbox.url).toMatch(/^http:\/\/127\.0\.0\.1:/);
    expect(sandbox.log.map((line) => String(line.text)).join('\n')).toContain('once more within 30 seconds is a duplicate');
    const curl = sandbox.log.map((line) => String(line.text)).find((line) => line.startsWith('curl '));
    const answer = JSON.parse(execFileSync('bash', ['-c', curl ?? ''], { encoding: 'utf8' }));
    expect(answer).toMatchObject({ status: 'accepted', deliveries: [{ route: 'deploy', target: 'repository_dispatch:acme/deploy' }] });
    await eventually('the dispatch is recorded', () => sandbox.log.some((line) => line.msg === 'dispatch recorded, not sent (sandbox)'));
    expect(sandbox.log.find((line) => line.url === 'https://api.github.com/repos/acme/deploy/dispatches')).toMatchObject({
      body: { event_type: 'model-production', client_payload: { delivery_id: answer.deliveries[0].id, event: { version: 'v12' } } },
    });
    expect(JSON.parse(execFileSync('bash', ['-c', curl ?? ''], { encoding: 'utf8' }))).toMatchObject({
      status: 'duplicate',
      id: answer.id,
    });
    // As nginx passes it on by default: `Host` is this machine's, and nothing says whose request it is.
    const { host, hostname, port } = new URL(sandbox.url);
    const throughProxy = await rawAnswer(Number(port), hostname, `GET / HTTP/1.0\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
    expect([throughProxy.split('\r\n')[0], (await fetch(sandbox.url)).status]).toEqual(['HTTP/1.1 404 Not Found', 200]);
    expect(await sandbox.end('SIGTERM')).toBe(0);
    const { code, stdout } = await runCommand(['deliveries'], { cwd: folder });
    expect([code, stdout]).toEqual([0, expect.stringContaining(answer.deliveries[0].id)]);
  });

  it('signs for a named source and says whose routes run', async () => {
    const folder = folderWith(CONFIG);
    const sandbox = await receiver(folder, { WANDB_WEBHOOK_SECRET_PROD_EU: SECRET }, ['--sandbox']);
    const printed = sandbox.log.map((line) => String(line.text));
    expect(printed.join('\n')).toContain('the routes in wandb-relay.yaml');
    const curl = printed.find((line) => line.startsWith('curl '));
    expect(curl).toContain('/webhooks/wandb/prod-eu');
    expect(JSON.parse(execFileSync('bash', ['-c', curl ?? ''], { encoding: 'utf8' }))).toMatchObject({ status: 'accepted' });
  });

  it('is a sandbox in the image, too, where a config is named and none is mounted', async () => {
    const inImage = { RELAY_IMAGE: 'true', HOST: '0.0.0.0', RELAY_CONFIG: '/etc/wandb-relay/wandb-relay.yaml' };
    const sandbox = await receiver(temporaryFolder(), inImage, ['--sandbox']);
    expect(sandbox.log.map((line) => String(line.text)).join('\n')).toContain('the routes in examples/wandb-relay.yaml');
    expect(await sandbox.end('SIGTERM')).toBe(0);
    const forReal = await runCommand(['serve'], { cwd: temporaryFolder(), environment: inImage });
    expect([forReal.code, forReal.stderr]).toEqual([1, expect.stringContaining('/etc/wandb-relay/wandb-relay.yaml')]);
  });

  it('keeps to the published limit of api.github.com, whatever the settings say', async () => {
    const real = await receiver(folderWith(CONFIG), { GITHUB_TOKEN: 'ghp_a_token_for_tests_only', WANDB_WEBHOOK_SECRET: SECRET });
    expect(real.log.map((line) => line.msg)).toContainEqual(expect.stringContaining("over GitHub's published limit; 3 a second are sent"));
  });

  it('listens on this machine only', async () => {
    const { code, stderr } = await runCommand(['serve'], { cwd: temporaryFolder(), environment: { HOST: '0.0.0.0' } });
    expect([code, stderr]).toEqual([1, expect.stringMatching(/^HOST: 0\.0\.0\.0 .*set HOST=127\.0\.0\.1\n$/)]);
  });

  it('does not take its records for deliveries, nor real deliveries for its own', async () => {
    const folder = folderWith(CONFIG);
    const environment = { DATABASE_URL: 'file:one.db', GITHUB_TOKEN: 'ghp_x' };
    const sandbox = await receiver(folder, environment, ['--sandbox']);
    await sandbox.end('SIGTERM');
    const { code, stderr } = await runCommand(['serve'], { cwd: folder, environment });
    expect([code, stderr]).toEqual([1, expect.stringMatching(/^DATABASE_URL: one\.db: the database belongs to a sandbox receiver/)]);
  });
});

describe('serve refuses to start, with one line', () => {
  const cases: [string, Record<string, string>, RegExp][] = [
    ['a wrong value', { PORT: 'eighty' }, /^PORT: "eighty" is not a port number/],
    [
      'routes to GitHub without credentials',
      {},
      /^GITHUB_TOKEN: is not set, and neither is GITHUB_APP_ID, but routes send to GitHub \(deploy\)/,
    ],
    ['an open door', { GITHUB_TOKEN: 'ghp_x', HOST: '0.0.0.0' }, /^HOST: 0\.0\.0\.0 can be reached from other machines/],
    [
      'a token that could be guessed',
      { GITHUB_TOKEN: 'ghp_x', RELAY_VIEWER_TOKEN: 'fifteen-letters' },
      /^RELAY_VIEWER_TOKEN: the token has fewer than 16 characters and could be guessed: make one with "openssl rand -hex 32"\n$/,
    ],
    ['a config that is not there', { RELAY_CONFIG: 'other.yaml' }, /^other\.yaml: there is no such file/],
    [
      'a database in a folder that is not there',
      { GITHUB_TOKEN: 'ghp_x', DATABASE_URL: 'file:none/relay.db' },
      /^DATABASE_URL: none\/relay\.db: /,
    ],
  ];
  it.each(cases)('%s', async (_what, environment, line) => {
    const { code, stderr } = await runCommand(['serve'], { cwd: folderWith(CONFIG), environment });
    expect([code, stderr.trim().split('\n').length]).toEqual([1, 1]);
    expect(stderr).toMatch(line);
  });

  it('a config with a problem', async () => {
    const { code, stderr } = await runCommand(['serve'], { cwd: folderWith('version: 2\n') });
    expect([code, stderr]).toEqual([1, 'wandb-relay.yaml:1:10: version: must be 1\n']);
  });

  it('a port that is taken', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    onTestFinished(() => void server.close());
    await eventually('listening', () => server.listening);
    const { port } = server.address() as AddressInfo;
    const { code, stderr } = await runCommand(['serve'], { cwd: temporaryFolder(), environment: { PORT: String(port) } });
    expect([code, stderr]).toEqual([1, expect.stringMatching(new RegExp(`^PORT: ${port} is taken`))]);
  });

  it('a second receiver on the same file', async () => {
    const folder = temporaryFolder();
    await receiver(folder);
    const { code, stderr } = await runCommand(['serve'], { cwd: folder, environment: { PORT: '0' } });
    expect([code, stderr]).toEqual([1, expect.stringContaining('another wandb-relay is running')]);
  });
});

describe('serve for real', () => {
  it('delivers, logs no secret, stops on SIGTERM and goes on where it stopped', async () => {
    const token = 'ghp_token_for_tests';
    const github = await startGitHub({ repositories: ['acme/deploy'], workflows: [], tokens: { [token]: 'acme' } });
    onTestFinished(() => github.close());
    const folder = folderWith(CONFIG);
    const environment = { WANDB_WEBHOOK_SECRET: SECRET, GITHUB_TOKEN: token, GITHUB_API_URL: github.url };
    const first = await receiver(folder, environment);
    expect(first.log.map(({ msg }) => msg)).toContainEqual(
      expect.stringMatching(/open to this machine without a token.*set RELAY_ADMIN_TOKENS/),
    );
    await post(`${first.url}/webhooks/wandb`, aliasBody('v1'), SECRET);
    await eventually('the first dispatch', () => github.dispatches.length === 1);

    github.fail({ status: 429, headers: { 'retry-after': '2' }, message: `secondary rate limit for ${token}` });
    const { body } = await post(`${first.url}/webhooks/wandb`, { ...aliasBody('v2'), note: `${SECRET} ${token}` }, SECRET);
    await eventually('the second is held back', () => first.log.some((line) => line.outcome === 'limited'));
    expect(await first.end('SIGTERM')).toBe(0);

    const second = await receiver(folder, environment);
    await eventually('the second dispatch leaves after the restart', () => github.dispatches.length === 3);
    expect(github.dispatches.at(-1)).toMatchObject({ answered: 204, body: { client_payload: { delivery_id: body.deliveries?.[0]?.id } } });
    const everything = JSON.stringify([first.log, second.log]);
    for (const secret of [SECRET, token]) expect(everything).not.toContain(secret);
  });

  it('finishes a send that is under way before it exits', async () => {
    const { createServer: createHttp } = await import('node:http');
    let answered = false;
    const slow = createHttp((_request, response) => {
      setTimeout(() => {
        answered = true;
        response.writeHead(204).end();
      }, 700);
    }).listen(0, '127.0.0.1');
    onTestFinished(() => void slow.close());
    await eventually('listening', () => slow.listening);
    const folder = folderWith(CONFIG);
    const environment = {
      WANDB_WEBHOOK_SECRET: SECRET,
      GITHUB_TOKEN: 'ghp_x',
      GITHUB_API_URL: `http://127.0.0.1:${(slow.address() as AddressInfo).port}`,
    };
    const process = await receiver(folder, environment);
    const { body } = await post(`${process.url}/webhooks/wandb`, aliasBody('v1'), SECRET);
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(await process.end('SIGTERM')).toBe(0);
    expect(answered).toBe(true);
    const shown = await runCommand(['deliveries', body.deliveries?.[0]?.id ?? '', '--json'], { cwd: folder });
    expect(JSON.parse(shown.stdout)).toMatchObject({ delivery: { state: 'delivered' }, attempts: [{ outcome: 'delivered', status: 204 }] });
  });
});
