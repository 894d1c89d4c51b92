import { describe, expect, it } from 'vitest';
import { approveAndReject } from '../../../receiver/slack/act-buttons.ts';
import { alertMessage, type FullAlert } from '../../../receiver/slack/failure-text.ts';
import { conversationMessage } from '../../../receiver/slack/message.ts';
import { approvalText } from '../../../receiver/slack/rows.ts';
import type { DeliveryView } from '../../../receiver/store/delivery.ts';
import { EXPIRED } from '../../../receiver/store/rules/reasons.ts';
import { firedEvent, THRESHOLD } from './firing-samples.ts';
import {
  approvalView,
  CONTEXT,
  conversationEvent,
  conversationOf,
  deliveryView,
  eventView,
  MINUTE,
  readable,
  T0,
} from './message-samples.ts';

const EVENT = firedEvent(THRESHOLD, { value: 9.1, values: [9.1] });
const WHAT = '<https://forge.coreweave.com/wandb/acme/train/runs/k3v9x2ab|train-78> is 9.10 (alert above 8)';

function stop(more: Partial<DeliveryView> = {}): DeliveryView {
  const request = { kind: 'wandb_stop', entity: 'acme', project: 'train', run: 'k3v9x2ab', is_id: true } as const;
  return deliveryView({ route: 'runaway', target: 'wandb_stop', request, ...more });
}

function shown(deliveries: readonly DeliveryView[], approved = false) {
  const approvals = approved ? [approvalView({ route: 'runaway' })] : [];
  const { blocks, text } = conversationMessage(
    conversationOf([conversationEvent({ event: eventView(EVENT), deliveries, approvals })]),
    CONTEXT,
  );
  return { lines: readable(blocks), text };
}

describe('a message about a run that is to be stopped', () => {
  it('asks whether to stop it, and says what the button does', () => {
    const { lines, text } = shown([stop({ state: 'held', attempts: 0 })], true);

    expect(lines[0]).toBe(`*Approve? loss of ${WHAT}*`);
    expect(lines).toContain('Stops the run');
    expect(text).toBe('Approve? loss of train-78 is 9.10 (alert above 8), by ada. Stops the run');
    const question = { source: 'default', approval: approvalView(), held: [stop()] };
    expect(JSON.stringify(approveAndReject(question).elements)).toContain('"This will stop the run."');
    expect(JSON.stringify(approveAndReject({ ...question, held: [stop(), deliveryView()] }).elements)).toContain(
      'This will run: Stop the run, and 1 more.',
    );
  });

  it.each<[string, Partial<DeliveryView>, string, string]>([
    ['is about to be stopped', { state: 'pending', attempts: 0 }, 'the run is about to be stopped', 'Stop the run'],
    ['was stopped', {}, 'run stopped', 'W&amp;B was asked to stop the run'],
    ['had ended', { reason: 'had ended already (finished)' }, 'run had ended already (finished)', 'The run had ended already (finished)'],
    [
      'was not stopped',
      { state: 'dead', reason: 'there is no run x' },
      'the run was not stopped',
      'The run was not stopped: there is no run x (delivery delivery-1)',
    ],
    [
      'is tried again',
      { state: 'pending', reason: 'W&B answered 502', dueAt: T0 + 10 * MINUTE },
      'stopping the run is being retried',
      'Stopping the run is tried again 2026-11-21 03:10 UTC: W&amp;B answered 502',
    ],
    ['is not', { state: 'cancelled', reason: 'cancelled by ada (U012ADA)' }, 'cancelled by <@U012ADA>', 'The run is not stopped'],
    ['stays', { state: 'cancelled', reason: EXPIRED }, 'expired', 'Nobody approved it in time: the run is not stopped'],
  ])('says that it %s', (_how, more, suffix, second) => {
    const { lines } = shown([stop(more)]);

    expect(lines[0]).toBe(`*loss of ${WHAT} · ${suffix}*`);
    expect(lines[1]).toBe(second);
  });

  it.each<[Partial<DeliveryView>, string]>([
    [{}, 'Run stopped: loss of train-78 is 9.10 (alert above 8). The run was stopped'],
    [
      { reason: 'had ended already (killed)' },
      'Run had ended already: loss of train-78 is 9.10 (alert above 8). The run had ended already (killed)',
    ],
    [{ state: 'dead', reason: 'no key' }, 'Run not stopped: loss of train-78 is 9.10 (alert above 8). The run was not stopped: no key'],
  ])('says it on a lock screen: %j', (more, text) => {
    expect(shown([stop(more)]).text).toBe(text);
  });

  it('lists it beside a workflow', () => {
    const { lines } = shown([stop({ id: 'd2' }), deliveryView({ id: 'd1', route: 'runaway' })]);

    expect(lines).toContain('*Stop the run* (route runaway)');
    expect(lines[lines.indexOf('*Stop the run* (route runaway)') + 1]).toMatch(/^stopped\b/);
  });

  it('asks for both, and in Home', () => {
    const held = [stop({ state: 'held' }), deliveryView({ id: 'd1', route: 'runaway', state: 'held' })];
    expect(shown(held, true).text).toBe('Approve? loss of train-78 is 9.10 (alert above 8), by ada. Starts a workflow and stops the run');
    const waiting = { approval: approvalView({ route: 'runaway' }), event: eventView(EVENT), held, mayApprove: true };
    expect(approvalText(waiting, { githubUrl: 'https://github.com', slackUsers: {} })).toMatch(
      /^starts \*deploy\* in .*; stops the run; route runaway/m,
    );
    expect(approvalText({ ...waiting, held: held.slice(0, 1) }, { githubUrl: 'https://github.com', slackUsers: {} })).toMatch(
      /^stops the run; route runaway/m,
    );
  });
});

describe('an alert about a run', () => {
  const alert: FullAlert = {
    problem: 'not_dispatched',
    target: 'wandb_stop',
    route: 'runaway',
    reason: 'there is no run k3v9x2ab in acme/train',
    subject: { source: 'default', type: 'run_metric', run: 'k3v9x2ab', metric: 'loss', author: 'ada' },
  };
  const context = { githubUrl: 'https://github.com', slackUsers: { ada: 'U012ADA' } };

  it('that was not stopped says why, and mentions the author', () => {
    const { text, blocks } = alertMessage(alert, context);
    expect(text).toBe('NOT STOPPED: run k3v9x2ab. there is no run k3v9x2ab in acme/train');
    expect(readable(blocks)).toEqual([
      '<@U012ADA> *run k3v9x2ab was not stopped*: there is no run k3v9x2ab in acme/train',
      '_route runaway · by ada_',
    ]);
  });

  it('that was stopped in the end is resolved', () => {
    const { text, blocks } = alertMessage({ ...alert, problem: 'resolved', reason: 'W&B was asked to stop it' }, context);
    expect(text).toBe('RESOLVED: run k3v9x2ab. W&amp;B was asked to stop it');
    expect(readable(blocks)[0]).toBe('*Resolved:* *run k3v9x2ab was stopped*: W&amp;B was asked to stop it');
  });
});
