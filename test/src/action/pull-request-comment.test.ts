import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createEmulator, type Emulator } from 'emulate';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { wandbServer } from '../../stand-ins/wandb-in-test.ts';
import type { WandbStandIn } from '../../stand-ins/wandb-server.ts';
import { runAction } from './run-action.ts';

const TOKEN = 'ghs_a_token_for_tests_only';
const MERGED = 'c'.repeat(40);

const relay = (repository: string) =>
  `version: 1
entity: acme
automations:
  - name: one
    scope: { project: train }
    event: { run_state: { states: [failed] } }
    action: { relay: { to: [{ repository_dispatch: { repository: ${repository}, event_type: e } }] } }
`;

/** GitHub in front of the emulator, which does not know which pull request brought a commit. */
interface Front {
  readonly url: string;
  readonly close: () => void;
  /** The pull request that brought the commit MERGED. */
  pullRequest: number;
}

let github: Emulator;
let front: Front;
beforeAll(async () => {
  github = await createEmulator({
    service: 'github',
    port: 0,
    seed: {
      tokens: { [TOKEN]: { login: 'acme', scopes: ['repo'] } },
      github: { users: [{ login: 'acme' }], repos: [{ owner: 'acme', name: 'models', auto_init: true }] },
    },
  });
  const server = createServer(async (request, response) => {
    if (request.url === `/repos/acme/models/commits/${MERGED}/pulls`) {
      response.setHeader('content-type', 'application/json');
      const merged = { number: front.pullRequest, merged_at: '2026-11-26T10:00:00Z', base: { ref: 'main' } };
      response.end(
        JSON.stringify([merged, { ...merged, number: 9999, merged_at: null }, { ...merged, number: 9998, base: { ref: 'other' } }]),
      );
      return;
    }
    const body: Buffer[] = [];
    for await (const chunk of request) body.push(chunk as Buffer);
    const { host: _host, 'content-length': _length, connection: _connection, ...headers } = request.headers;
    const answer = await fetch(`${github.url}${request.url}`, {
      method: request.method ?? 'GET',
      headers: headers as Record<string, string>,
      ...(body.length === 0 ? {} : { body: Buffer.concat(body) }),
    });
    response.statusCode = answer.status;
    for (const name of ['content-type', 'link']) {
      const value = answer.headers.get(name);
      if (value !== null) response.setHeader(name, value.replaceAll(github.url, front.url));
    }
    response.end(await answer.text());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  front = { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, close: () => server.close(), pullRequest: 0 };
});
afterAll(async () => {
  front.close();
  await github.close();
});

async function api<T>(method: string, path: string, body?: object): Promise<T> {
  const headers = { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' };
  const response = await fetch(`${github.url}/repos/acme/models${path}`, {
    method,
    headers,
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
  return (await response.json()) as T;
}

const newConversation = async () => (await api<{ number: number }>('POST', '/issues', { title: 'a change' })).number;
const comments = async (number: number) => (await api<{ body: string }[]>('GET', `/issues/${number}/comments`)).map(({ body }) => body);
const access = (server: WandbStandIn) => ({ 'wandb-api-key': server.apiKey, 'wandb-base-url': server.url, 'github-token': TOKEN });

/** Writes a file to the repository. Returns the commit. */
async function commit(path: string, text: string): Promise<string> {
  const present = await fetch(`${github.url}/repos/acme/models/contents/${path}`, { headers: { authorization: `Bearer ${TOKEN}` } });
  const sha = present.ok ? ((await present.json()) as { sha: string }).sha : undefined;
  const content = Buffer.from(text).toString('base64');
  const made = await api<{ commit: { sha: string } }>('PUT', `/contents/${path}`, {
    message: 'm',
    content,
    ...(sha === undefined ? {} : { sha }),
  });
  return made.commit.sha;
}

describe('the comment on a pull request', () => {
  it('shows another repository of a relay action, against the base read through the API, and warns about it', async () => {
    const server = await wandbServer();
    const base = await commit('routes.yaml', relay('acme/deploy-old'));
    const number = await newConversation();
    const run = await runAction({
      inputs: { command: 'plan', config: 'routes.yaml', ...access(server) },
      files: { 'routes.yaml': relay('acme/deploy') },
      event: { pull_request: { number, base: { sha: base }, head: { sha: 'b'.repeat(40) } } },
      apiUrl: front.url,
    });
    expect(run.log).toContain('"one" dispatches to acme/deploy, which the config of the base');
    expect(run.annotations).toContainEqual(expect.objectContaining({ kind: 'warning', message: expect.stringContaining('acme/deploy') }));
    expect(run.outputs).toMatchObject({ changes: 'true', 'route-changes': '1' });
    const [body = ''] = await comments(number);
    expect(body).toContain('` one ` dispatches to ` acme/deploy `');
    expect(body).toContain(`/acme/models/blob/${'b'.repeat(40)}/routes.yaml#L4`);

    await runAction({ inputs: { command: 'apply', config: 'routes.yaml', ...access(server) }, cwd: run.cwd });
    const again = await runAction({
      inputs: { command: 'plan', config: 'rou*.yaml', ...access(server) },
      cwd: run.cwd,
      event: { pull_request: { number, base: { sha: base } } },
      apiUrl: front.url,
    });
    expect(again.outputs).toMatchObject({ changes: 'true', 'to-create': '0', 'to-update': '0', 'route-changes': '1' });
    expect(again.summary).toContain(
      '- action.relay.to[0].repository_dispatch.repository: acme/deploy-old\n+ action.relay.to[0].repository_dispatch.repository: acme/deploy\n',
    );
    expect(again.summary).toContain('takes effect when the receiver loads this config');
  });

  it('says in one line why routes are not compared', async () => {
    const server = await wandbServer();
    const run = await runAction({
      inputs: { command: 'plan', ...access(server) },
      files: { 'wandb-relay.yaml': relay('acme/deploy') },
      event: { pull_request: { number: 1, base: { sha: 'd'.repeat(40) } } },
    });
    expect(run.code).toBe(0);
    expect(run.log).toMatch(/^\* routes are not compared: the files of ddddddd cannot be read: .*contents: read/m);
  });

  it('has the result of apply, which finds the pull request of the merged commit', async () => {
    const server = await wandbServer();
    const number = await newConversation();
    front.pullRequest = number;
    const files = { 'wandb-relay.yaml': relay('acme/deploy') };
    await runAction({ inputs: { command: 'plan', ...access(server) }, files, event: { pull_request: { number } }, apiUrl: front.url });
    const applied = await runAction({
      inputs: { command: 'apply', ...access(server) },
      files,
      event: { before: '0'.repeat(40), commits: [{ id: MERGED }] },
      apiUrl: front.url,
      environment: { GITHUB_SHA: MERGED, GITHUB_REF: 'refs/heads/main', GITHUB_EVENT_NAME: 'push' },
    });
    expect(applied.outputs).toMatchObject({ changes: 'true', created: '1', updated: '0', failed: '0', left: '0', 'to-create': '0' });
    expect(JSON.parse(applied.outputs['plan-json'] ?? '').changes).toMatchObject([{ key: 'one', outcome: 'done' }]);
    expect(applied.summary).toContain('created: one (project train)');
    const all = await comments(number);
    expect(all).toHaveLength(1);
    expect(all[0]).toContain('<code>one</code>');
    expect(all[0]).toMatch(
      /\*\*applied\*\* by \[run\]\(https:\/\/github\.example\/acme\/models\/actions\/runs\/77\) at \d{4}-.* UTC: 1 created/,
    );
  });

  it('is one for each config and each comment-key, and takes over the one of an earlier version', async () => {
    const server = await wandbServer();
    const number = await newConversation();
    await api('POST', `/issues/${number}/comments`, { body: '<!-- wandb-relay plan . -->\n### W&B automations' });
    const plan = (config: string, key = '') =>
      runAction({
        inputs: { command: 'plan', config, 'comment-key': key, ...access(server) },
        files: { 'a.yaml': relay('acme/a'), 'b.yaml': relay('acme/b') },
        event: { pull_request: { number } },
        apiUrl: front.url,
      });
    await plan('a.yaml');
    expect(await comments(number)).toHaveLength(1);
    await plan('b.yaml');
    await plan('a.yaml');
    await plan('a.yaml', 'staging');
    const all = await comments(number);
    expect(all.map((body) => body.split('\n')[1])).toEqual([
      expect.stringContaining('` a.yaml `'),
      expect.stringContaining('` b.yaml `'),
      expect.stringContaining('` a.yaml `'),
    ]);
    expect((await plan('b.yaml')).log).toMatch(/Comment (same|updated)/);
    expect(await comments(number)).toHaveLength(3);
  });
});

describe('step summaries', () => {
  it.each(['plan', 'drift'])('%s writes one when it fails', async (command) => {
    const run = await runAction({
      inputs: { command, 'wandb-api-key': 'x' },
      files: { 'wandb-relay.yaml': relay('acme/deploy').replace('failed', 'fialed') },
    });
    expect(run.code).toBe(1);
    expect(run.summary).toMatch(/1 problem\. See \[this run\]/);
    expect(run.summary).toContain('wandb-relay.yaml:6:');
  });

  it('of drift separates its kinds', async () => {
    const server = await wandbServer();
    const two = `${relay('acme/deploy')}${relay('acme/deploy').split('\n').slice(3).join('\n').replace('name: one', 'name: two')}`;
    const run = (command: string, text: string, more: Record<string, string> = {}) =>
      runAction({ inputs: { command, ...access(server), 'github-token': '', ...more }, files: { 'wandb-relay.yaml': text } });
    expect((await run('drift', two)).outputs).toMatchObject({ changes: '0', 'not-applied': '2' });
    await run('apply', two);
    server.world.trigger('one').enabled = false;
    server.world.triggers.splice(server.world.triggers.indexOf(server.world.trigger('two')), 1);
    server.world.addTrigger({ name: 'stranger', scope: server.world.project('train') });
    const found = await run('drift', two, { unmanaged: 'true' });
    expect(found.outputs).toMatchObject({ changes: '2', changed: '1', missing: '1', 'not-applied': '0' });
    expect(found.summary).toContain('enabled: true → false');
    expect(found.summary).toContain('stranger (project train)');
    expect(JSON.parse(found.outputs['drift-json'] ?? '')).toMatchObject({
      drift: [
        { kind: 'changed', key: 'one', fields: [{ path: 'enabled', before: true, after: false }] },
        { kind: 'missing', key: 'two' },
      ],
    });
  });
});
