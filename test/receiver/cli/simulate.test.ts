import { describe, expect, it } from 'vitest';
import { aliasBody } from '../../stand-ins/wandb-sender.ts';
import { commandLine } from './command-io.ts';

const CONFIG = `version: 1
routes:
  - name: deploy
    on: { event: add_artifact_alias, alias: production }
    to:
      - repository_dispatch: { repository: acme/deploy, event_type: go, client_payload: { v: "{{ event.version }}" } }
  - name: staging
    on: { event: add_artifact_alias, alias: [staging, canary], tag: x }
    to:
      - slack: { channel: "#ml" }
`;

const files = { 'wandb-relay.yaml': CONFIG, 'event.json': JSON.stringify(aliasBody('v12')), 'ping.json': '{}', 'broken.json': '{' };

describe('simulate', () => {
  it('shows what matches, why not, and the exact request', async () => {
    const { code, out } = await commandLine(files).run('simulate', '--event', 'event.json');
    expect(code).toBe(0);
    expect(out).toContain('Route deploy: matches');
    expect(out).toContain('"url": "https://api.github.com/repos/acme/deploy/dispatches"');
    expect(out).toContain('"v": "v12"');
    expect(out).toContain('Route staging: does not match');
    expect(out).toContain('alias is "production", wanted "staging" or "canary"');
    expect(out).toContain('the event has no tag (wanted "x")');
    expect(out).toContain('1 of 2 routes match. Nothing was sent.');
  });

  it('prints the same as JSON', async () => {
    const { out } = await commandLine(files).run('simulate', '--event', 'event.json', '--json');
    expect(JSON.parse(out)).toMatchObject({
      event: { type: 'add_artifact_alias', alias: 'production' },
      routes: [
        {
          route: 'deploy',
          matches: true,
          requests: [{ request: { method: 'POST', body: { event_type: 'go', client_payload: { v: 'v12' } } } }],
        },
        { route: 'staging', matches: false, why: [expect.any(String), expect.any(String)] },
      ],
    });
  });

  it('says what the answer to W&B would say', async () => {
    const { out } = await commandLine(files).run('simulate', '--event', 'event.json');
    expect(out).toMatch(
      /The answer would say: Stored as event \S+ of type add_artifact_alias\. Route deploy sends a repository_dispatch to acme\/deploy \(delivery \S+\)\./,
    );
    const { detail, routes } = JSON.parse((await commandLine(files).run('simulate', '--event', 'event.json', '--json')).out);
    expect(detail).toContain(`(delivery ${routes[0].requests[0].id})`);
  });

  const DOCUMENTED = '{"event_type":"BUILD_AND_DEPLOY","client_payload":{"entity_name":"acme","run":9007199254740993}}';
  const PASSTHROUGH = `version: 1
routes:
  - name: github
    on: { payload: { event_type: BUILD_AND_DEPLOY } }
    to:
      - repository_dispatch: { repository: acme/deploy, passthrough: true }
`;

  it('shows a body that is passed through, with every digit', async () => {
    const given = { 'wandb-relay.yaml': PASSTHROUGH, 'event.json': DOCUMENTED, 'other.json': '{"event_type":"TEST","client_payload":{}}' };
    const { out } = await commandLine(given).run('simulate', '--event', 'event.json');
    expect(out).toContain('Event unknown');
    expect(out).toContain('"event_type": "BUILD_AND_DEPLOY"');
    expect(out).toContain('"run": 9007199254740993');
    const other = await commandLine(given).run('simulate', '--event', 'other.json');
    expect(other.out).toContain('payload.event_type is "TEST", wanted "BUILD_AND_DEPLOY"');
    expect(other.out).toContain('No route matches it, so nothing is sent.');
  });

  it('knows the Test button', async () => {
    expect(await commandLine(files).run('simulate', '--event', 'ping.json')).toMatchObject({
      code: 0,
      out: expect.stringContaining('Test button'),
    });
  });

  it('says what is wrong with its files', async () => {
    expect(await commandLine(files).run('simulate', '--event', 'broken.json')).toMatchObject({
      code: 1,
      complaints: expect.stringMatching(/^broken\.json: not JSON: line 1, column 2/),
    });
    expect(await commandLine(files).run('simulate', '--event', 'none.json')).toMatchObject({
      code: 1,
      complaints: expect.stringMatching(/^none\.json: cannot be read/),
    });
  });

  it('reads a firing of our own engine as the engine does, and a webhook that says less as one', async () => {
    const config = `version: 1
entity: acme
automations:
  - name: high
    engine: relay
    scope: { project: train }
    event: { run_metric: { metric: loss, above: 8 } }
    action: { relay: { to: [{ slack: { channel: "#ml" } }] } }
`;
    const body = {
      relay: 1,
      automation: 'high',
      event: 'run_metric',
      run_name: 'r',
      metric: 'loss',
      entity_name: 'acme',
      project_name: 'train',
    };
    const { run } = commandLine({
      'wandb-relay.yaml': config,
      'firing.json': JSON.stringify({ ...body, engine: 'relay' }),
      'webhook.json': JSON.stringify(body),
    });
    expect((await run('simulate', '--event', 'firing.json')).out).toContain('Route high: matches');
    expect((await run('simulate', '--event', 'webhook.json')).out).toContain('engine is "wandb", wanted "relay"');
  });
});
