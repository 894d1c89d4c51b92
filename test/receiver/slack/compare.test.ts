import { describe, expect, it } from 'vitest';
import { compareText, trainedBy } from '../../../receiver/slack/compare.ts';
import { conversationMessage } from '../../../receiver/slack/message.ts';
import type { JsonObject } from '../../../src/lib/json.ts';
import {
  ALIAS_EVENT,
  approvalView,
  CONTEXT,
  conversationEvent,
  conversationOf,
  deliveryView,
  eventView,
  readable,
} from './message-samples.ts';
import { slackProblems } from './slack-limits.ts';

const METRICS: JsonObject = {
  'val/loss': { before: 0.412, now: 0.398 },
  accuracy: { before: 0.931, now: 0.942 },
  f1: { before: 0.91512, now: 0.91514 },
  epochs: { before: 10, now: 10 },
  recall: { before: null, now: 0.5 },
  wer: { before: 0.1, now: null },
  'train/a_very_long_name_of_a_metric': { before: 12_345, now: 'NaN' },
};
const WANDB: JsonObject = {
  run: {
    name: 'r1',
    display_name: 'sweet-sweep-9',
    user: 'ada',
    duration_seconds: 3_600,
    url: 'https://forge.coreweave.com/wandb/acme/vision/runs/r1',
    summary: { accuracy: 0.942 },
  },
  replaced: { version: 'v11', metrics: METRICS },
};
const textOf = (named?: string[], wandb: JsonObject = WANDB) => compareText({ version: 'v12' }, wandb, named)?.split('\n');

describe('a comparison', () => {
  it('shows the metrics of both versions below each other, and how much they changed', () => {
    expect(textOf()).toEqual([
      '```',
      '          v11       v12',
      'val/loss  0.412   → 0.398    −3.4 %',
      'accuracy  0.931   → 0.942    +1.18 %',
      'f1        0.91512 → 0.91514  +0.00219 %',
      'epochs    10      → 10       same',
      '```',
    ]);
  });

  it('shows the metrics that the config names, in its order, and what only one version has', () => {
    expect(textOf(['recall', 'wer', 'nothing', 'train/a_very_long_name_of_a_metric'])?.slice(2, -1)).toEqual([
      'recall          –      → 0.5  new',
      'wer             0.1    → –    gone',
      '…e_of_a_metric  12,345 → NaN',
    ]);
  });

  it('is none where nothing is known of both', () => {
    const unknown: (JsonObject | undefined)[] = [
      undefined,
      {},
      { replaced: {} },
      { replaced: { metrics: {} } },
      { replaced: { metrics: { a: 1 } } },
    ];
    for (const wandb of unknown) expect(compareText({ version: 'v12' }, wandb)).toBeUndefined();
    expect(textOf(['nothing'])).toBeUndefined();
  });

  it('lets no name out of its block', () => {
    const metrics = { 'a```<!channel>&b': { before: 1, now: 2 } };
    const text = textOf(undefined, { replaced: { version: '<!here>`', metrics } })?.join('\n') ?? '';
    expect(text.slice(3, -3)).not.toMatch(/[`<>]/);
    expect(text).toContain('&amp;b');
  });
});

describe('who trained a version', () => {
  it('is the user of its run, with the run and its time', () => {
    const run = '<https://forge.coreweave.com/wandb/acme/vision/runs/r1|sweet-sweep-9>';
    expect(trainedBy(WANDB)).toBe(`Trained by ada in ${run} · 1 h`);
    expect(trainedBy(WANDB, () => '<@U1>')).toContain('by <@U1> in');
    expect(trainedBy({ run: { name: 'r1' } })).toBe('Trained in r1');
    expect([trainedBy({}), trainedBy(null), trainedBy({ run: {} })]).toEqual([undefined, undefined, undefined]);
  });
});

describe('a question', () => {
  const held = (route: string) => deliveryView({ id: `d-${route}`, route, state: 'held' });
  const asking = (wandb: JsonObject, ...routes: string[]) =>
    conversationMessage(
      conversationOf([
        conversationEvent({
          event: eventView(ALIAS_EVENT, { wandb }),
          deliveries: routes.map(held),
          approvals: routes.map((route) => approvalView({ route, ...(route === 'named' ? { compare: ['f1'] } : {}) })),
        }),
      ]),
      CONTEXT,
    );

  it('shows the comparison and who trained the version, instead of the metrics of the new one alone', () => {
    const { blocks, text } = asking(WANDB, 'deploy');
    expect(slackProblems(blocks, { text })).toEqual([]);
    const lines = readable(blocks);
    expect(lines).toContain('val/loss  0.412   → 0.398    −3.4 %');
    expect(lines.filter((line) => /Trained by ada/.test(line))).toHaveLength(1);
    expect(lines.some((line) => line.includes('*accuracy*'))).toBe(false);
    expect(readable(asking({ run: { summary: { accuracy: 0.942 } } }, 'deploy').blocks)).toContain('*accuracy* 0.942');
  });

  it('shows it once for all routes that compare the same', () => {
    const count = (...routes: string[]) => readable(asking(WANDB, ...routes).blocks).filter((line) => line === '```').length / 2;
    expect([count('deploy'), count('deploy', 'other'), count('deploy', 'other', 'named')]).toEqual([1, 1, 2]);
  });
});
