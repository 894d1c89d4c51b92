import { describe, expect, it } from 'vitest';
import { digestMessage } from '../../../receiver/slack/digest-message.ts';
import { conversationMessage } from '../../../receiver/slack/message.ts';
import { type DigestFacts, readDigestFacts } from '../../../src/digest/facts.ts';
import { DIGEST_FACTS, LATE_FACTS, QUIET_FACTS } from './digest-samples.ts';
import { CONTEXT, conversationEvent, conversationOf, eventView, readable } from './message-samples.ts';
import { slackProblems } from './slack-limits.ts';

const APP = { url: 'https://forge.coreweave.com/wandb' };

const lines = (facts: DigestFacts): string[] =>
  readable(digestMessage(facts, APP).blocks).map((line) => line.replaceAll(/<https:[^|>]*\|([^>]*)>/g, '$1'));

describe('a digest in Slack', () => {
  it('says what happened, what is best and how it changed', () => {
    expect(lines(DIGEST_FACTS)).toEqual([
      '*daily · acme/train* since 2026-11-20 03:00 UTC',
      '*42 runs*: 30 finished · 3 failed · 2 crashed · 1 killed · 6 running',
      '*val/loss*, best 0.291 (was 0.304, −4.28 %), of 12 runs',
      '1. nightly-train-412 0.291 · ada',
      '2. nightly-train-410 0.305 · ada',
      '3. nightly-train-409 0.318 · bob',
      '*val/accuracy*, best 0.913 (as before), of 12 runs',
      '1. nightly-train-412 0.913 · ada',
      '--- data_visualization',
      '*2 promotions*',
      '• resnet50 v12 → production · replaced v11 · by ada',
      '• resnet50 v13 → staging · by bob',
      '*5 runs failed*',
      '• nightly-train-431 failed · ada',
      '• nightly-train-427 crashed · bob',
      '• nightly-train-424 crashed · ada',
      '*1 dispatch failed*',
      '• resnet50 v12 → production in acme/deploy',
      '*9 new versions*: resnet50 v13, resnet50 v12, tokens v40 and 6 more',
      '*Alerts*: loss-too-high 8×, run-died 5×',
      '_until 2026-11-21 03:00 UTC (Europe/Berlin)_',
    ]);
  });

  it('says what is missing, how late it is and what was skipped', () => {
    expect(lines(LATE_FACTS).slice(-2)).toEqual([
      '_Runs are not shown: W&amp;B answered 503 (Service Unavailable)._',
      '_until 2026-11-21 03:00 UTC (Europe/Berlin) · 5 h late · 2 digests before it were skipped; this one has their time as well_',
    ]);
  });

  it('of a day on which nothing happened is short', () => {
    expect(lines(QUIET_FACTS)).toEqual([
      '*daily · acme/train* since 2026-11-20 03:00 UTC',
      'No runs, and nothing else happened.',
      '_until 2026-11-21 03:00 UTC (Europe/Berlin)_',
    ]);
    expect(digestMessage(QUIET_FACTS, APP).text).toBe('Digest daily: nothing happened');
  });

  it('has a chart of the first metric, and the best value so far', () => {
    const [chart] = digestMessage(DIGEST_FACTS, APP).blocks.filter((block) => block.type === 'data_visualization');
    expect(chart).toMatchObject({
      title: 'val/loss, last 12 runs',
      chart: { type: 'line', series: [{ name: 'val/loss' }, { name: 'best so far' }] },
    });
    const best = chart?.chart.series[1]?.data.map(({ value }) => value);
    expect(best).toEqual(best?.toSorted((a, b) => b - a));
  });

  it('is drawn from the body of its event', () => {
    const event = { type: 'digest', source: 'default', automation: 'daily' } as const;
    const drawn = (body: string) =>
      conversationMessage(conversationOf([conversationEvent({ event: eventView(event, { body }), deliveries: [] })]), CONTEXT).text;
    expect(drawn(JSON.stringify(DIGEST_FACTS))).toBe(
      'Digest daily: 42 runs, 5 failed, best val/loss 0.291 (was 0.304, −4.28 %), 2 promotions, 1 dispatch failed',
    );
    expect(drawn('{}')).toBe('The digest daily was made by another version of the relay');
    expect(readDigestFacts('no JSON')).toBeUndefined();
  });

  it('fits into what Slack takes, whatever the names and however much there is', () => {
    const long = '<!channel> *a* :fire: \u202E '.repeat(40);
    const [metric] = DIGEST_FACTS.metrics;
    const [failed] = DIGEST_FACTS.runs?.failed ?? [];
    if (metric === undefined || failed === undefined) throw new Error('the sample has both');
    const run = { run: long, name: long, entity: long, project: long, user: long };
    const huge: DigestFacts = {
      ...DIGEST_FACTS,
      digest: long,
      about: long,
      metrics: Array.from({ length: 5 }, () => ({
        ...metric,
        metric: long,
        top: Array.from({ length: 20 }, () => ({ ...run, value: 1e300 })),
        latest: Array.from({ length: 20 }, () => ({ name: long, value: -1e-300 })),
      })),
      runs: {
        total: 1e6,
        states: { [long]: 1e6 },
        projects: 50,
        isCut: true,
        failed: Array.from({ length: 5 }, () => ({ ...run, state: long })),
      },
      versions: { count: 99, latest: Array.from({ length: 8 }, () => ({ collection: long, version: long })) },
      promotions: {
        count: 99,
        latest: Array.from({ length: 8 }, () => ({ collection: long, version: long, alias: long, replaces: long, by: long })),
      },
      failures: { count: 99, latest: Array.from({ length: 5 }, () => ({ what: long, target: long, url: `https://x/${long}` })) },
      alerts: Array.from({ length: 5 }, () => ({ automation: long, count: 1e6 })),
      notes: Array.from({ length: 9 }, () => long),
    };
    for (const facts of [huge, { ...huge, metrics: huge.metrics.slice(0, 1) }]) {
      const { text, blocks } = digestMessage(facts, APP);
      expect(slackProblems(blocks, { most: 50, text })).toEqual([]);
      expect(text.length).toBeLessThanOrEqual(120);
      expect(JSON.stringify(blocks)).not.toContain('<!channel>');
    }
  });
});
