import { Hono } from 'hono';
import { describe, expect, it } from 'vitest';
import { createAccess } from '../../../receiver/admin/access.ts';
import { readAccess } from '../../../receiver/admin/access-settings.ts';
import { type RequestVariables, requestLog } from '../../../receiver/http/request-log.ts';
import { silentLogger } from '../../../receiver/log/log.ts';
import { countedFetch } from '../../../receiver/metrics/counted-fetch.ts';
import { metricsEndpoint, recentFamilies } from '../../../receiver/metrics/endpoint.ts';
import { expositionText, mergeFamilies } from '../../../receiver/metrics/families.ts';
import { gaugeFamilies } from '../../../receiver/metrics/gauges.ts';
import { keptMetrics } from '../../../receiver/metrics/kept-metrics.ts';
import type { Gauges, Metrics, ReadableMetrics } from '../../../receiver/metrics/metrics.ts';
import { prometheusMetrics } from '../../../receiver/metrics/prometheus.ts';
import { declaredIn, samplesIn } from '../../stand-ins/exposition.ts';

const T0 = 1_800_000_000_000;
const GAUGES: Gauges = {
  undelivered: [
    { target: 'repository_dispatch', state: 'dead', count: 2 },
    { target: 'repository_dispatch', state: 'pending', count: 3 },
    { target: 'repository_dispatch', state: 'in_flight', count: 1 },
  ],
  oldestAt: T0 - 90_000,
  unrouted: 7,
  throttled: 1,
  pauses: 0,
  engineLagMs: 2_500,
  configRefused: false,
};

const textOf = async (metrics: ReadableMetrics): Promise<string> => (await metrics.text?.()) ?? expositionText(await metrics.families());
const both = (): [string, ReadableMetrics][] => [
  ['prom-client', prometheusMetrics({ version: '1.2.3', store: 'sqlite' })],
  ['what is kept', keptMetrics(undefined, () => undefined)],
];

describe('what the store says', () => {
  it('is text in seconds', () => {
    expect(samplesIn(expositionText(gaugeFamilies(GAUGES, T0)))).toEqual({
      'wandb_relay_undelivered_deliveries{target="repository_dispatch",state="dead"}': 2,
      'wandb_relay_undelivered_deliveries{target="repository_dispatch",state="pending"}': 3,
      'wandb_relay_undelivered_deliveries{target="repository_dispatch",state="in_flight"}': 1,
      'wandb_relay_queue_depth{target="repository_dispatch"}': 4,
      wandb_relay_oldest_undelivered_age_seconds: 90,
      wandb_relay_unrouted_events: 7,
      wandb_relay_throttled_credentials: 1,
      wandb_relay_pauses: 0,
      wandb_relay_engine_lag_seconds: 2.5,
      wandb_relay_config_refused: 0,
    });
  });

  it('leaves out what is not there', () => {
    const families = gaugeFamilies(
      { ...GAUGES, undelivered: [], oldestAt: undefined, engineLagMs: undefined, configRefused: undefined },
      T0,
    );
    expect(samplesIn(expositionText(families))).toEqual({
      wandb_relay_oldest_undelivered_age_seconds: 0,
      wandb_relay_unrouted_events: 7,
      wandb_relay_throttled_credentials: 1,
      wandb_relay_pauses: 0,
    });
  });

  it('of several receivers is one family each, and every text is quoted', () => {
    const family = { name: 'a', help: 'b\nc\\', type: 'gauge', samples: [{ labels: { x: 'say "no"\n\\' }, value: 1 }] } as const;
    const text = expositionText(
      mergeFamilies(
        'source',
        new Map([
          ['default', [family]],
          ['prod', [family]],
        ]),
      ),
    );
    expect(text).toBe(
      '# HELP a b\\nc\\\\\n# TYPE a gauge\na{source="default",x="say \\"no\\"\\n\\\\"} 1\na{source="prod",x="say \\"no\\"\\n\\\\"} 1\n',
    );
  });
});

/** One of everything that is reported. */
function report(metrics: Metrics): void {
  for (let i = 0; i < 100; i++) metrics.answered(`/webhooks/wandb/source-${i}`, 202, `a result ${i}`, 3);
  for (let i = 0; i < 100; i++) metrics.answered(`/nothing/${i}`, 404, undefined, 3);
  metrics.answered('/relay/webhooks/wandb', 202, 'accepted', 30);
  metrics.answered('/api/deliveries', 503, undefined, 3);
  metrics.answered('/', 200, undefined, 3);
  metrics.answered('/events/1', 200, undefined, 3);
  metrics.answered('/metrics', 200, undefined, 3);
  metrics.accepted('run_state');
  metrics.attempted('repository_dispatch', 'failed', 120);
  metrics.attempted('repository_dispatch', 'delivered', 45_000);
  metrics.settled('repository_dispatch', 'delivered', 61_000);
  metrics.settled('slack', 'dead', 61_000);
  metrics.stored('accept', 3);
  metrics.evaluated(40);
  metrics.evaluated(2);
  metrics.fired(1);
  metrics.roundEnded('part', 700);
  metrics.askedWandb('limited');
}

describe('what is counted', () => {
  it.each(both())('has labels that nobody outside can multiply: %s', async (_name, metrics) => {
    report(metrics);
    const found = samplesIn(await textOf(metrics));
    expect(Object.fromEntries(Object.entries(found).filter(([name]) => /^wandb_relay_\w+_total/.test(name)))).toEqual({
      'wandb_relay_requests_total{endpoint="wandb",result="answered"}': 100,
      'wandb_relay_requests_total{endpoint="wandb",result="accepted"}': 1,
      'wandb_relay_requests_total{endpoint="other",result="refused"}': 100,
      'wandb_relay_requests_total{endpoint="api",result="failed"}': 1,
      'wandb_relay_requests_total{endpoint="pages",result="answered"}': 2,
      'wandb_relay_requests_total{endpoint="metrics",result="answered"}': 1,
      'wandb_relay_events_total{type="run_state"}': 1,
      'wandb_relay_attempts_total{target="repository_dispatch",outcome="failed"}': 1,
      'wandb_relay_attempts_total{target="repository_dispatch",outcome="delivered"}': 1,
      'wandb_relay_deliveries_total{target="repository_dispatch",state="delivered"}': 1,
      'wandb_relay_deliveries_total{target="slack",state="dead"}': 1,
      wandb_relay_engine_points_total: 42,
      wandb_relay_engine_firings_total: 1,
      'wandb_relay_engine_rounds_total{result="part"}': 1,
      'wandb_relay_engine_requests_total{result="limited"}': 1,
    });
    expect(found).toMatchObject({
      'wandb_relay_attempt_duration_seconds_sum{target="repository_dispatch"}': 45.12,
      'wandb_relay_delivery_duration_seconds_count{target="repository_dispatch"}': 1,
      wandb_relay_engine_round_duration_seconds_sum: 0.7,
    });
    expect(Object.keys(found).filter((name) => name.includes('delivery_duration') && name.includes('slack'))).toEqual([]);
  });

  it('is the same text in both ways', async () => {
    const ours = async (metrics: ReadableMetrics) => {
      report(metrics);
      const sorted = Object.entries(samplesIn(await textOf(metrics))).map(([name, value]): [string, number] => [
        name.replace(/\{(.*)\}/, (_all, labels: string) => `{${labels.split(',').toSorted().join(',')}}`),
        value,
      ]);
      return Object.fromEntries(sorted.filter(([name]) => name.startsWith('wandb_relay_') && !name.includes('build_info')).toSorted());
    };
    const [[, prometheus], [, kept]] = both() as [[string, ReadableMetrics], [string, ReadableMetrics]];
    expect(await ours(kept)).toEqual(await ours(prometheus));
    const declared = [...declaredIn(await textOf(kept))];
    expect([...declaredIn(await textOf(prometheus))]).toEqual(expect.arrayContaining(declared));
    expect(declared.length).toBeGreaterThan(12);
  });

  it('says which version runs', async () => {
    const text = await textOf(prometheusMetrics({ version: '1.2.3', store: 'sqlite' }));
    expect(samplesIn(text)).toMatchObject({
      [`wandb_relay_build_info{version="1.2.3",store="sqlite",node="${process.version}"}`]: 1,
    });
  });
});

describe('what is kept', () => {
  it('goes on from what was kept, through JSON', async () => {
    const before = keptMetrics(undefined, () => undefined);
    report(before);
    const after = keptMetrics(JSON.parse(JSON.stringify(before.counts())), () => undefined);
    expect(await textOf(after)).toBe(await textOf(before));
    after.accepted('run_state');
    expect(samplesIn(await textOf(after))['wandb_relay_events_total{type="run_state"}']).toBe(2);
  });

  it('begins again with a histogram whose buckets are others now', async () => {
    const kept = { counters: {}, histograms: { attemptTime: { '["slack"]': { counts: [1, 2], sum: 3 } } } };
    expect(await textOf(keptMetrics(kept, () => undefined))).not.toContain('slack');
  });

  it('says that it has changed', () => {
    let changes = 0;
    keptMetrics(undefined, () => changes++).evaluated(0);
    expect(changes).toBe(0);
    keptMetrics(undefined, () => changes++).accepted('run_state');
    expect(changes).toBe(1);
  });
});

describe('requests to W&B', () => {
  it('are counted by what came of them, also when there is no answer', async () => {
    const seen: string[] = [];
    const answers = [200, 429, 500];
    const fetch = countedFetch(
      async () => {
        const status = answers.shift();
        if (status === undefined) throw new Error('no connection');
        return new Response('', { status });
      },
      { askedWandb: (result) => seen.push(result) },
    );
    for (let i = 0; i < 3; i++) await fetch('https://wandb.example');
    await expect(fetch('https://wandb.example')).rejects.toThrow('no connection');
    expect(seen).toEqual(['answered', 'limited', 'failed', 'failed']);
  });
});

describe('the endpoint', () => {
  function endpoint({ isPublic = false }: { isPublic?: boolean } = {}) {
    const clock = { now: T0 };
    let reads = 0;
    const settings = readAccess((name) => ({ RELAY_VIEWER_TOKEN: 'token-of-viewers' })[name], []);
    const access = createAccess({ settings, now: () => clock.now, newId: String, basePath: '' });
    const read = async () => {
      reads++;
      if (reads === 3) throw new Error('the store is away');
      return gaugeFamilies({ ...GAUGES, throttled: reads }, clock.now);
    };
    const app = new Hono<RequestVariables>().use(requestLog(silentLogger, Date.now)).onError((_error, c) => c.body(null, 500));
    const routes = metricsEndpoint({ access, isPublic, families: recentFamilies(read, () => clock.now), text: async () => 'more 1\n' });
    app.route('/', routes);
    const get = (headers: Record<string, string> = { authorization: 'Bearer token-of-viewers' }) => app.request('/', { headers });
    return { get, clock, reads: () => reads };
  }

  it('is for whoever has a token, or for everybody', async () => {
    expect((await endpoint().get()).status).toBe(200);
    const nobody = await endpoint().get({ authorization: 'Bearer of-nobody' });
    expect(nobody.status).toBe(401);
    const public_ = await endpoint({ isPublic: true }).get({});
    expect([public_.status, public_.headers.get('content-type')]).toEqual([200, 'text/plain; version=0.0.4; charset=utf-8']);
    expect(samplesIn(await public_.text())).toMatchObject({ more: 1, wandb_relay_throttled_credentials: 1 });
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
