import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createEmulator, type Emulator } from 'emulate';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { wandbServer } from '../../stand-ins/wandb-in-test.ts';
import type { WandbStandIn } from '../../stand-ins/wandb-server.ts';
import { runAction } from './run-action.ts';

const TOKEN = 'ghs_a_token_for_tests_only';
const OTHER_TOKEN = 'ghp_somebody_elses';
const alias = (name: string, value = 'production') =>
  `  - { name: ${name}, scope: { registry: model, collection: resnet50 }, event: { add_artifact_alias: { alias: ${value} } }, action: { no_op: {} } }\n`;
const config = (...automations: string[]) => `version: 1\nentity: acme\nautomations:\n${automations.join('')}`;

let github: Emulator;
beforeAll(async () => {
  github = await createEmulator({
    service: 'github',
    port: 0,
    seed: {
      tokens: { [TOKEN]: { login: 'acme', scopes: ['repo'] }, [OTHER_TOKEN]: { login: 'mallory', scopes: ['repo'] } },
      github: { users: [{ login: 'acme' }, { login: 'mallory' }], repos: [{ owner: 'acme', name: 'models', auto_init: true }] },
    },
  });
});
afterAll(() => github.close());

async function api(method: string, path: string, body?: object, token = TOKEN): Promise<unknown> {
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
  const response = await fetch(`${github.url}/repos/acme/models${path}`, {
    method,
    headers,
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
  return response.json();
}

interface Issue {
  readonly number: number;
  readonly title: string;
  readonly body: string;
  readonly state: string;
}

/** A conversation that a comment can be put under; the API of comments is the same for issues and pull requests. */
async function newConversation(): Promise<number> {
  return ((await api('POST', '/issues', { title: 'a change' })) as Issue).number;
}

const comments = async (number: number) =>
  ((await api('GET', `/issues/${number}/comments?per_page=100`)) as { body: string }[]).map(({ body }) => body);

const access = (server: WandbStandIn) => ({ 'wandb-api-key': server.apiKey, 'wandb-base-url': server.url, 'github-token': TOKEN });

describe('plan on a pull request', () => {
  it('keeps one comment, writes the summary and the outputs, and masks the secrets first', async () => {
    const server = await wandbServer();
    server.forbidMutations();
    const number = await newConversation();
    for (let i = 0; i < 101; i++) await api('POST', `/issues/${number}/comments`, { body: `chatter ${i}` });
    const event = { pull_request: { number, head: { repo: { fork: false } } } };
    const plan = (text: string) =>
      runAction({ inputs: { command: 'plan', ...access(server) }, files: { 'wandb-relay.yaml': text }, event, apiUrl: github.url });

    const first = await plan(config(alias('one'), alias('two')));
    expect([first.code, first.outputs]).toEqual([
      0,
      expect.objectContaining({ changes: 'true', 'to-create': '2', 'to-update': '0', 'to-delete': '0' }),
    ]);
    expect(first.log.indexOf(`::add-mask::${server.apiKey}`)).toBe(0);
    expect(first.log.replaceAll(/^::add-mask::.*$/gm, '')).not.toContain(server.apiKey);
    expect(first.summary).toContain('➕ <b><code>one</code></b> · <code>registry model, collection resnet50</code>');
    expect(JSON.parse(first.outputs['plan-json'] ?? '')).toMatchObject({ summary: { create: 2 }, fingerprint: first.outputs.fingerprint });

    const second = await plan(config(alias('one')));
    expect(second.outputs['to-create']).toBe('1');
    const all = [
      ...(await comments(number)),
      ...((await api('GET', `/issues/${number}/comments?per_page=100&page=2`)) as { body: string }[]).map(({ body }) => body),
    ];
    const ours = all.filter((body) => body.startsWith('<!-- wandb-relay plan'));
    expect(ours).toHaveLength(1);
    expect(ours[0]).toContain('1 to create');
  });

  it('puts destruction first and counts what does not fit', async () => {
    const server = await wandbServer();
    const number = await newConversation();
    const many = Array.from({ length: 300 }, (_, i) => alias(`automation-${i}-${'x'.repeat(150)}`));
    const names = { command: 'apply', prune: 'true', ...access(server) };
    await runAction({
      inputs: names,
      files: { 'wandb-relay.yaml': config(alias('old'), ...Array.from({ length: 3 }, (_, i) => alias(`kept${i}`))) },
    });
    const run = await runAction({
      inputs: { command: 'plan', prune: 'true', ...access(server) },
      files: { 'wandb-relay.yaml': config(...Array.from({ length: 3 }, (_, i) => alias(`kept${i}`)), ...many) },
      event: { pull_request: { number } },
      apiUrl: github.url,
    });
    expect(run.outputs).toMatchObject({ 'to-delete': '1', 'to-create': '300' });
    const [comment = ''] = await comments(number);
    expect(comment.length).toBeLessThanOrEqual(65_536);
    expect(comment.indexOf('<code>old</code>')).toBeLessThan(comment.indexOf('<code>automation-0'));
    expect(comment).toMatch(
      /\*\*\d+ of 301 changes are not shown here\*\* \(\d+ to create\): the whole plan is in the summary of \[this run\]/,
    );
    expect(run.summary).toContain('automation-299');
    expect(JSON.parse(run.temporary('wandb-relay-plan.json')).changes).toHaveLength(304);
  });

  it('replaces the earlier plan with the failure, so that nobody approves an outdated one', async () => {
    const server = await wandbServer();
    const number = await newConversation();
    const plan = (text: string) =>
      runAction({
        inputs: { command: 'plan', ...access(server) },
        files: { 'wandb-relay.yaml': text },
        event: { pull_request: { number } },
        apiUrl: github.url,
      });
    await plan(config(alias('one')));
    expect((await plan(config(alias('one').replace('resnet50', 'resnet51')))).code).toBe(1);
    const all = await comments(number);
    expect(all).toHaveLength(1);
    expect(all[0]).toContain('There is no plan');
    expect(all[0]).toContain('resnet51');
  });

  it('goes on without a comment when it may not write one', async () => {
    const server = await wandbServer();
    const run = await runAction({
      inputs: { command: 'plan', ...access(server) },
      files: { 'wandb-relay.yaml': config(alias('one')) },
      event: { pull_request: { number: 1 } },
    });
    expect([run.code, run.outputs['to-create']]).toEqual([0, '1']);
    expect(run.annotations).toMatchObject([{ kind: 'warning', message: expect.stringContaining('pull-requests: write') }]);
  });

  it('annotates the lines of the config, and counts the problems that are not shown', async () => {
    const broken = Array.from({ length: 14 }, (_, i) => alias(`a${i}`).replace('no_op', 'no_opp'));
    const run = await runAction({ inputs: { command: 'plan' }, files: { 'wandb-relay.yaml': config(...broken) } });
    expect([run.code, run.outputs['failure-reason']]).toEqual([1, '14 problems']);
    const places = run.annotations.filter(({ properties }) => properties.includes('file=wandb-relay.yaml'));
    expect(places).toHaveLength(9);
    expect(places[0]?.properties).toContain('line=4');
    expect(places[0]?.message).toContain('did you mean "no_op"?');
    expect(run.annotations.map(({ message }) => message)).toContain('5 more problems: see the log of this step');
  });

  it('warns on the line of what is allowed and probably not meant', async () => {
    const run = await runAction({ inputs: { command: 'validate' }, files: { 'wandb-relay.yaml': config(alias('one', '“production”')) } });
    expect(run.code).toBe(0);
    expect(run.annotations).toMatchObject([
      { kind: 'warning', properties: expect.stringContaining('line=4'), message: expect.stringContaining('typographic quotes') },
    ]);
  });

  it('validates a pull request from a fork and explains why there is no plan', async () => {
    const run = await runAction({
      inputs: { command: 'plan' },
      files: { 'wandb-relay.yaml': config(alias('one')) },
      event: { pull_request: { number: 1, head: { repo: { fork: true, full_name: 'somebody/models' } } } },
    });
    expect(run.code).toBe(0);
    expect(run.annotations).toMatchObject([{ kind: 'notice', message: expect.stringContaining('comes from a fork') }]);
  });
});

describe('what others have written', () => {
  it('does not edit a comment of somebody else, whatever its text', async () => {
    const server = await wandbServer();
    const number = await newConversation();
    await api('POST', `/issues/${number}/comments`, { body: '<!-- wandb-relay plan . -->\nmine' }, OTHER_TOKEN);
    const event = { pull_request: { number } };
    await runAction({
      inputs: { command: 'plan', ...access(server) },
      files: { 'wandb-relay.yaml': config(alias('one')) },
      event,
      apiUrl: github.url,
    });
    expect(await comments(number)).toEqual(['<!-- wandb-relay plan . -->\nmine', expect.stringContaining('1 to create')]);
  });

  it('prints no name as a command to the runner', async () => {
    const server = await wandbServer();
    const description = 'a\n::set-output name=fingerprint::x';
    server.world.addTrigger({ name: '##[set-output name=fingerprint;]x', description, scope: server.world.project('train') });
    const run = await runAction({
      inputs: { command: 'export', ...access(server) },
      files: { 'wandb-relay.yaml': 'version: 1\nentity: acme\n' },
    });
    const [, token = '', quiet = ''] = /^::stop-commands::(.+)\n([\s\S]*?)^::\1::$/m.exec(run.log) ?? [];
    expect(quiet).toContain('::set-output name=fingerprint::x');
    expect(run.log.replace(quiet, '').replace(token, '')).not.toMatch(/##\[|set-output/);
  });

  it('keeps the summary within bytes, not characters', async () => {
    const server = await wandbServer();
    const many = Array.from({ length: 1500 }, (_, i) => alias(`a${i}-${'漢'.repeat(240)}`));
    const run = await runAction({ inputs: { command: 'plan', ...access(server) }, files: { 'wandb-relay.yaml': config(...many) } });
    expect(Buffer.byteLength(run.summary)).toBeLessThanOrEqual(1_048_576);
    expect(run.summary).toMatch(/of 1500 changes are not shown here\*\* \(\d+ to create\): see the plan file/);
  });

  it('annotates what is refused at its definition', async () => {
    const server = await wandbServer();
    server.world.addTrigger({ name: 'one', scope: server.world.collections[0] ?? null });
    const run = await runAction({
      inputs: { command: 'plan', ...access(server) },
      files: { 'wandb-relay.yaml': config(alias('zero'), alias('one')) },
    });
    expect(run.annotations[0]).toMatchObject({ properties: expect.stringMatching(/file=wandb-relay.yaml.*line=5/) });
  });
});

describe('apply', () => {
  it('applies what a plan file approved, and nothing else', async () => {
    const server = await wandbServer();
    const files = { 'wandb-relay.yaml': config(alias('one'), alias('two')) };
    const planned = await runAction({
      inputs: { command: 'plan', 'plan-file': 'approved.json', comment: 'false', ...access(server) },
      files,
    });
    server.world.addTrigger({ name: 'two', scope: server.world.collections[0] ?? null });
    const applied = await runAction({ inputs: { command: 'apply', 'plan-file': 'approved.json', ...access(server) }, cwd: planned.cwd });
    expect(applied.code).toBe(1);
    expect(applied.outputs['failure-reason']).toBe('1 refused');
    expect(server.world.trigger('one').description).toContain('[wandb-relay/2 acme/models wandb-relay.yaml one');
    expect(server.world.trigger('two').description).toBeNull();
  });

  it('reports what is left when a part fails', async () => {
    const server = await wandbServer();
    server.fail({ on: 'mutation', status: 400, body: { errors: [{ message: 'no such thing' }] } });
    const run = await runAction({
      inputs: { command: 'apply', ...access(server) },
      files: { 'wandb-relay.yaml': config(alias('one'), alias('two')) },
    });
    expect([run.code, run.outputs['failure-reason']]).toEqual([1, 'not everything was applied: run it again to finish']);
    expect(run.log).toContain('created: two (registry model, collection resnet50)');
    expect(run.annotations).toContainEqual(
      expect.objectContaining({ kind: 'error', message: expect.stringContaining('failed to create: one') }),
    );
  });

  it.each(['wandb-relay.config.ts', 'wandb-relay.*'])('does not run TypeScript when there is a key: %s', async (pattern) => {
    const server = await wandbServer();
    const run = await runAction({
      inputs: { command: 'apply', config: pattern, ...access(server) },
      files: { 'wandb-relay.config.ts': 'console.log("it runs"); export default {}' },
    });
    expect(run.log).not.toContain('it runs');
    expect([run.code, run.outputs['failure-reason']]).toEqual([1, expect.stringContaining('Render it to JSON in a job without secrets')]);
  });

  it('runs none without a key either: a token is always there', async () => {
    const files = { 'wandb-relay.config.ts': 'console.log("it runs"); export default {};' };
    const run = await runAction({ inputs: { command: 'validate', config: 'wandb-relay.config.ts' }, files });
    expect(run.log).not.toContain('it runs');
    expect(run.code).toBe(1);
  });
});

describe('drift', () => {
  it('opens one issue, updates it, and closes it when the drift is gone', async () => {
    const server = await wandbServer();
    const files = { 'wandb-relay.yaml': config(alias('one')) };
    const run = (command: string) => runAction({ inputs: { command, ...access(server) }, files, apiUrl: github.url });
    const issues = async () =>
      ((await api('GET', '/issues?state=all&per_page=100')) as Issue[]).filter(({ title }) => title.includes('drifted'));
    await run('apply');
    expect((await run('drift')).outputs.changes).toBe('0');
    expect(await issues()).toEqual([]);

    server.world.trigger('one').enabled = false;
    expect((await run('drift')).outputs.changes).toBe('1');
    await run('drift');
    expect(await issues()).toMatchObject([{ state: 'open', body: expect.stringContaining('enabled: true → false') }]);

    server.world.trigger('one').enabled = true;
    await run('drift');
    expect(await issues()).toMatchObject([{ state: 'closed' }]);
  });
});

describe('event', () => {
  const payload = {
    delivery_id: 'd-1',
    route: 'deploy',
    event: { type: 'add_artifact_alias', source: 'default', collection: 'resnet50', version: 'v12', alias: 'production' },
  };

  it('sets the fields of the dispatch as outputs', async () => {
    const run = await runAction({ inputs: { command: 'event' }, event: { client_payload: payload } });
    expect([run.code, run.outputs]).toEqual([
      0,
      expect.objectContaining({
        'delivery-id': 'd-1',
        route: 'deploy',
        type: 'add_artifact_alias',
        collection: 'resnet50',
        version: 'v12',
        tag: '',
      }),
    ]);
  });

  it.each([
    ['a field that nobody knows', { ...payload, more: 1 }],
    ['a line break in a value', { ...payload, event: { ...payload.event, alias: 'a\nb' } }],
    ['a type that does not exist', { ...payload, event: { ...payload.event, type: 'x' } }],
    ['nothing', undefined],
  ])('fails on %s', async (_what, client_payload) => {
    const run = await runAction({ inputs: { command: 'event' }, event: { client_payload } });
    expect([run.code, run.outputs['failure-reason']]).toEqual([1, expect.stringContaining('client_payload')]);
  });
});

describe('inputs', () => {
  it('reports every wrong input', async () => {
    const run = await runAction({ inputs: { command: 'pln', prune: 'maybe', 'max-deletes': 'few' } });
    expect(run.code).toBe(1);
    for (const name of ['command: "pln"', 'prune: "maybe"', 'max-deletes: "few"']) expect(run.outputs['failure-reason']).toContain(name);
  });

  it('exports what exists', async () => {
    const server = await wandbServer();
    server.world.addTrigger({ name: 'by hand', scope: server.world.project('train') });
    const run = await runAction({
      inputs: { command: 'export', ...access(server) },
      files: { 'wandb-relay.yaml': 'version: 1\nentity: acme\n' },
    });
    expect([run.code, run.log]).toEqual([0, expect.stringContaining('name: by hand')]);
  });

  it('exports no literal secret into the log, and all of it into the file', async () => {
    const server = await wandbServer();
    const token = 'a-secret-that-nobody-sees';
    const hook = `webhook: { integration: relay, payload: { env: eu, token: ${token} } }`;
    const text = `version: 1\nentity: acme\nautomations:\n  - { name: one, scope: { project: train }, event: { link_artifact: {} }, action: { ${hook} } }\n`;
    const { cwd } = await runAction({ inputs: { command: 'apply', ...access(server) }, files: { 'wandb-relay.yaml': text } });
    const run = await runAction({ inputs: { command: 'export', 'plan-file': 'all.yaml', ...access(server) }, cwd });
    expect([run.code, run.log]).toEqual([0, expect.stringContaining('token: (hidden)')]);
    expect(run.log).toContain('env: eu');
    expect(run.log).not.toContain(token);
    expect(readFileSync(join(cwd, 'all.yaml'), 'utf8')).toContain(`token: ${token}`);
  });
});
