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
});
