import { reset } from 'cloudflare:test';
import { afterEach, describe, expect, test, vi } from 'vitest';
import type { DeliveryView } from '../../../receiver/store/delivery.ts';
import { aliasBody } from '../../stand-ins/wandb-sender.ts';
import { hanging, type Left, type Service, simulate } from './simulated-object.ts';

afterEach(async () => {
  vi.restoreAllMocks();
  await reset();
});

const CONFIG = `
version: 1
settings: { github_writes_per_second: 100 }
routes:
  - name: deploy
    on: { event: add_artifact_alias, alias: production }
    to:
      - repository_dispatch: { repository: acme/deploy, event_type: go }
  - name: announce
    on: { event: add_artifact_alias, alias: production }
    to:
      - slack: { channel: '#releases' }
      - slack: { channel: '#models' }
`;

let posted = 0;
const slack: Service = () => Response.json({ ok: true, channel: 'C1234567', ts: `1.${++posted}`, message: { thread_ts: '1.1' } });
const github: Service = ({ method, path }) =>
  path.endsWith('/runs')
    ? Response.json({ total_count: 0, workflow_runs: [] })
    : new Response(null, { status: method === 'POST' ? 204 : 200 });
const sentTo = (left: readonly Left[], service: string) => left.filter((one) => one.service === service);

describe('six connections', () => {
  test('with GitHub hanging, messages to Slack leave at once', async () => {
    await simulate({ config: CONFIG, services: { 'github.test': hanging, 'slack.test': slack } }, async (object) => {
      for (let model = 0; model < 8; model++) await object.post(aliasBody('v1', `model-${model}`));
      await object.until(() => expect(sentTo(object.left, 'github.test')).toHaveLength(4));
      const began = Date.now();
      await object.post(aliasBody('v1', 'another'));
      await object.until(() => expect(sentTo(object.left, 'slack.test').length).toBeGreaterThanOrEqual(2));

      expect(sentTo(object.left, 'slack.test')[0]?.at).toBeLessThan(began + 1_000);
      // No more are under way than there are connections: the time of an attempt is not for waiting.
      const { deliveries } = await object.admin<{ deliveries: DeliveryView[] }>('/deliveries');
      const underWay = deliveries.filter(({ state, target }) => state === 'in_flight' && target.startsWith('repository_dispatch'));
      expect(underWay).toHaveLength(4);
      expect(sentTo(object.left, 'github.test')).toHaveLength(4);
      expect(object.mostOpen).toBeLessThanOrEqual(6);
    });
  });

  test('what is asked about runs is among the four of GitHub', async () => {
    let dispatches = 0;
    const once: Service = (request) => (request.method === 'POST' && dispatches++ === 0 ? github(request) : hanging());
    await simulate({ config: CONFIG, services: { 'github.test': once, 'slack.test': slack } }, async (object) => {
      await object.post(aliasBody('v1', 'the-first'));
      await object.until(() => expect(dispatches).toBe(1));
      object.pass(20_000).catch(() => undefined);
      await vi.waitFor(() => expect(sentTo(object.left, 'github.test').some(({ method }) => method === 'GET')).toBe(true), 20_000);
      for (let model = 0; model < 8; model++) await object.post(aliasBody('v1', `model-${model}`));
      await object.until(() => expect(sentTo(object.left, 'github.test').length).toBeGreaterThanOrEqual(5));
      const enough = Date.now() + 300;
      await object.until(() => expect(Date.now()).toBeGreaterThan(enough));

      // The first dispatch has its answer.
      expect(sentTo(object.left, 'github.test')).toHaveLength(5);
    });
  });

  test('what is asked of W&B waits for neither: one of the four is W&B’s', async () => {
    const services = { 'github.test': hanging, 'slack.test': slack, 'wandb.test': () => Response.json({ data: {} }) };
    const bindings = { WANDB_API_KEY: 'a'.repeat(40), WANDB_BASE_URL: 'http://wandb.test' };
    await simulate({ config: CONFIG, services, bindings }, async (object) => {
      const began = Date.now();
      for (let model = 0; model < 8; model++) await object.post(aliasBody('v1', `model-${model}`));
      await object.until(() => {
        expect(sentTo(object.left, 'github.test')).toHaveLength(3);
        expect(sentTo(object.left, 'slack.test').length).toBeGreaterThanOrEqual(2);
      });

      const enough = Date.now() + 300;
      await object.until(() => expect(Date.now()).toBeGreaterThan(enough));
      expect(sentTo(object.left, 'github.test')).toHaveLength(3);
      // Neither message waited for the time limit of what is asked of W&B, which is three seconds.
      expect(sentTo(object.left, 'slack.test')[1]?.at).toBeLessThan(began + 2_500);
      expect(sentTo(object.left, 'wandb.test').length).toBeGreaterThan(0);
      expect(object.mostOpen).toBeLessThanOrEqual(6);
    });
  });
});

describe('fifty requests for each invocation', () => {
  test('are never exceeded: what is left goes on with the next alarm, and nothing counts as an attempt', async () => {
    await simulate({ config: CONFIG, services: { 'github.test': github, 'slack.test': slack } }, async (object) => {
      const ids: string[] = [];
      // One message each, of a conversation in a channel of its own: the pace of a channel is not what this is about.
      for (let model = 0; model < 70; model++) ids.push(...(await object.post(aliasBody('v1', `model-${model}`))).slice(0, 1));
      const before = object.invocations;
      await object.until(async () => {
        const dispatches = sentTo(object.left, 'github.test').filter(({ path }) => path.endsWith('/dispatches'));
        if (dispatches.length < 70) throw new Error(`${dispatches.length}`);
      });

      expect(object.refused).toBe(0);
      expect(object.invocations).toBeGreaterThan(before);
      for (const id of ids) expect((await object.delivery(id)).attempts.map(({ outcome }) => outcome)).toEqual(['delivered']);
      expect(object.unread.filter(({ bodyUsed }) => !bodyUsed)).toEqual([]);
    });
  });
});
