import { reset } from 'cloudflare:test';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { aliasBody } from '../../stand-ins/wandb-sender.ts';
import { type Service, simulate } from './simulated-object.ts';

afterEach(async () => {
  vi.restoreAllMocks();
  await reset();
});

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const CONFIG = `
version: 1
routes:
  - name: deploy
    on: { event: add_artifact_alias, alias: production }
    to:
      - repository_dispatch: { repository: acme/deploy, event_type: go }
  - name: release
    on: { event: add_artifact_alias, alias: release }
    approval: { slack: '#releases', expires: 24h }
    to:
      - repository_dispatch: { repository: acme/deploy, event_type: go }
`;

const slack: Service = () => Response.json({ ok: true, channel: 'C1234567', ts: '1.1' });
const noRuns: Service = ({ method }) =>
  method === 'POST' ? new Response(null, { status: 204 }) : Response.json({ total_count: 0, workflow_runs: [] });

describe('the alarms of an object', () => {
  test('are some two dozen for an approval that nobody gives for a day, and it expires in time', async () => {
    await simulate({ config: CONFIG, services: { 'slack.test': slack } }, async (object) => {
      const [id = ''] = await object.post(aliasBody('v1', 'resnet50', 'release'));
      await object.until(() => expect(object.left).toHaveLength(1));
      await object.pass(24 * HOUR - MINUTE);
      expect((await object.delivery(id)).delivery.state).toBe('held');
      await object.pass(2 * MINUTE);

      expect((await object.delivery(id)).delivery.state).toBe('cancelled');
      expect(object.alarms).toBeLessThan(30);
      expect(object.alarmWrites).toBeLessThan(30);
    });
  });

  test('are few for a delivery that is throttled for an hour, and it leaves in time', async () => {
    let refusals = 1;
    const github: Service = ({ method }) =>
      method === 'POST' && refusals-- > 0
        ? new Response('{}', { status: 429, headers: { 'retry-after': '3600', 'content-type': 'application/json' } })
        : noRuns({ service: '', method, path: '', body: '', at: 0 });
    await simulate({ config: CONFIG, services: { 'github.test': github } }, async (object) => {
      const [id = ''] = await object.post(aliasBody('v1'));
      await object.until(async () => expect((await object.delivery(id)).attempts).toHaveLength(1));
      await object.pass(HOUR - MINUTE);
      expect(object.left).toHaveLength(1);
      await object.pass(2 * MINUTE);

      expect((await object.delivery(id)).delivery.state).toBe('delivered');
      // The one after the change, and the one at the time that GitHub named; then the polls for the run begin.
      expect(object.alarms).toBeLessThan(10);
    });
  });

  test('come when a run is to be polled, and no more often', async () => {
    await simulate({ config: CONFIG, services: { 'github.test': noRuns } }, async (object) => {
      const [id = ''] = await object.post(aliasBody('v1'));
      await object.until(async () => expect((await object.delivery(id)).delivery.state).toBe('delivered'));
      const polls = () => object.left.filter(({ method }) => method === 'GET').length;
      await object.pass(10 * MINUTE + 1_000);
      // Every 15 seconds for two minutes, and every half a minute until it is missing.
      expect(polls()).toBeGreaterThanOrEqual(22);
      expect(object.alarms).toBeLessThanOrEqual(polls() + 3);
      expect((await object.delivery(id)).delivery.run?.status).toBe('missing');

      const before = object.alarms;
      await object.pass(8 * HOUR);
      expect(object.alarms - before).toBeLessThan(20);
      expect(object.alarmAt).toBeNull();
    });
  });

  test('are none for an object with nothing to do', async () => {
    await simulate({ config: CONFIG, services: {} }, async (object) => {
      await object.post(aliasBody('v1', 'resnet50', 'nobody-asks-for-this'));
      await object.pass(HOUR);
      expect(object.alarms).toBe(1);
      await object.pass(30 * 24 * HOUR);
      expect(object).toMatchObject({ alarms: 1, alarmAt: null, alarmWrites: 1 });
    });
  });
});
