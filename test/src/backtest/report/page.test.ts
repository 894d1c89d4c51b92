import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { backtestHtml } from '../../../../src/backtest/report/page.ts';
import type { Backtest } from '../../../../src/backtest/result.ts';
import { backtestJson } from '../../../../src/backtest/result-json.ts';
import type { Rule } from '../../../../src/engine/rule.ts';
import { startEvaluation } from '../../../../src/engine/start-evaluation.ts';
import { runBacktest } from '../../../../src/history/run-backtest.ts';
import { FakeReader, type FakeRun, runOf } from '../../history/fake-reader.ts';
import { above, DAY_MS, ruleOf } from '../rules.ts';

const NOW = Date.parse('2026-11-27T09:00:00Z');
const EVIL = `<script>alert(1)</script>"'&\u202e\u0000`;

async function backtestOf(runs: readonly FakeRun[], rules: readonly Rule[]): Promise<Backtest> {
  const filter = { matches: () => true, server: undefined, fields: [] };
  const subjects = rules.map((rule) => ({ rule, isEnabled: true, scope: `project ${EVIL}`, filter, skipped: undefined }));
  const tried = await runBacktest(subjects, new FakeReader({ 'acme/train': runs }), {
    startEvaluation,
    since: NOW - 30 * DAY_MS,
    maxRuns: 500,
    timeLimitMs: 1,
    signal: new AbortController().signal,
    isBrief: false,
    cache: undefined,
    appUrl: 'https://app.example',
    now: () => NOW,
    sleep: async () => undefined,
  });
  if (!tried.ok) throw new Error(tried.error);
  return tried.value;
}

function runWith(name: string, loss: readonly number[], day = 1): FakeRun {
  const heartbeatAt = NOW - day * DAY_MS;
  const changes = { displayName: `${EVIL} ${name}`, username: EVIL, createdAt: heartbeatAt - 60_000 * loss.length, heartbeatAt };
  return { run: runOf(name, { ...changes, lastStep: loss.length - 1, loggedMetrics: new Set(['loss']) }), metrics: { loss: () => loss } };
}

const wave = Array.from({ length: 5_000 }, (_, i) => 5 + 4 * Math.sin(i / 400));
const pageOf = (backtest: Backtest) => backtestHtml(backtest, { entity: EVIL, namespace: EVIL });

describe('the report', () => {
  it('loads nothing and runs nothing, and its policy allows nothing but its own style sheet', async () => {
    const page = pageOf(await backtestOf([runWith('r1', wave)], [ruleOf(above(8))]));
    const style = /<style>([\s\S]*?)<\/style>/.exec(page)?.[1] ?? '';
    const policy = /http-equiv="Content-Security-Policy" content="([^"]+)"/.exec(page)?.[1] ?? '';
    expect(policy).toContain('default-src &#39;none&#39;');
    expect(policy).toContain(`sha256-${createHash('sha256').update(style).digest('base64')}`);
    expect(page).not.toMatch(/<script|<link|<img|<iframe|@import|url\(|src=| style=|javascript:| on[a-z]+=/i);
    // The only addresses are those of runs, behind a click.
    const addresses = [...page.matchAll(/https?:\/\/[^\s"<]+/g)].map(([address]) => address);
    expect(addresses.every((address) => address.startsWith('https://app.example/acme/train/runs/'))).toBe(true);
  });

  it('shows names from W&B and from the config as text', async () => {
    const names = { name: EVIL, key: EVIL };
    const metric = { metric: EVIL };
    const page = pageOf(await backtestOf([runWith('r1', wave)], [ruleOf(above(8), names), ruleOf(above(1, metric), names)]));
    expect(page).not.toContain('<script>');
    expect([page.includes('\u202e'), page.includes('\u0000')]).toEqual([false, false]);
    expect(page).toContain('&lt;script&gt;alert(1)&lt;/script&gt;&quot;&#39;&amp;\\u202e\\u0000');
  });

  it('draws the metric, the limit and the firing of a run, and describes the drawing', async () => {
    const page = pageOf(await backtestOf([runWith('r1', wave)], [ruleOf(above(8, { aggregate: 'average', window: 5 }))]));
    for (const part of ['class="raw"', 'class="logged"', 'class="limit"', 'class="fired"', 'class="beyond"', '>limit 8<'])
      expect(page).toContain(part);
    expect(page).toMatch(/<svg [^>]*role="img" aria-label="average of 5 values of loss of [^"]*fired at step [^"]*"/);
  });

  it('says what was found, in one sentence for each automation', async () => {
    const text = pageOf(await backtestOf([runWith('r1', wave), runWith('r2', [1, 2])], [ruleOf(above(8))])).replace(/<[^>]+>/g, '');
    expect(text).toContain('Would have fired twice, on 1 of 2 runs in 30 days.');
    expect(text).not.toMatch(/undefined|NaN%|\[object/);
  });

  it('stays small however many runs and points there are', async () => {
    const runs = Array.from({ length: 300 }, (_, i) => runWith(`r${i}`, wave, i / 12));
    const page = pageOf(await backtestOf(runs, [ruleOf(above(8))]));
    expect(Buffer.byteLength(page)).toBeLessThan(200_000);
    expect(page).toContain('400 older firings more: see the JSON.');
  });

  it('says what was left out', async () => {
    const found = await backtestOf([runWith('r1', wave)], [ruleOf(above(8))]);
    expect(pageOf({ ...found, leftOut: ['83 runs were left out'] })).toContain(
      '<b>Not everything was read</b><ul><li>83 runs were left out</li></ul>',
    );
    expect(pageOf(found)).not.toContain('Not everything was read');
  });

  it('has an automation that could not be simulated, one without runs, and one that never fired', async () => {
    const silent = ruleOf({ kind: 'silent', forMs: 60_000 });
    const page = pageOf(await backtestOf([runWith('r1', [1, 2, 3])], [silent, ruleOf(above(8))]));
    expect(page).toContain('Not simulated: W&amp;B keeps no record');
    expect(page).toContain('Would not have fired on any of 1 run in 30 days.');
    expect(pageOf(await backtestOf([], [ruleOf(above(8))]))).toContain('No runs in 30 days that it is about.');
  });
});

describe('the JSON', () => {
  it('has the keys of version 1, and the number that was compared', async () => {
    const found = await backtestOf(
      [runWith('r1', [1, 2, 10, 12]), runWith('r2', [1])],
      [ruleOf(above(8, { aggregate: 'average', window: 2 }))],
    );
    const at = new Date(NOW - DAY_MS - 60_000).toISOString();
    expect(backtestJson(found)).toMatchObject({
      version: 1,
      since: '2026-10-28T09:00:00.000Z',
      automations: [{ name: 'one', runs: 2, runs_with_metric: 2, runs_fired: 1, firings: [{ run: 'r1', step: 3, value: 11, at }] }],
    });
  });

  it('is JSON for values that JSON does not have', async () => {
    const found = await backtestOf([runWith('r1', [1, Number.NaN])], [ruleOf({ kind: 'nonfinite', metrics: 'loss' })]);
    const read = JSON.parse(JSON.stringify(backtestJson(found))) as { automations: { firings: object[]; not_finite: object }[] };
    expect(read.automations[0]?.firings).toMatchObject([{ run: 'r1', step: 1, value: 'NaN', margin: null }]);
    expect(read.automations[0]?.not_finite).toEqual({ values: 1, runs: 1 });
  });
});
