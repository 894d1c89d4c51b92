import { describe, expect, it } from 'vitest';
import { aboutRule, type RuleDetail, withCurrent, withFiring } from '../../../../receiver/engine/rule-detail.ts';
import { readConfig } from '../../../../src/config/config.ts';
import { compileRules } from '../../../../src/engine/compile.ts';
import type { JsonObject } from '../../../../src/lib/json.ts';
import { aliasBody } from '../../../stand-ins/wandb-sender.ts';
import { type TestPages, testPages } from './pages-in-test.ts';

const HOSTILE = '<script>alert("1")</script>/é?#%';
const SLACK = 'to: [{ slack: { channel: "#ml" } }]';

const CONFIG = `
version: 1
entity: acme
routes:
  - name: deploy
    on: { event: add_artifact_alias, alias: production }
    cooldown: 10m
    to:
      - repository_dispatch: { repository: acme/deploy, event_type: model-production }
  - { name: all, on: {}, ${SLACK} }
  - { name: '${HOSTILE}', on: { tag: '${HOSTILE}' }, ${SLACK} }
automations:
  - name: spike
    description: Loss goes up.
    engine: relay
    scope: { project: train }
    event: { run_metric: { metric: loss, aggregate: average, window: 5, above: 2.5 } }
    action: { relay: { to: [{ repository_dispatch: { repository: acme/triage, event_type: spike } }] } }
  - { name: '${HOSTILE}', scope: { project: train }, event: { add_artifact_alias: {} }, action: { relay: { ${SLACK} }}, key: '${HOSTILE}key' }
  - { name: promote, scope: { registry: model }, event: { add_artifact_alias: { alias: production } }, action: { webhook: { integration: relay, payload: { automation: promote } } } }
  - { name: promote, scope: { registry: other }, event: { add_artifact_alias: { alias: production } }, action: { webhook: { integration: relay, payload: { automation: promote } } } }
  - { name: to slack, scope: { project: train }, event: { run_state: { states: [failed] } }, action: { notification: { slack: "#ml" } } }
`;

const testConfig = (): Promise<TestPages> => testPages({ config: CONFIG });

/** Texts that follow one another on a page, whatever markup is between them. */
function plain(text: string): string {
  return text
    .replaceAll(/<(?:script|style)[\s\S]*?<\/(?:script|style)>/g, '')
    .replaceAll(/<[^>]+>/g, ' ')
    .replaceAll(/\s+/g, ' ');
}

/** The part of a list that is about one name. */
function rowOf(text: string, name: string): string {
  const row = text.split(/<li><div class="about">/).find((part) => part.includes(`>${name}</a></span>`));
  if (row === undefined) throw new Error(`there is no row of ${name}`);
  return row;
}

describe('/routes', () => {
  it('shows each route in order: what it asks for, where it sends, where it is written, and how often it fired', async () => {
    const pages = await testConfig();
    for (const version of ['v1', 'v2']) await pages.post(aliasBody(version, version));
    const { status, text } = await pages.get('/routes');
    expect(status).toBe(200);
    expect([...text.matchAll(/class="what"><a href="[^"]*">([^<]*)</g)].map(([, name]) => name).slice(0, 2)).toEqual(['deploy', 'all']);
    const deploy = plain(rowOf(text, 'deploy'));
    expect(deploy).toContain('event is &quot;add_artifact_alias&quot; alias is &quot;production&quot;');
    expect(deploy).toContain('→ repository_dispatch model-production to acme/deploy');
    expect(deploy).toContain('wandb-relay.yaml:5');
    expect(deploy).toContain('last fired just now');
    expect(deploy).toMatch(/ 2 in 24 h .* 2 in 30 days /);
    expect(rowOf(text, 'deploy')).toMatch(
      /<svg[^>]*role="img" aria-label="Route deploy: 2 in 24 h\. Most in one hour: 2, at \d\d:00 UTC\."/,
    );
    expect(rowOf(text, 'deploy')).not.toMatch(/never fired|overly broad/);
    expect(plain(rowOf(text, 'all'))).toMatch(/overly broad every event .* It takes every event, of every project and registry\./);
    // In a badge, and not once more below.
    expect(rowOf(text, 'spike').split('never fired')).toHaveLength(2);
    expect(plain(text)).toMatch(/ 4 fired in 24 h /);
  });

  it('shows what has failed apart, and what is paused', async () => {
    const pages = await testConfig();
    await pages.post(aliasBody('v1'));
    const [claimed] = await pages.store.claim({ now: pages.clock.now, leaseMs: 60_000, limit: 1, paceMs: 0, newToken: () => 't' });
    if (claimed === undefined) throw new Error('a delivery is due');
    const attempt = { startedAt: pages.clock.now, durationMs: 1, outcome: 'refused', status: 404, detail: '' } as const;
    await pages.store.settle(claimed, attempt, { state: 'dead', reason: 'no such repository' });
    const paused = await pages.send('/pauses/pause', { what: `route:${claimed.route}` });
    expect(paused.status).toBe(303);
    const { text } = await pages.get('/routes');
    const row = rowOf(text, claimed.route);
    expect(plain(row)).toMatch(/paused .* 1 in 24 h 1 failed .* 1 in 30 days 1 failed /);
    expect(row).toContain('class="bar bad"');
    expect(row).toContain('action="/pauses/resume"');
    expect(plain(text)).toMatch(/ 1 failed in 30 days /);
    expect((await pages.get('/routes', 'viewer')).text).not.toContain('method="post"');
    await pages.send('/pauses/resume', { what: `route:${claimed.route}` });
    await pages.send('/pauses/pause', { what: 'credential:github' });
    expect(plain(rowOf((await pages.get('/routes')).text, claimed.route))).toMatch(/paused .*the credential github is paused/);
    await pages.send('/pauses/pause', { what: 'everything' });
    expect(plain((await pages.get('/routes/spike')).text)).toMatch(/paused .*everything is paused/);
  });

  it('says that it counts rather than have a page wait, and loads again', async () => {
    const pages = await testConfig();
    await pages.post(aliasBody('v1'));
    const real = pages.store.countedEvents;
    let open = (): void => undefined;
    const gate = new Promise<void>((resolve) => {
      open = resolve;
    });
    Object.assign(pages.store, { countedEvents: (options: Parameters<typeof real>[0]) => gate.then(() => real(options)) });
    for (const path of ['/routes', '/routes/deploy', '/automations', '/automations/spike']) {
      const { text, headers } = await pages.get(path);
      expect(headers.get('refresh')).toBe('3');
      expect(plain(text)).toContain('Counting… This page loads again by itself.');
      expect(text).not.toMatch(/badge quiet">never fired|class="bar/);
    }
    open();
    await expect.poll(async () => (await pages.get('/routes')).headers.get('refresh')).toBeNull();
    expect(plain(rowOf((await pages.get('/routes')).text, 'deploy'))).toContain(' 1 in 24 h ');
  });

  it('says what to do where there are none', async () => {
    const pages = await testPages({ config: 'version: 1\nroutes: []\n' });
    expect((await pages.get('/routes')).text).toContain('The config has no routes');
    expect((await pages.get('/automations')).text).toContain('The config has no automations');
  });
});

describe('/routes/NAME', () => {
  it('shows its config, larger charts with their numbers, and what it sent last', async () => {
    const pages = await testConfig();
    const { body } = await pages.post(aliasBody('v1'));
    await pages.post(aliasBody('v2', 'other', 'staging'));
    const { text } = await pages.get('/routes/deploy');
    expect(text).toContain('cooldown: 10m');
    expect(plain(text)).toContain('at most once in 10 min for each subject');
    expect(plain(text)).toMatch(/The numbers Hour \(UTC\) Fired failed \d\d:00 1 0 /);
    expect(plain(text)).toMatch(/The numbers Day \(UTC\) Fired failed \d+ \w+ 1 0 /);
    expect(text).toContain(`href="/events/${String(body.id)}"`);
    expect(text.match(/<td class="what">/g)).toHaveLength(1);
    expect(text).toContain('repository_dispatch:acme/deploy');
    expect(text).not.toContain('slack:#ml');
    expect(text).toContain('href="/?route=deploy"');
    const never = await pages.get('/routes/spike');
    expect(plain(never.text)).toContain('Nothing yet Send an event that matches');
    expect(never.text).toContain('href="/automations/spike"');
  });

  it('is a page of its own where there is none', async () => {
    const { get } = await testConfig();
    for (const path of ['/routes/none', '/automations/none']) {
      const { status, text } = await get(path);
      expect([status, text.includes('The config that is in use has no')]).toEqual([404, true]);
    }
  });
});

/** As the engine does: `values` of the run `name`, of which those above 2.5 fire. */
async function evaluated(pages: TestPages, name: string, values: readonly number[]): Promise<void> {
  const config = readConfig(CONFIG, 'wandb-relay.yaml');
  if (!config.ok) throw new Error('the config is valid');
  const [rule] = compileRules(config.value.automations, config.value.entity);
  if (rule === undefined) throw new Error('there is a rule');
  const { now } = pages.clock;
  const run = { name: 'r1', displayName: name, createdAt: now - 3_600_000 } as Parameters<typeof withCurrent>[1];
  let detail: RuleDetail = { ...aboutRule(rule), runs: 1, logged: true };
  for (const [i, value] of values.entries()) {
    const at = now - 3_600_000 + i * 60_000;
    if (value > 2.5) detail = withFiring(detail, run, { kind: 'firing', at, x: i, value }, false);
    detail = withCurrent(detail, run, { at, value, isMet: value > 2.5, lastFiredAt: undefined });
  }
  const lease = { project: 'acme/train', owner: 'me' };
  const kept = {
    rule: rule.key,
    version: rule.version,
    firstSeenAt: now,
    lastEvaluatedAt: now,
    lastFiredAt: now,
    detail: detail as JsonObject,
  };
  await pages.store.leaseProject(lease, now, 60_000);
  const round = { round: '1', after: null, now, watermark: now, readAt: now, problem: 'W&B <refuses> the key', runs: [], events: [] };
  await pages.store.advanceEngine(lease, { ...round, rules: [kept] });
}

describe('/automations', () => {
  it('shows what each watches for, who evaluates it, which routes take its events, and how often it fired', async () => {
    const pages = await testConfig();
    await pages.post({ ...aliasBody('v1'), automation: 'promote', project_name: 'wandb-registry-model' });
    const { text } = await pages.get('/automations');
    const spike = plain(rowOf(text, 'spike'));
    expect(spike).toMatch(/engine: relay never fired Loss goes up\. average of 5 values of loss above 2\.5 project train/);
    expect(spike).toContain('→ route spike : repository_dispatch spike to acme/triage');
    expect(spike).toContain('→ also route all');
    expect(spike).toContain('wandb-relay.yaml:13');
    const rows = text.split(/<li><div class="about">/).filter((part) => part.includes('>promote</a>'));
    expect(rows.map((row) => / 1 in 24 h /.test(plain(row)))).toEqual([true, false]);
    expect(plain(rows[0] ?? '')).toContain('→ W&amp;B calls the webhook integration relay');
    expect(rows.map((row) => /href="(\/automations[^"]*)"/.exec(row)?.[1])).toEqual([
      '/automations/promote?scope=registry+model',
      '/automations/promote?scope=registry+other',
    ]);
    expect(plain((await pages.get('/automations/promote?scope=registry+other')).text)).toContain('registry other');
    expect(plain(rowOf(text, 'to slack'))).toContain('they are not counted');
    expect(plain(rowOf(text, 'to slack'))).not.toContain('never fired');
  });

  it('shows the values, the limit and the firings of the latest runs that the relay evaluated', async () => {
    const pages = await testConfig();
    expect(plain((await pages.get('/automations/spike')).text)).toContain('Not evaluated yet');
    await evaluated(pages, 'nightly-7', [1, 2, 3, 1.5]);
    const { text } = await pages.get('/automations/spike');
    const chart = /<svg class="chart run" viewBox="0 0 360[\s\S]*?<\/svg>/.exec(text)?.[0] ?? '';
    expect(chart).toContain('aria-label="average of 5 values of loss of nightly-7: last 1.50, limit 2.5; fired once"');
    expect(chart.match(/<path class="line" d="M[^"]*L[^"]*"/g)).toHaveLength(1);
    expect(chart).toMatch(/<line class="limit"[^>]*>.*limit 2\.5</);
    expect(chart.match(/<circle class="fired"/g)).toHaveLength(1);
    expect(plain(text)).toMatch(/1\.50 in nightly-7 not met/);
    expect(plain(text)).toMatch(/The numbers When average of 5 values of loss What .*UTC 1\.50 .*UTC 3 fired/);
    expect(text).toContain('href="https://wandb.example/acme/train/runs/r1"');
    expect((await pages.get('/automations')).text).toContain('W&amp;B &lt;refuses&gt; the key');
  });
});

describe('names from outside', () => {
  it('are shown as text, and lead to their own pages', async () => {
    const pages = await testConfig();
    await pages.post({ ...aliasBody('v1', HOSTILE), automation: HOSTILE });
    await evaluated(pages, HOSTILE, [1, 3]);
    const paths = [
      '/routes',
      '/automations',
      '/automations/spike',
      `/routes/${encodeURIComponent(HOSTILE)}`,
      `/automations/${encodeURIComponent(`${HOSTILE}key`)}`,
    ];
    for (const path of paths) {
      const { status, text } = await pages.get(path);
      expect([path, status]).toEqual([path, 200]);
      expect(text).toContain('&lt;script&gt;alert');
      expect(text).not.toContain('<script>alert');
    }
    const { text } = await pages.get('/routes');
    const link = /href="(\/routes\/%3Cscript[^"]*)"/.exec(text)?.[1] ?? 'none';
    expect(plain((await pages.get(link)).text)).toContain('Route &lt;script&gt;alert');
  });

  it('are below the base path', async () => {
    const pages = await testPages({ config: CONFIG, basePath: '/ml/relay' });
    for (const path of ['/routes', '/routes/deploy', '/automations', '/automations/spike'])
      expect((await pages.get(path)).text).not.toMatch(/(?:href|action|src)="\/(?!ml\/relay)/);
  });
});
