import { describe, expect, it } from 'vitest';
import { conditionsOf, type Facts } from '../../../receiver/alerts/conditions.ts';
import { createHeartbeat } from '../../../receiver/alerts/heartbeat.ts';
import { observe, sourcesOf } from '../../../receiver/alerts/observed.ts';
import { pauseAlert } from '../../../receiver/alerts/pause-alert.ts';
import { pauseChanges } from '../../../receiver/alerts/pause-news.ts';
import type { Pause } from '../../../receiver/store/pause.ts';

const NOW = 1_800_000_000_000;
const MINUTE = 60_000;

function facts(changes: Partial<Facts> = {}): Facts {
  return {
    now: NOW,
    undelivered: [],
    oldestToSend: undefined,
    notAsked: [],
    isRefused: () => undefined,
    sources: [{ name: 'default', refusals: 0 }],
    engineLagMs: undefined,
    isClockWrong: false,
    configTrouble: undefined,
    undeliveredAfterMs: 15 * MINUTE,
    ...changes,
  };
}

/** What is bad: its kind, which one, and its sentence. */
function bad(changes: Partial<Facts>): string[] {
  return conditionsOf(facts(changes)).flatMap(({ kind, what, state, summary }) => (state === 'bad' ? [`${kind} ${what}: ${summary}`] : []));
}

const waiting = (state: 'pending' | 'dead' | 'held', count: number, ageMs: number) => ({
  target: 'slack',
  state,
  count,
  oldestAt: NOW - ageMs,
});

describe('what is an alert', () => {
  it.each([
    ['nothing', {}, []],
    ['what waits for a little', { oldestToSend: NOW - 14 * MINUTE, undelivered: [waiting('pending', 3, 14 * MINUTE)] }, []],
    [
      'what waits for long',
      { oldestToSend: NOW - 16 * MINUTE, undelivered: [waiting('pending', 3, 16 * MINUTE)] },
      ['undelivered : Something waits for 16 min to be sent'],
    ],
    ['what waits for an approval', { undelivered: [waiting('held', 3, 60 * MINUTE)] }, []],
    ['what failed', { undelivered: [waiting('dead', 2, 1)] }, ['delivery_failed : 2 deliveries failed and will not be tried again']],
    [
      'what failed again and again',
      { undelivered: [waiting('dead', 11, 1)] },
      [
        'delivery_failed : 11 deliveries failed and will not be tried again',
        'many_failed : 11 deliveries failed and will not be tried again',
      ],
    ],
    ['an engine that is late', { engineLagMs: 6 * MINUTE }, ['engine_behind : Automations with engine: relay are evaluated 6 min late']],
    ['an engine that is in time', { engineLagMs: MINUTE }, []],
    ['a clock', { isClockWrong: true }, ["clock_wrong : This machine's clock is wrong: it has jumped"]],
    ['a config', { configTrouble: 'wandb-relay.yaml is refused' }, ['config_refused : wandb-relay.yaml is refused']],
    ['a few refusals', { sources: [{ name: 'eu', refusals: 9 }] }, []],
    [
      'many refusals',
      { sources: [{ name: 'eu', refusals: 10 }] },
      ['source_refused eu: 10 requests of the source "eu" failed authentication in five minutes'],
    ],
    [
      'a refused token',
      { isRefused: (service: string) => service === 'github' },
      ['credential_refused github: GitHub refuses the credential (401): nothing can be dispatched'],
    ],
    [
      'a lost Slack app',
      { slackTrouble: { text: 'the app was removed', isKnown: true } },
      ['credential_refused slack: Slack: the app was removed'],
    ],
  ] as [string, Partial<Facts>, string[]][])('%s', (_, changes, expected) => {
    expect(bad(changes)).toEqual(expected);
  });

  it('is not what people have paused', () => {
    expect(bad({ undelivered: [waiting('pending', 3, 60 * MINUTE)] })).toEqual([]);
  });

  it('is unknown where nothing was seen', () => {
    const found = conditionsOf(facts({ slackTrouble: { text: undefined, isKnown: false } }));
    const states = found.filter(({ kind }) => kind === 'credential_refused' || kind === 'engine_behind');
    expect(new Set(states.map(({ state }) => state))).toEqual(new Set(['unknown']));
  });
});

describe('what a receiver has seen', () => {
  const seen = () => {
    const clock = { now: NOW };
    return { clock, observed: observe(['default', 'prod-eu'], () => clock.now) };
  };

  it('is whether a credential is refused, until it is taken again', () => {
    const { observed } = seen();
    observed.attempted('github:abc', 'refused', 404);
    observed.attempted('slack:#ml', 'refused', 401);
    expect(observed.isRefused('github')).toBeUndefined();
    observed.attempted('github-app:acme', 'refused', 401);
    expect(observed.isRefused('github')).toBe(true);
    observed.attempted('github:abc', 'failed', 502);
    expect(observed.isRefused('github')).toBe(true);
    observed.attempted('github:abc', 'delivered', 204);
    expect(observed.isRefused('github')).toBe(false);
  });

  it('is how often a known source was refused in five minutes, whatever an attacker sends', () => {
    const { clock, observed } = seen();
    for (let i = 0; i < 20_000; i++) observed.answered('prod-eu', 401);
    for (let i = 0; i < 20_000; i++) observed.answered(`invented-${i}`, 401);
    observed.answered('default', 202);
    expect(observed.refusalsOf('prod-eu')).toBeGreaterThanOrEqual(500);
    expect(observed.refusalsOf('prod-eu')).toBeLessThanOrEqual(1_000);
    expect(observed.refusalsOf('invented-7')).toBe(0);
    expect(observed.refusalsOf('default')).toBe(0);
    clock.now += 6 * MINUTE;
    expect(observed.refusalsOf('prod-eu')).toBe(0);
  });

  it('has the names of sources as they are in addresses', () => {
    const none = { secrets: [], tokens: [] };
    expect(
      sourcesOf({
        authentication: {
          sources: new Map([
            ['', none],
            ['PROD_EU', none],
          ]),
        },
      }),
    ).toEqual(['default', 'prod-eu']);
  });
});

describe('pauses', () => {
  const route: Pause = { scope: { kind: 'route', name: 'deploy' }, by: 'ada', at: NOW, reason: 'an outage' };

  it('are said when they begin and when they end', () => {
    const [paused] = pauseChanges([], [route]).map((news) => pauseAlert(news, NOW));
    expect(paused).toMatchObject({
      state: 'opened',
      summary: 'ada paused the route deploy: an outage',
      action: expect.stringContaining('Events are still accepted'),
    });
    const [resumed] = pauseChanges([route], []).map((news) => pauseAlert(news, NOW));
    expect(resumed).toMatchObject({ state: 'recovered', summary: 'The route deploy was resumed: what waited is sent' });
    expect(pauseChanges([route], [route])).toEqual([]);
    expect(pauseChanges([route], [{ ...route, at: NOW + 1 }])).toHaveLength(2);
  });
});

describe('the heartbeat', () => {
  it('is called once a minute while the store works, and its trouble is logged once', async () => {
    const clock = { now: NOW };
    const calls: string[] = [];
    const logged: string[] = [];
    let works = true;
    let status = 200;
    const keep = (_: object, message: string) => void logged.push(message);
    const beat = createHeartbeat({
      now: () => clock.now,
      fetch: async (input) => {
        calls.push(String(input));
        return new Response(null, { status });
      },
      log: { debug: keep, info: keep, warn: keep, error: keep },
      url: () => 'https://beat.example/abc',
      check: () => (works ? Promise.resolve() : Promise.reject(new Error('disk full'))),
      signal: new AbortController().signal,
    });
    for (let i = 0; i < 20; i++, clock.now += 15_000) await beat();
    expect(calls).toHaveLength(5);
    works = false;
    for (let i = 0; i < 8; i++, clock.now += 15_000) await beat();
    expect(calls).toHaveLength(5);
    works = true;
    status = 500;
    for (let i = 0; i < 8; i++, clock.now += 15_000) await beat();
    expect(logged).toEqual(['alerts.heartbeat was not called, or does not answer']);
    status = 200;
    for (let i = 0; i < 4; i++, clock.now += 15_000) await beat();
    expect(logged.at(-1)).toBe('alerts.heartbeat answers again');
  });
});
