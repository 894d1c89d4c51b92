import { describe, expect, it } from 'vitest';
import type { SlackMessage } from '../../../receiver/slack/message.ts';
import { conversationMessage } from '../../../receiver/slack/message.ts';
import type { DeliveryView } from '../../../receiver/store/delivery.ts';
import { EVENT_TYPES, type EventType, type RelayEvent } from '../../../src/event/event.ts';
import { approvalView, CONTEXT, conversationEvent, conversationOf, deliveryView, eventView, runView, T0 } from './message-samples.ts';

/** The first line of a message, links as their labels, and its `text`. */
function shown({ text, blocks: [first] }: SlackMessage): [line: string, text: string] {
  const whole = first?.type === 'section' ? (first.text?.text ?? '') : '';
  return [(whole.split('\n')[0] ?? '').replaceAll(/<https[^|]*\|([^>]*)>/g, '$1'), text];
}

const VERSION = { source: 'default', entity: 'acme', project: 'vision', collection: 'resnet50', version: 'v12', author: 'ada' } as const;
const COLLECTION = { source: 'default', entity: 'acme', project: 'vision', collection: 'resnet50', author: 'ada' } as const;
const RUN = { source: 'default', entity: 'acme', project: 'vision', run: 'train-78', author: 'ada' } as const;

const EVENTS: Readonly<Record<EventType, Omit<RelayEvent, 'type'>>> = {
  create_artifact: VERSION,
  link_artifact: { ...VERSION, registry: 'model' },
  unlink_artifact: { ...VERSION, registry: 'model' },
  add_artifact_alias: { ...VERSION, alias: 'production' },
  add_artifact_tag: { ...VERSION, tag: 'good' },
  remove_artifact_tag: { ...VERSION, tag: 'good' },
  add_collection_tag: { ...COLLECTION, tag: 'good' },
  remove_collection_tag: { ...COLLECTION, tag: 'good' },
  run_metric: { ...RUN, metric: 'loss', value: 0.91, threshold: 0.6, comparison: 'above' },
  run_metric_change: { ...RUN, metric: 'loss', values: [2.75, 9.1], value: 9.1, threshold: '25%', comparison: 'increases_by' },
  run_metric_zscore: { ...RUN, metric: 'loss' },
  run_metric_nonfinite: { ...RUN, metric: 'loss', engine: 'relay' },
  run_metric_stall: { ...RUN, metric: 'loss', engine: 'relay' },
  run_silent: { ...RUN, engine: 'relay' },
  run_state: { ...RUN, status: 'failed' },
  weave_metric: { source: 'default', automation: 'drift', metric: 'f1' },
  unknown: VERSION,
};

const ended = (conclusion: string) => runView({ status: 'completed', conclusion, startedAt: T0, endedAt: T0 + 42_000 });

/** What a dispatch can be in, by the state that is stored. `null`: the event has none. */
const STATES = {
  none: null,
  waiting: { state: 'pending', attempts: 0 },
  sending: { state: 'in_flight' },
  retrying: { state: 'pending', attempts: 1, reason: 'HTTP 502' },
  asks: { state: 'held' },
  expected: { run: runView({ status: 'expected' }) },
  queued: { run: runView() },
  running: { run: runView({ status: 'in_progress' }) },
  succeeded: { run: ended('success') },
  failed: { run: ended('failure') },
  'timed out': { run: ended('timed_out') },
  stopped: { run: ended('cancelled') },
  skipped: { run: ended('skipped') },
  missing: { run: runView({ status: 'missing' }) },
  'not followed': { run: runView({ status: 'unknown' }) },
  delivered: {},
  dead: { state: 'dead', reason: '404: gone' },
  rejected: { state: 'cancelled', reason: 'rejected by bob (U012ABC)' },
  expired: { state: 'cancelled', reason: 'nobody approved it in time' },
  cancelled: { state: 'cancelled', reason: 'cancelled by bob (U012ABC)' },
  'cancelled by hand': { state: 'cancelled', reason: 'cancelled by hand' },
  superseded: { state: 'superseded', reason: 'a newer event of the same subject took its place (event-2)' },
} as const satisfies Readonly<Record<string, Partial<DeliveryView> | null>>;

type State = keyof typeof STATES;

function message(type: EventType, state: State, more: Parameters<typeof conversationEvent>[0] = {}, event: Partial<RelayEvent> = {}) {
  const delivery = STATES[state];
  const from = conversationEvent({
    event: eventView({ ...EVENTS[type], type, ...event }),
    deliveries: delivery === null ? [] : [deliveryView(delivery)],
    approvals: state === 'asks' ? [approvalView()] : [],
    ...more,
  });
  return conversationMessage(conversationOf([from]), CONTEXT);
}

const IN = 'deploy in acme/deploy';

describe('a promotion says how it stands', () => {
  it.each<[State, string, string]>([
    ['none', ':bookmark: *resnet50 v12 → production*', 'resnet50 v12 → production, by ada'],
    ['waiting', ':hourglass_flowing_sand: *resnet50 v12 → production waits to be sent*', `Waiting: resnet50 v12 → production. ${IN}`],
    ['sending', ':hourglass_flowing_sand: *resnet50 v12 → production waits to be sent*', `Waiting: resnet50 v12 → production. ${IN}`],
    ['retrying', ':hourglass_flowing_sand: *resnet50 v12 → production is being retried*', `Retrying: resnet50 v12 → production. ${IN}`],
    ['asks', ':raised_hand: *Approve resnet50 v12 → production?*', `Approve? resnet50 v12 → production, by ada. Starts ${IN}`],
    ['expected', ':arrows_counterclockwise: *resnet50 v12 → production is deploying*', `Deploying: resnet50 v12 → production. ${IN}`],
    [
      'queued',
      ':arrows_counterclockwise: *resnet50 v12 → production is deploying*',
      `Deploying: resnet50 v12 → production. ${IN}: run queued`,
    ],
    [
      'running',
      ':arrows_counterclockwise: *resnet50 v12 → production is deploying*',
      `Deploying: resnet50 v12 → production. ${IN}: run in progress`,
    ],
    ['succeeded', ':white_check_mark: *resnet50 v12 is in production*', `Deployed: resnet50 v12 is in production. ${IN} succeeded in 42 s`],
    ['failed', ':x: *resnet50 v12 → production failed*', `Failed: resnet50 v12 → production. ${IN} failed after 42 s`],
    ['timed out', ':x: *resnet50 v12 → production failed*', `Failed: resnet50 v12 → production. ${IN} timed out after 42 s`],
    [
      'stopped',
      ':black_square_for_stop: *resnet50 v12 → production was stopped*',
      `Stopped: resnet50 v12 → production. ${IN} was cancelled after 42 s`,
    ],
    [
      'skipped',
      ':heavy_minus_sign: *resnet50 v12 → production ended without success*',
      `Ended without success: resnet50 v12 → production. ${IN} was skipped`,
    ],
    [
      'missing',
      ':warning: *resnet50 v12 → production was dispatched, but no run appeared*',
      `No run appeared: resnet50 v12 → production. ${IN}`,
    ],
    ['not followed', ':white_check_mark: *resnet50 v12 → production was dispatched*', `Dispatched: resnet50 v12 → production. ${IN}`],
    ['delivered', ':white_check_mark: *resnet50 v12 → production was dispatched*', `Dispatched: resnet50 v12 → production. ${IN}`],
    ['dead', ':x: *resnet50 v12 → production failed*', `Failed: resnet50 v12 → production. ${IN} was not dispatched: 404: gone`],
    [
      'rejected',
      ':no_entry_sign: *resnet50 v12 → production was rejected by <@U012ABC>*',
      `Rejected by bob: resnet50 v12 → production. ${IN}`,
    ],
    ['expired', ':alarm_clock: *resnet50 v12 → production expired*', `Expired: resnet50 v12 → production. ${IN}`],
    [
      'cancelled',
      ':heavy_multiplication_x: *resnet50 v12 → production was cancelled by <@U012ABC>*',
      `Cancelled by bob: resnet50 v12 → production. ${IN}`,
    ],
    [
      'cancelled by hand',
      ':heavy_multiplication_x: *resnet50 v12 → production was cancelled by hand*',
      `Cancelled by hand: resnet50 v12 → production. ${IN}`,
    ],
    [
      'superseded',
      ':heavy_minus_sign: *resnet50 v12 → production was superseded by a newer event*',
      `Superseded by a newer event: resnet50 v12 → production. ${IN}`,
    ],
  ])('%s', (state, line, text) => {
    expect(shown(message('add_artifact_alias', state))).toEqual([line, text]);
  });

  it('asked in another channel', () => {
    expect(shown(message('add_artifact_alias', 'asks', { approvals: [approvalView({ channel: '#approvals' })] }))).toEqual([
      ':hourglass_flowing_sand: *resnet50 v12 → production waits for approval*',
      `Waits for approval: resnet50 v12 → production, by ada. Starts ${IN}`,
    ]);
  });
});

describe('a promotion that another one followed', () => {
  const promotion = { replaced: null, isRollback: false, replacedBy: { version: 'v13', at: T0 } };

  it.each<[State, string, string]>([
    ['none', ':arrow_right: *resnet50 v12 was replaced by v13 in production*', 'Replaced by v13: resnet50 v12 in production, by ada'],
    [
      'succeeded',
      ':arrow_right: *resnet50 v12 was replaced by v13 in production*',
      `Replaced by v13: resnet50 v12 in production. ${IN} succeeded in 42 s`,
    ],
    ['delivered', ':arrow_right: *resnet50 v12 was replaced by v13 in production*', `Replaced by v13: resnet50 v12 in production. ${IN}`],
    [
      'superseded',
      ':heavy_minus_sign: *resnet50 v12 → production was superseded by v13*',
      `Superseded by v13: resnet50 v12 → production. ${IN}`,
    ],
    ['failed', ':x: *resnet50 v12 → production failed*', `Failed: resnet50 v12 → production. ${IN} failed after 42 s`],
    [
      'rejected',
      ':no_entry_sign: *resnet50 v12 → production was rejected by <@U012ABC>*',
      `Rejected by bob: resnet50 v12 → production. ${IN}`,
    ],
    [
      'running',
      ':arrows_counterclockwise: *resnet50 v12 → production is deploying*',
      `Deploying: resnet50 v12 → production. ${IN}: run in progress`,
    ],
  ])('says so once it is over: %s', (state, line, text) => {
    const whole = message('add_artifact_alias', state, { promotion });
    expect(shown(whole)).toEqual([line, text]);
    expect(JSON.stringify(whole.blocks).match(/v13/g)).toHaveLength(1);
  });
});

describe('a rollback', () => {
  const promotion = { replaced: { version: 'v13', since: T0 - 7_200_000 }, isRollback: true, replacedBy: null };

  it.each<[State, string, string]>([
    ['none', ':rewind: *resnet50 production rolled back to v12*', 'Rollback: resnet50 production rolled back to v12, by ada'],
    [
      'asks',
      ':raised_hand: *Approve? resnet50 production rolled back to v12*',
      `Approve? resnet50 production rolled back to v12, by ada. Starts ${IN}`,
    ],
    [
      'waiting',
      ':hourglass_flowing_sand: *resnet50 production rolled back to v12 · waits to be sent*',
      `Waiting: resnet50 production rolled back to v12. ${IN}`,
    ],
    [
      'running',
      ':arrows_counterclockwise: *resnet50 production rolled back to v12 · deploying*',
      `Deploying: resnet50 production rolled back to v12. ${IN}: run in progress`,
    ],
    [
      'succeeded',
      ':rewind: *resnet50 production rolled back to v12 · deployed*',
      `Deployed: resnet50 production rolled back to v12. ${IN} succeeded in 42 s`,
    ],
    [
      'failed',
      ':x: *resnet50 production rolled back to v12 · deployment failed*',
      `Failed: resnet50 production rolled back to v12. ${IN} failed after 42 s`,
    ],
    [
      'rejected',
      ':no_entry_sign: *resnet50 production rolled back to v12 · rejected by <@U012ABC>*',
      `Rejected by bob: resnet50 production rolled back to v12. ${IN}`,
    ],
  ])('says how it stands: %s', (state, line, text) => {
    expect(shown(message('add_artifact_alias', state, { promotion }))).toEqual([line, text]);
  });

  it('that a person asked for in Slack is one, too', () => {
    expect(shown(message('add_artifact_alias', 'none', {}, { rollback: true } as Partial<RelayEvent>))[0]).toContain('rolled back to v12');
  });
});

describe('any other event with a dispatch', () => {
  it.each<[State, string, string]>([
    ['waiting', ':hourglass_flowing_sand: *resnet50 v12 created · waits to be sent*', `Waiting: resnet50 v12 created. ${IN}`],
    ['retrying', ':hourglass_flowing_sand: *resnet50 v12 created · dispatch is being retried*', `Retrying: resnet50 v12 created. ${IN}`],
    ['asks', ':raised_hand: *Approve? resnet50 v12 created*', `Approve? resnet50 v12 created, by ada. Starts ${IN}`],
    ['queued', ':arrows_counterclockwise: *resnet50 v12 created · workflow starting*', `Running: resnet50 v12 created. ${IN}: run queued`],
    [
      'running',
      ':arrows_counterclockwise: *resnet50 v12 created · workflow running*',
      `Running: resnet50 v12 created. ${IN}: run in progress`,
    ],
    [
      'succeeded',
      ':white_check_mark: *resnet50 v12 created · workflow succeeded*',
      `Succeeded: resnet50 v12 created. ${IN} succeeded in 42 s`,
    ],
    ['failed', ':x: *resnet50 v12 created · workflow failed*', `Failed: resnet50 v12 created. ${IN} failed after 42 s`],
    ['dead', ':x: *resnet50 v12 created · dispatch failed*', `Failed: resnet50 v12 created. ${IN} was not dispatched: 404: gone`],
    [
      'stopped',
      ':black_square_for_stop: *resnet50 v12 created · workflow stopped*',
      `Stopped: resnet50 v12 created. ${IN} was cancelled after 42 s`,
    ],
    [
      'skipped',
      ':heavy_minus_sign: *resnet50 v12 created · workflow ended without success*',
      `Ended without success: resnet50 v12 created. ${IN} was skipped`,
    ],
    ['missing', ':warning: *resnet50 v12 created · dispatched, but no run appeared*', `No run appeared: resnet50 v12 created. ${IN}`],
    ['delivered', ':white_check_mark: *resnet50 v12 created · dispatched*', `Dispatched: resnet50 v12 created. ${IN}`],
    ['rejected', ':no_entry_sign: *resnet50 v12 created · rejected by <@U012ABC>*', `Rejected by bob: resnet50 v12 created. ${IN}`],
    ['expired', ':alarm_clock: *resnet50 v12 created · expired*', `Expired: resnet50 v12 created. ${IN}`],
    [
      'cancelled',
      ':heavy_multiplication_x: *resnet50 v12 created · cancelled by <@U012ABC>*',
      `Cancelled by bob: resnet50 v12 created. ${IN}`,
    ],
    [
      'superseded',
      ':heavy_minus_sign: *resnet50 v12 created · superseded by a newer event*',
      `Superseded by a newer event: resnet50 v12 created. ${IN}`,
    ],
  ])('%s', (state, line, text) => {
    expect(shown(message('create_artifact', state))).toEqual([line, text]);
  });
});

describe('each type of event', () => {
  const TYPES: Readonly<Record<EventType, readonly [sign: string, line: string, text: string]>> = {
    create_artifact: [':package:', 'resnet50 v12 created', 'New version: resnet50 v12, by ada'],
    link_artifact: [':link:', 'resnet50 v12 linked to the registry model', 'resnet50 v12 linked to the registry model, by ada'],
    unlink_artifact: [
      ':heavy_minus_sign:',
      'resnet50 v12 unlinked from the registry model',
      'resnet50 v12 unlinked from the registry model, by ada',
    ],
    add_artifact_alias: [':bookmark:', 'resnet50 v12 → production', 'resnet50 v12 → production, by ada'],
    add_artifact_tag: [':label:', 'resnet50 v12 got the tag good', 'resnet50 v12 got the tag good, by ada'],
    remove_artifact_tag: [':label:', 'resnet50 v12 lost the tag good', 'resnet50 v12 lost the tag good, by ada'],
    add_collection_tag: [':label:', 'resnet50 got the tag good', 'resnet50 got the tag good, by ada'],
    remove_collection_tag: [':label:', 'resnet50 lost the tag good', 'resnet50 lost the tag good, by ada'],
    run_metric: [
      ':chart_with_upwards_trend:',
      'loss of train-78 is 0.91 (alert above 0.6)',
      'Alert: loss of train-78 is 0.91 (alert above 0.6), by ada',
    ],
    run_metric_change: [
      ':chart_with_upwards_trend:',
      'loss of train-78 went 2.75 → 9.10 (+231 %, alert at +25 %)',
      'Alert: loss of train-78 went 2.75 → 9.10 (+231 %, alert at +25 %), by ada',
    ],
    run_metric_zscore: [
      ':chart_with_upwards_trend:',
      'loss of train-78 is far from its mean (z-score)',
      'Alert: loss of train-78 is far from its mean (z-score), by ada',
    ],
    run_metric_nonfinite: [
      ':warning:',
      'loss of train-78 is not a finite number',
      'Alert: loss of train-78 is not a finite number, by ada',
    ],
    run_metric_stall: [
      ':chart_with_upwards_trend:',
      'loss of train-78 has stopped changing',
      'Alert: loss of train-78 has stopped changing, by ada',
    ],
    run_silent: [':zzz:', 'Run train-78 logs nothing', 'Alert: Run train-78 logs nothing, by ada'],
    run_state: [':x:', 'Run train-78 failed', 'Run failed: train-78, by ada'],
    weave_metric: [':bell:', 'Weave alert drift fired for f1', 'Weave alert drift fired for f1'],
    unknown: [':grey_question:', 'Unknown event of W&amp;B about resnet50 v12', 'Unknown event of W&amp;B about resnet50 v12, by ada'],
  };

  it.each([...EVENT_TYPES])('is said by itself, and when its dispatch failed: %s', (type) => {
    const [sign, line, text] = TYPES[type];
    expect(shown(message(type, 'none'))).toEqual([`${sign} *${line}*`, text]);
    const suffix = type === 'add_artifact_alias' ? ' failed' : ' · workflow failed';
    expect(shown(message(type, 'failed'))).toEqual([`:x: *${line}${suffix}*`, `Failed: ${line}. ${IN} failed after 42 s`]);
  });

  it.each([
    ['running', ':arrow_forward: *Run train-78 is running*', 'Run is running: train-78, by ada'],
    ['finished', ':white_check_mark: *Run train-78 finished*', 'Run finished: train-78, by ada'],
    ['crashed', ':x: *Run train-78 crashed*', 'Run crashed: train-78, by ada'],
  ])('of a run by its state: %s', (status, line, text) => {
    expect(shown(message('run_state', 'none', {}, { status }))).toEqual([line, text]);
  });
});

it('keeps text within 120 characters, with the state and the thing, however long the names are', () => {
  const long = 'a-very-long-name-of-something-that-goes-on-'.repeat(20);
  for (const type of EVENT_TYPES)
    for (const state of Object.keys(STATES) as State[]) {
      const { text } = message(type, state, {}, {
        collection: long,
        version: 'v12',
        alias: long,
        run: EVENTS[type].run === undefined ? undefined : long,
        tag: long,
        author: long,
      } as Partial<RelayEvent>);
      expect(text.length).toBeLessThanOrEqual(120);
      expect(text).toMatch(/^[A-Z][a-z ]+[:?]|^a-very-long|^Weave|^Unknown|^Rejected by|^Cancelled by|^Superseded by/);
    }
});

it('has a different first line for waiting, running, done and failed, and for the four ways not to happen', () => {
  for (const type of EVENT_TYPES) {
    const states: State[] = ['asks', 'waiting', 'running', 'succeeded', 'failed', 'rejected', 'expired', 'superseded', 'cancelled'];
    expect(new Set(states.map((state) => shown(message(type, state))[0])).size).toBe(states.length);
    expect(new Set(states.map((state) => shown(message(type, state))[1])).size).toBe(states.length);
  }
});
