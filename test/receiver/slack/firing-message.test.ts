import { describe, expect, it } from 'vitest';
import { conversationMessage, eventMessage } from '../../../receiver/slack/message.ts';
import { sayPlainly, sentenceOf } from '../../../receiver/slack/sentence.ts';
import { isAlarm } from '../../../receiver/slack/stage.ts';
import type { ConversationEvent } from '../../../receiver/store/conversations.ts';
import type { Condition } from '../../../src/engine/rule.ts';
import type { RelayEvent } from '../../../src/event/event.ts';
import { firedEvent, NONFINITE, SILENT, STALL, stateOf, THRESHOLD, ZSCORE } from './firing-samples.ts';
import { CONTEXT, conversationEvent, conversationOf, deliveryView, eventView, MINUTE, readable, runView, T0 } from './message-samples.ts';

const LINK = '<https://forge.coreweave.com/wandb/acme/train/runs/k3v9x2ab|train-78>';
const CRASHED = stateOf(['failed', 'crashed', 'killed', 'preempted'], { graceMs: 600_000 });
const CHANGE: Condition = {
  kind: 'change',
  metric: 'loss',
  aggregate: undefined,
  window: 1,
  priorWindow: 1,
  comparison: 'increases_by',
  amount: { kind: 'relative', fraction: 0.25 },
};

function shown(event: RelayEvent, more: Partial<ConversationEvent> = {}): ConversationEvent {
  return conversationEvent({ event: eventView(event), deliveries: [], ...more });
}

function firstLine(events: readonly ConversationEvent[]): [line: string | undefined, text: string] {
  const { blocks, text } = conversationMessage(conversationOf(events), CONTEXT);
  const [section] = blocks;
  return [section?.type === 'section' ? section.text?.text.split('\n')[0]?.replace(LINK, 'RUN') : undefined, text];
}

describe('many runs at once', () => {
  const crashes = Array.from({ length: 4 }, (_, i) =>
    shown(firedEvent(CRASHED, { status: i === 3 ? 'failed' : 'crashed' }, { run: { name: `run${i}`, displayName: `train-${i}` } })),
  );
  const lines = (view: Parameters<typeof conversationMessage>[0]) =>
    readable(conversationMessage(view, CONTEXT).blocks).map((line) => line.replaceAll(/<https:[^|>]*\/(\w+)\|([^>]*)>/g, '$2@$1'));

  it('are counted and named, each with its page, and with how many are resolved and how their dispatches stand', () => {
    const burst = [
      { state: 'delivered', run: runView({ status: 'completed', conclusion: 'success' }), count: 38 },
      { state: 'dead', run: null, count: 2 },
    ] as const;
    expect(lines(conversationOf(crashes, { burst, eventCount: 52, resolvedCount: 12 }))).toEqual([
      '*40 runs crashed or failed* in one minute',
      'train-0@run0, train-1@run1, train-2@run2, train-3@run3 and 36 more',
      '12 resolved · dispatches: 2 failed, 38 succeeded',
      '_2026-11-21 03:00 UTC · acme/train · automation watch · each of them: `wandb-relay events`_',
    ]);
    expect(lines(conversationOf(crashes, { burst: [], eventCount: 8, resolvedCount: 4, begunBefore: 2 })).slice(0, 3)).toEqual([
      '*4 more runs crashed or failed* in one minute',
      'train-0@run0, train-1@run1, train-2@run2, train-3@run3',
      'all resolved',
    ]);
  });

  it('of a metric have their values and the limit', () => {
    const alerts = [9.1, 12].map((value, i) =>
      shown(firedEvent(THRESHOLD, { value }, { run: { name: `run${i}`, displayName: `train-${i}` } })),
    );
    expect(lines(conversationOf(alerts, { burst: [], eventCount: 2 })).slice(0, 2)).toEqual([
      '*2 alerts for loss* in one minute (alert above 8)',
      'train-0@run0 9.10, train-1@run1 12',
    ]);
    const nan = shown(firedEvent(NONFINITE, { metric: 'loss', x: 1, value: Number.NaN }));
    expect(lines(conversationOf([nan], { burst: [], eventCount: 3 }))[0]).toBe('*3 runs with NaN or infinity in loss* in one minute');
    expect(lines(conversationOf([shown(firedEvent(SILENT))], { burst: [], eventCount: 3 }))[0]).toBe('*3 silent runs* in one minute');
  });
});

describe('what our own engine found out', () => {
  it.each([
    [
      firedEvent(THRESHOLD, { value: 9.1, values: [9.1] }),
      ':chart_with_upwards_trend: *loss of RUN is 9.10 (alert above 8)*',
      'Alert: loss of train-78 is 9.10 (alert above 8), by ada, step 12,400',
    ],
    [
      firedEvent(CHANGE, { value: 2.3, values: [2.75, 9.1] }),
      ':chart_with_upwards_trend: *loss of RUN went 2.75 → 9.10 (+231 %, alert at +25 %)*',
      'Alert: loss of train-78 went 2.75 → 9.10 (+231 %, alert at +25 %), by ada, step 12,400',
    ],
    [
      firedEvent(ZSCORE, { value: 4.2, values: [2.8, 9.1] }),
      ':chart_with_upwards_trend: *loss of RUN is 9.10 (z-score 4.20, alert above 3)*',
      'Alert: loss of train-78 is 9.10 (z-score 4.20, alert above 3), by ada, step 12,400',
    ],
    [
      firedEvent(NONFINITE, { metric: 'loss', x: 7, value: Number.NaN }),
      ':warning: *loss of RUN is NaN*',
      'Alert: loss of train-78 is NaN, by ada, step 7',
    ],
    [
      firedEvent(NONFINITE, { metric: 'loss', x: 7, value: Infinity }),
      ':warning: *loss of RUN is infinite*',
      'Alert: loss of train-78 is infinite, by ada, step 7',
    ],
    [
      firedEvent(STALL, { value: 0.0003, values: [2.1, 2.1003] }),
      ':chart_with_upwards_trend: *loss of RUN changed by 0.0003 in 50 values (alert below 0.001)*',
      'Alert: loss of train-78 changed by 0.0003 in 50 values (alert below 0.001), by ada, step 12,400',
    ],
    [
      firedEvent({ ...STALL, lessThan: { kind: 'relative', fraction: 0.01 } }, { value: 0.002 }),
      ':chart_with_upwards_trend: *loss of RUN changed by 0.2 % in 50 values (alert below 1 %)*',
      'Alert: loss of train-78 changed by 0.2 % in 50 values (alert below 1 %), by ada, step 12,400',
    ],
    [
      firedEvent(SILENT, { value: 1_860_000 }),
      ':zzz: *Run RUN has logged nothing for 30 min*',
      'Alert: Run train-78 has logged nothing for 30 min, by ada, 1 h 12 min into the run',
    ],
    [
      firedEvent(CRASHED, { status: 'crashed' }),
      ':x: *Run RUN crashed after 1 h 12 min and did not come back within 10 min*',
      'Run crashed after 1 h 12 min and did not come back within 10 min: train-78, by ada',
    ],
    [
      firedEvent(CRASHED, { status: 'killed' }),
      ':octagonal_sign: *Run RUN was killed after 1 h 12 min*',
      'Run was killed after 1 h 12 min: train-78, by ada',
    ],
    [
      firedEvent(CRASHED, { status: 'preempted' }),
      ':black_square_for_stop: *Run RUN was preempted after 1 h 12 min*',
      'Run was preempted after 1 h 12 min: train-78, by ada',
    ],
    [
      firedEvent(stateOf(['finished'], { longerThanMs: 3_600_000 }), { status: 'finished' }),
      ':white_check_mark: *Run RUN finished after 1 h 12 min*',
      'Run finished after 1 h 12 min: train-78, by ada',
    ],
    [firedEvent(stateOf(['running']), { status: 'running' }), ':arrow_forward: *Run RUN is running*', 'Run is running: train-78, by ada'],
  ])('%#', (event, line, text) => {
    expect(firstLine([shown(event)])).toEqual([line, text]);
  });

  it.each([
    [firedEvent(THRESHOLD, { kind: 'resolved', value: 2.9, values: [2.9] }), 'loss of RUN is 2.90 (alert above 8)'],
    [firedEvent(NONFINITE, { kind: 'resolved', metric: 'loss', x: 7, value: 2.9 }), 'loss of RUN is 2.90 again'],
    [firedEvent(STALL, { kind: 'resolved', value: 0.2, values: [2, 2.2] }), 'loss of RUN changes again'],
    [firedEvent(ZSCORE, { kind: 'resolved', value: 1.25, values: [2.8, 2.9] }), 'loss of RUN is 2.90 (z-score 1.25, alert above 3)'],
    [firedEvent(SILENT, { kind: 'resolved' }), 'run RUN logs again'],
    [firedEvent(CRASHED, { kind: 'resolved', status: 'running' }), 'run RUN is running again'],
    [firedEvent(CRASHED, { kind: 'resolved', status: 'finished' }), 'run RUN finished after 1 h 12 min'],
  ])('is resolved: %#', (event, words) => {
    const begun = shown({ ...event, resolved: undefined } as unknown as RelayEvent);
    const [line, text] = firstLine([begun, shown(event)]);
    expect(line).toBe(`:white_check_mark: *Resolved: ${words}*`);
    expect(text.startsWith(`Resolved: ${words.replace('RUN', 'train-78')}`)).toBe(true);
    expect(isAlarm(shown(event))).toBe(false);
  });

  it('says the step and how long the run has been going below, and when it happened', () => {
    const event = firedEvent(THRESHOLD, { value: 9.1, at: Date.UTC(2026, 10, 21, 1) });
    expect(readable(conversationMessage(conversationOf([shown(event)]), CONTEXT).blocks)).toEqual([
      `*loss of ${LINK} is 9.10 (alert above 8)*`,
      'step 12,400 · 1 h 12 min into the run',
      '_by *ada* 2026-11-21 01:00 UTC · acme/train · automation watch_',
    ]);
  });

  it('says how long a condition held that has ended', () => {
    const events = [
      firedEvent(THRESHOLD, { value: 9.1 }),
      firedEvent(THRESHOLD, { kind: 'resolved', value: 2.9, at: T0 + 8 * MINUTE }),
    ].map((event) => shown(event));
    expect(readable(conversationMessage(conversationOf(events), CONTEXT).blocks)[1]).toBe(
      'lasted 8 min · step 12,400 · 1 h 12 min into the run',
    );
  });

  it('begins again: the message is about the latest time, and its dispatch is told with it', () => {
    const [first, resolved, second] = [
      firedEvent(THRESHOLD, { value: 9.1 }),
      firedEvent(THRESHOLD, { kind: 'resolved', value: 2.9 }),
      firedEvent(THRESHOLD, { value: 12 }),
    ].map((event, i) => shown(event, { event: eventView(event, { id: `event-${i}` }) }));
    if (first === undefined || resolved === undefined || second === undefined) throw new Error('three events');
    expect(firstLine([first, resolved, second])[0]).toBe(':chart_with_upwards_trend: *loss of RUN is 12 (alert above 8)*');
    const done = { ...first, deliveries: [deliveryView({ run: runView({ status: 'completed', conclusion: 'success' }) })] };
    expect(firstLine([done])[0]).toBe(':white_check_mark: *loss of RUN is 9.10 (alert above 8) · workflow succeeded*');
    expect(firstLine([done, resolved])[0]).toBe(':white_check_mark: *Resolved: loss of RUN is 2.90 (alert above 8)*');
    const failed = { ...first, deliveries: [deliveryView({ run: runView({ status: 'completed', conclusion: 'failure' }) })] };
    expect(firstLine([failed, resolved])[0]).toBe(':x: *loss of RUN is 9.10 (alert above 8) · workflow failed*');
  });

  it('takes the head of a conversation from what alarms nobody, and is seen in the channel', () => {
    const running = shown(firedEvent(stateOf(['running']), { status: 'running' }, { automation: 'started' }));
    const loss = shown(firedEvent(THRESHOLD, { value: 9.1 }));
    expect(firstLine([running, loss])[0]).toContain('loss of RUN is 9.10');
    expect([running, loss].map(isAlarm)).toEqual([false, true]);
    const ofWandb = shown({ type: 'run_metric', source: 'default', run: 'x', metric: 'loss' });
    expect(isAlarm(ofWandb)).toBe(false);
  });

  it('is a reply that says the same in the thread, and one sentence in lists', () => {
    const event = firedEvent(CRASHED, { kind: 'resolved', status: 'running' });
    const reply = eventMessage(shown(event), conversationOf([shown(event)]), CONTEXT);
    expect(reply.text).toBe('Resolved: run train-78 is running again, by ada');
    expect(sentenceOf(event, sayPlainly)).toBe('Resolved: run train-78 by ada is running again');
    expect(sentenceOf(firedEvent(SILENT), sayPlainly)).toBe('Run train-78 by ada has logged nothing for 30 min');
  });

  it("names a run of W&B's own automations as people named it, once W&B's API has named it", () => {
    const event: RelayEvent = { type: 'run_state', source: 'default', entity: 'acme', project: 'train', run: 'k3v9x2ab', status: 'failed' };
    const named = { run: { name: 'k3v9x2ab', display_name: 'train-78' } };
    expect(firstLine([shown(event, { event: eventView(event, { wandb: named }) })])[0]).toBe(':x: *Run RUN failed*');
    const other = { run: { name: 'other', display_name: 'train-9' } };
    expect(firstLine([shown(event, { event: eventView(event, { wandb: other }) })])[1]).toBe('Run failed: k3v9x2ab');
  });
});
