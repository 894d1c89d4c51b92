import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { parse } from 'yaml';
import { BUILD_INFO, COUNTERS, type Definition, GAUGES, HISTOGRAMS, SOURCE_UP } from '../../receiver/metrics/definitions.ts';
import { page, tableRows } from '../docs/pages.ts';
import { declaredIn, samplesIn } from '../stand-ins/exposition.ts';
import { PROJECT, type ReceiverProcess, startReceiver } from '../stand-ins/receiver-process.ts';
import { temporaryFolder } from '../stand-ins/temporary-folder.ts';
import { aliasBody, signedHeaders } from '../stand-ins/wandb-sender.ts';
import { expressionsOf, readDashboard } from './dashboard.ts';
import { PROMTOOL, promtool } from './promtool.ts';

const FOLDER = join(PROJECT, 'examples', 'prometheus');
const SECRET = 'a-secret-for-tests-only';
const NOWHERE = 'http://127.0.0.1:9';
const CONFIG = `
version: 1
entity: acme
routes:
  - name: deploy
    on: { event: add_artifact_alias, alias: production }
    to: [{ repository_dispatch: { repository: acme/deploy, event_type: model-production } }]
automations:
  - name: run-died
    engine: relay
    scope: { project: train }
    event: { run_state: { states: [failed] } }
    action: { relay: { to: [{ repository_dispatch: { repository: acme/deploy, event_type: run-died } }] } }
`;

let receiver: ReceiverProcess;
let text = '';

const cwd = mkdtempSync(join(tmpdir(), 'wandb-relay-metrics-'));

beforeAll(async () => {
  writeFileSync(join(cwd, 'wandb-relay.yaml'), CONFIG);
  receiver = await startReceiver({
    cwd,
    environment: {
      WANDB_WEBHOOK_SECRET: SECRET,
      RELAY_VIEWER_TOKEN: 'token-of-viewers',
      GITHUB_TOKEN: 'ghp_of_a_test_only',
      GITHUB_API_URL: NOWHERE,
      WANDB_API_KEY: 'a-key-of-a-test-that-is-long-enough-here',
      WANDB_BASE_URL: NOWHERE,
    },
  });
  const body = JSON.stringify(aliasBody('v12'));
  await fetch(`${receiver.url}/webhooks/wandb`, { method: 'POST', body, headers: signedHeaders(body, SECRET) });
  // Until the engine has made a round and the delivery an attempt; the store is asked every five seconds.
  await vi.waitFor(
    async () => {
      text = await (await fetch(`${receiver.url}/metrics`, { headers: { authorization: 'Bearer token-of-viewers' } })).text();
      if (
        !/engine_rounds_total\{.*attempts_total\{|attempts_total\{.*engine_rounds_total\{/s.test(text) ||
        !/engine_lag_seconds \d/.test(text)
      )
        throw new Error(text);
    },
    { timeout: 30_000, interval: 250 },
  );
});
afterAll(async () => {
  await receiver.end('SIGTERM');
  rmSync(cwd, { recursive: true });
});

const DEFINITIONS: readonly Definition[] = [
  BUILD_INFO,
  ...Object.values(COUNTERS),
  ...Object.values(HISTOGRAMS),
  ...Object.values(GAUGES),
  SOURCE_UP,
];
const ours = (): string[] => [...declaredIn(text).keys()].filter((name) => name.startsWith('wandb_relay_'));

describe('the metrics of a running receiver', () => {
  it('are those that are defined: nothing is forgotten, and nothing else is there', () => {
    expect([...ours(), SOURCE_UP.name].toSorted()).toEqual(DEFINITIONS.map(({ name }) => name).toSorted());
  });

  it('count what it did', () => {
    const found = samplesIn(text);
    expect(found).toMatchObject({
      'wandb_relay_requests_total{endpoint="wandb",result="accepted"}': 1,
      'wandb_relay_events_total{type="add_artifact_alias"}': 1,
      'wandb_relay_queue_depth{target="repository_dispatch"}': 1,
      wandb_relay_config_refused: 0,
    });
    expect(found['wandb_relay_attempts_total{target="repository_dispatch",outcome="failed"}']).toBeGreaterThan(0);
    expect(found['wandb_relay_engine_rounds_total{result="failed"}']).toBeGreaterThan(0);
    expect(found['wandb_relay_engine_requests_total{result="failed"}']).toBeGreaterThan(0);
    expect(found['wandb_relay_store_operation_duration_seconds_count{operation="accept"}']).toBe(1);
  });

  it('are all in docs/metrics.md, with their types and labels', () => {
    const types = new Map([...declaredIn(text), [SOURCE_UP.name, 'gauge']]);
    const rows = tableRows(page('docs/metrics.md'), '## Metrics')
      .slice(1)
      .map(([name = '', type = '', labels = '']) => [
        name.replaceAll('`', ''),
        type,
        [...labels.matchAll(/`(\w+)`/g)].map(([, label]) => label),
      ]);
    expect(rows.toSorted()).toEqual(DEFINITIONS.map(({ name, labels }) => [name, types.get(name), [...labels]]).toSorted());
  });
});

/** What a query names: metrics with the labels that it asks for. */
function selectors(expr: string): { readonly metric: string; readonly labels: readonly string[] }[] {
  return [...expr.matchAll(/\b((?:wandb_relay|process|nodejs)_\w+|up)\b(?:\{([^}]*)\})?/g)].map(([, metric = '', matchers = '']) => ({
    metric,
    labels: [...matchers.matchAll(/(\w+)\s*[=!]~?/g)].map(([, label = '']) => label),
  }));
}

/** Given by Prometheus, by Workers, and by histograms. */
const OTHER_LABELS = ['job', 'instance', 'source', 'le'];

function problemsOf(expr: string): string[] {
  return selectors(expr).flatMap(({ metric, labels }) => {
    if (metric === 'up') return [];
    const name = declaredIn(text).has(metric) ? metric : metric.replace(/_(?:bucket|sum|count)$/, '');
    const isHistogram = name !== metric && declaredIn(text).get(name) === 'histogram';
    if (name !== SOURCE_UP.name && !declaredIn(text).has(name)) return [`${metric}: is no metric of a running receiver`];
    if (name !== metric && !isHistogram) return [`${metric}: is no histogram`];
    const known = [...OTHER_LABELS, ...(DEFINITIONS.find((one) => one.name === name)?.labels ?? [])];
    return labels.filter((label) => !known.includes(label)).map((label) => `${metric}: has no label ${label}`);
  });
}

interface Rules {
  readonly groups: readonly { readonly rules: readonly { readonly alert: string; readonly expr: string }[] }[];
}
const RULES = (parse(readFileSync(join(FOLDER, 'alerts.yml'), 'utf8')) as Rules).groups.flatMap(({ rules }) => rules);

describe('examples/prometheus/alerts.yml', () => {
  it('names only metrics and labels that a receiver has', () => {
    expect(RULES.flatMap(({ expr }) => problemsOf(expr))).toEqual([]);
    expect(RULES.length).toBeGreaterThan(10);
  });

  it('has a test of every alert that fires, and the page lists every alert', () => {
    const { tests } = parse(readFileSync(join(FOLDER, 'alerts.test.yml'), 'utf8')) as {
      readonly tests: readonly { readonly alert_rule_test: readonly { readonly alertname: string; readonly exp_alerts?: unknown }[] }[];
    };
    const fired = tests.flatMap(({ alert_rule_test }) =>
      alert_rule_test.filter(({ exp_alerts }) => exp_alerts !== undefined).map(({ alertname }) => alertname),
    );
    const alerts = RULES.map(({ alert }) => alert);
    expect([...new Set(fired)].toSorted()).toEqual(alerts.toSorted());
    const listed = tableRows(page('docs/metrics.md'), '## Alert rules').slice(1);
    expect(listed.map(([name = '']) => name.replaceAll('`', ''))).toEqual(alerts);
  });
});

describe('examples/grafana/wandb-relay.json', () => {
  const dashboard = readDashboard();

  it('names only metrics and labels that a receiver has', () => {
    const expressions = expressionsOf(dashboard);
    expect(expressions.flatMap(problemsOf)).toEqual([]);
    const shown = new Set(expressions.flatMap(selectors).map(({ metric }) => metric.replace(/_(?:bucket|count|sum)$/, '')));
    expect(DEFINITIONS.map(({ name }) => name).filter((name) => !shown.has(name))).toEqual([]);
  });

  it('has its rows, its variables and every panel in a place of its own', () => {
    const { panels, templating } = dashboard;
    expect(panels.filter(({ type }) => type === 'row').map(({ title }) => title.replace(/ \(.*/, ''))).toEqual([
      'Not delivered',
      'Throughput',
      'Latency',
      'Engine',
      'Store and process',
    ]);
    expect(templating.list.map(({ name, type }) => [name, type])).toEqual([
      ['datasource', 'datasource'],
      ['instance', 'query'],
    ]);
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
    const cells = panels.flatMap(({ gridPos: { x, y, w, h } }) => {
      expect(x + w).toBeLessThanOrEqual(24);
      return Array.from({ length: w * h }, (_, i) => `${x + (i % w)} ${y + Math.floor(i / w)}`);
    });
    expect(new Set(cells).size).toBe(cells.length);
    for (const panel of panels)
      if (panel.type !== 'row') expect(new Set(panel.targets.map(({ refId }) => refId)).size).toBe(panel.targets.length);
  });
});

// Without it the closing line of the run says so.
if (PROMTOOL !== undefined)
  describe('promtool', () => {
    it.each([['check rules alerts.yml'], ['test rules alerts.test.yml'], ['check config --syntax-only prometheus.yml']])('%s', (words) => {
      expect(promtool(words.split(' '), { cwd: FOLDER })).toBe('');
    });

    it('reads the scrape config of docs/metrics.md', () => {
      const blocks = page('docs/metrics.md').blocks.filter(({ language }) => language === 'yaml');
      expect(blocks).toHaveLength(1);
      const file = join(temporaryFolder(), 'prometheus.yml');
      for (const block of blocks) writeFileSync(file, block.text);
      expect(promtool(['check', 'config', '--syntax-only', file], { cwd: PROJECT })).toBe('');
    });

    it('finds nothing wrong with the metrics of a running receiver', () => {
      const lines = text.split('\n').filter((line) => /^(?:# \w+ )?wandb_relay_/.test(line));
      expect(promtool(['check', 'metrics'], { cwd: PROJECT, input: `${lines.join('\n')}\n` })).toBe('');
    });

    it('understands every query of the dashboard', () => {
      const rules = expressionsOf(readDashboard()).map((expr, index) => ({ record: `query:number_${index}`, expr }));
      const file = join(temporaryFolder(), 'queries.yml');
      writeFileSync(file, JSON.stringify({ groups: [{ name: 'dashboard', rules }] }));
      expect(promtool(['check', 'rules', file], { cwd: PROJECT })).toBe('');
    });
  });
