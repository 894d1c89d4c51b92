import { describe, expect, it } from 'vitest';
import { createAccess } from '../../../receiver/admin/access.ts';
import { readAccess } from '../../../receiver/admin/access-settings.ts';
import { metricsEndpoint } from '../../../receiver/metrics/endpoint.ts';
import { gaugesText } from '../../../receiver/metrics/exposition.ts';
import type { Gauges } from '../../../receiver/metrics/metrics.ts';
import { prometheusMetrics } from '../../../receiver/metrics/prometheus.ts';

const T0 = 1_800_000_000_000;
const GAUGES: Gauges = {
  undelivered: [{ target: 'repository_dispatch', state: 'dead', count: 2 }],
  oldestAt: T0 - 90_000,
  throttled: 1,
  pauses: 0,
  engineLagMs: 2_500,
};

/** The value of each line without a comment. */
function samples(text: string): Record<string, number> {
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return Object.fromEntries(lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ')))]));
}

describe('what the store says', () => {
  const expected = {
    'wandb_relay_undelivered_deliveries{target="repository_dispatch",state="dead"}': 2,
    wandb_relay_oldest_undelivered_seconds: 90,
    wandb_relay_throttled_credentials: 1,
    wandb_relay_pauses: 0,
    wandb_relay_engine_lag_seconds: 2.5,
  };

  it('is the same text with and without prom-client', async () => {
    expect(samples(gaugesText(GAUGES, T0))).toEqual(expected);
    expect(samples(await prometheusMetrics({ version: '1.2.3', store: 'sqlite' }).text(GAUGES, T0))).toMatchObject(expected);
  });

  it('forgets what is not so any more', async () => {
    const metrics = prometheusMetrics({ version: '1.2.3', store: 'sqlite' });
    await metrics.text(GAUGES, T0);
    const text = await metrics.text({ ...GAUGES, undelivered: [], oldestAt: undefined }, T0);
    expect(text).not.toContain('wandb_relay_undelivered_deliveries{');
    expect(samples(text)).toMatchObject({ wandb_relay_oldest_undelivered_seconds: 0 });
  });
});

describe('what is counted', () => {
  it('has labels that nobody outside can multiply', async () => {
    const metrics = prometheusMetrics({ version: '1.2.3', store: 'sqlite' });
    for (let i = 0; i < 100; i++) metrics.answered(`/webhooks/wandb/source-${i}`, 202, `a result ${i}`);
    for (let i = 0; i < 100; i++) metrics.answered(`/nothing/${i}`, 404, undefined);
    metrics.answered('/webhooks/wandb', 202, 'accepted');
    metrics.answered('/api/deliveries', 503, undefined);
    metrics.accepted('run_state');
    metrics.attempted('repository_dispatch', 'delivered', 120);
    metrics.stored('accept', 3);
    const found = samples(await metrics.text(GAUGES, T0));
    expect(
      Object.fromEntries(Object.entries(found).filter(([name]) => /_total|build_info/.test(name) && !/process|nodejs/.test(name))),
    ).toEqual({
      'wandb_relay_requests_total{endpoint="wandb",result="answered"}': 100,
      'wandb_relay_requests_total{endpoint="wandb",result="accepted"}': 1,
      'wandb_relay_requests_total{endpoint="other",result="refused"}': 100,
      'wandb_relay_requests_total{endpoint="api",result="failed"}': 1,
      'wandb_relay_events_total{type="run_state"}': 1,
      'wandb_relay_attempts_total{target="repository_dispatch",outcome="delivered"}': 1,
      [`wandb_relay_build_info{version="1.2.3",store="sqlite",node="${process.version}"}`]: 1,
    });
    expect(found['wandb_relay_attempt_seconds_sum{target="repository_dispatch"}']).toBe(0.12);
    expect(found['wandb_relay_store_seconds_bucket{le="0.005",operation="accept"}']).toBe(1);
  });
});

describe('the endpoint', () => {
  function endpoint({ isPublic = false }: { isPublic?: boolean } = {}) {
    const clock = { now: T0 };
    let reads = 0;
    const settings = readAccess((name) => ({ RELAY_VIEWER_TOKEN: 'token-of-viewers' })[name], []);
    const access = createAccess({ settings, now: () => clock.now, newId: String, basePath: '' });
    const gauges = async () => {
      reads++;
      if (reads === 3) throw new Error('the store is away');
      return { ...GAUGES, throttled: reads };
    };
    const app = metricsEndpoint({ access, isPublic, gauges, text: gaugesText, now: () => clock.now });
    const get = (headers: Record<string, string> = { authorization: 'Bearer token-of-viewers' }) => app.request('/', { headers });
    return { get, clock, reads: () => reads };
  }

  it('is for whoever has a token, or for everybody', async () => {
    expect((await endpoint().get()).status).toBe(200);
    const public_ = await endpoint({ isPublic: true }).get({});
    expect([public_.status, public_.headers.get('content-type')]).toEqual([200, 'text/plain; version=0.0.4; charset=utf-8']);
  });

  it('asks the store at most every five seconds, and again after a failure', async () => {
    const { get, clock, reads } = endpoint();
    await Promise.all([get(), get()]);
    clock.now += 4_999;
    await get();
    expect(reads()).toBe(1);
    clock.now += 1;
    await get();
    expect(reads()).toBe(2);
    clock.now += 5_000;
    expect((await get()).status).toBe(500);
    expect((await get()).status).toBe(200);
    expect(reads()).toBe(4);
  });
});
