import { reset } from 'cloudflare:test';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { aliasBody } from '../../stand-ins/wandb-sender.ts';
import { type Service, type SimulatedObject, simulate } from './simulated-object.ts';
import { SECRET } from './worker-in-test.ts';

afterEach(async () => {
  vi.restoreAllMocks();
  await reset();
});

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;
const CONFIG = `
version: 1
entity: acme
digests:
  - { name: daily, schedule: "30 2 * * *", timezone: Europe/Berlin, scope: { registry: model }, slack: "#ml" }
`;

const slack: Service = () => Response.json({ ok: true, channel: 'C1234567', ts: '1.1' });
const digests = ({ left }: SimulatedObject): string[] =>
  left.filter(({ service, body }) => service === 'slack.test' && decodeURIComponent(body).includes('Digest')).map(({ path }) => path);

describe('digests on Workers', () => {
  test('are sent by alarms, each once, and need few of them', async () => {
    await simulate(
      {
        config: CONFIG,
        services: { 'slack.test': slack },
        source: 'default',
        bindings: { WANDB_WEBHOOK_SECRET: SECRET, WANDB_WEBHOOK_SECRET_DEFAULT: '' },
      },
      async (object) => {
        await object.post(aliasBody('v1'));
        await object.pass(3 * DAY);

        expect(digests(object)).toEqual(Array(3).fill('/api/chat.postMessage'));
        // One an hour, which is as far as an alarm is ever set, and one for each digest.
        expect(object.alarms).toBeLessThan(3 * 24 + 20);
      },
    );
  });

  test('are sent by the object of the default source only', async () => {
    await simulate({ config: CONFIG, services: { 'slack.test': slack }, source: 'prod-eu' }, async (object) => {
      await object.pass(2 * DAY);
      expect(digests(object)).toEqual([]);
    });
  });
});
