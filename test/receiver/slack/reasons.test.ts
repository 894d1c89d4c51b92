import { describe, expect, it } from 'vitest';
import { votesWords } from '../../../receiver/slack/act-buttons.ts';
import { ACTIONS, encodeDecision } from '../../../receiver/slack/actions.ts';
import { decisionWords } from '../../../receiver/slack/approval-part.ts';
import { nudgeReplies, nudgeText } from '../../../receiver/slack/nudge-text.ts';
import { Mentions } from '../../../receiver/slack/people.ts';
import type { SlackPerson } from '../../stand-ins/slack-interactions.ts';
import { ALIAS_EVENT, approvalView, MINUTE, T0 } from './message-samples.ts';
import { ADA, BOB, EVE, type SlackAppInTestOptions, slackAppInTest, slackInTest } from './slack-app-in-test.ts';

async function asked(options: Partial<SlackAppInTestOptions> = {}) {
  const slack = options.slack ?? (await slackInTest());
  const app = slackAppInTest({ approval: '{ slack: "#ml-deploys" }', ...options, slack });
  const { id, deliveries } = await app.event('v1');
  const value = encodeDecision({ source: 'default', eventId: id, route: 'deploy' });
  const press = async (by: SlackPerson, action: string) => {
    const answer = await app.from.press(by, action, value);
    await app.settled();
    expect(answer).toEqual({ status: 200, text: '' });
  };
  const form = (by: SlackPerson) => slack.views(by.id).at(-1)!;
  const approval = async () => (await app.store.approval(id, 'deploy'))!;
  return { app, slack, press, form, approval, deliveryId: deliveries[0]! };
}

describe('a rejection with a reason', () => {
  it('is asked for in a form, kept, noted and shown', async () => {
    const { app, press, form, approval, deliveryId } = await asked();
    await press(BOB, ACTIONS.rejectWithReason);
    expect(form(BOB).view).toMatchObject({ type: 'modal', title: { text: 'Reject' }, submit: { text: 'Reject' } });
    expect(JSON.stringify(form(BOB).view)).toContain('*ada* gave *resnet50* *v1* the alias *production*');
    expect(await approval()).toMatchObject({ decision: null });
    expect(app.answers()).toEqual([]);

    expect(await app.from.submit(BOB, form(BOB), { reason: ' wrong\ndata \u202e<!here> ' })).toEqual({ status: 200, text: '' });
    expect(await approval()).toMatchObject({ decision: 'rejected', decidedBy: 'bob (U0BOB)', reason: 'wrong data <!here>' });
    expect((await app.store.delivery(deliveryId))?.delivery).toMatchObject({
      state: 'cancelled',
      reason: 'rejected by bob (U0BOB): wrong data <!here>',
    });
    expect(decisionWords(await approval(), false, new Mentions({}))).toMatch(/ rejected <!date[^>]*> “wrong data &lt;!here&gt;”$/);
  });

  it('needs none', async () => {
    const { app, press, form, approval } = await asked();
    await press(BOB, ACTIONS.rejectWithReason);
    await app.from.submit(BOB, form(BOB));
    expect(await approval()).toMatchObject({ decision: 'rejected' });
    expect(await approval()).not.toHaveProperty('reason');
  });

  it('keeps no secret that somebody wrote into it', async () => {
    const { app, slack, press, form, approval } = await asked();
    await press(BOB, ACTIONS.approveWithReason);
    await app.from.submit(BOB, form(BOB), { reason: `look: ${slack.botToken}` });
    expect((await approval()).reason).not.toContain(slack.botToken);
    expect((await approval()).decision).toBe('approved');
  });

  it('is for those who may decide: before the form opens, and when it is sent', async () => {
    const { app, slack, press, form, approval } = await asked({ approval: '{ slack: "#ml-deploys", by: [U0BOB] }' });
    await press(EVE, ACTIONS.rejectWithReason);
    expect(app.answers()).toEqual(['Only <@U0BOB> may decide about this.']);
    expect(slack.views(EVE.id)).toEqual([]);

    await press(BOB, ACTIONS.rejectWithReason);
    const answer = await app.from.submit(EVE, form(BOB), { reason: 'mine' });
    expect(JSON.parse(answer.text)).toMatchObject({ response_action: 'update', view: { title: { text: 'Not done' } } });
    expect(answer.text).toContain('Only <@U0BOB> may decide about this.');
    expect((await approval()).decision).toBeNull();
  });

  it('that comes too late says who was first', async () => {
    const { app, press, form } = await asked();
    await press(BOB, ACTIONS.rejectWithReason);
    await press(EVE, ACTIONS.approve);
    expect((await app.from.submit(BOB, form(BOB))).text).toContain('Too late: eve (U0EVE) approved it');
    await press(ADA, ACTIONS.rejectWithReason);
    expect(app.answers().at(-1)).toMatch(/^Too late: eve/);
  });

  it('changes nothing where Slack does not open the form', async () => {
    const { app, slack, press, approval } = await asked();
    slack.fail({ method: 'views.open', error: 'expired_trigger_id' });
    await press(BOB, ACTIONS.rejectWithReason);
    expect(app.answers()).toEqual(['Slack did not open the form in time. Nothing was changed: press the button again.']);
    expect((await approval()).decision).toBeNull();
  });
});

describe('two approvals', () => {
  const options = { approval: '{ slack: "#ml-deploys", approvals: 2 }', settings: '{ slack_users: { bob: U0BOB } }' };

  it('are counted once for each person, in Slack and outside alike', async () => {
    const { app, press, approval, deliveryId } = await asked(options);
    await press(BOB, ACTIONS.approve);
    expect(app.answers().at(-1)).toBe('Your approval counts (1 of 2): it is sent when one more person approves.');
    await press(BOB, ACTIONS.approve);
    expect(app.answers().at(-1)).toBe('bob (U0BOB) has approved it already, and each person counts once (1 of 2). Nothing was changed.');
    const outside = await app.store.approve([deliveryId], app.clock.now, { by: 'bob, by the command line', persons: ['bob'] });
    expect(outside).toMatchObject([{ done: false }]);
    expect(votesWords(await approval(), new Mentions({}))).toBe('1 of 2 approvals: <@U0BOB>');
    await press(EVE, ACTIONS.approve);
    expect(app.answers().at(-1)).toBe('Approved: it is sent now.');
    expect(await approval()).toMatchObject({ decision: 'approved', decidedBy: 'bob (U0BOB), eve (U0EVE)' });
    expect(decisionWords(await approval(), false, new Mentions({}))).toMatch(/^<@U0BOB> and <@U0EVE> approved /);
  });
});

describe('a reminder', () => {
  const event = ALIAS_EVENT;
  const approval = approvalView({ by: ['U0BOB', 'U0EVE', 'S0OPS'], approvals: 2, votes: [{ by: 'bob', persons: ['u0bob'], at: T0 }] });

  it('mentions those who have not decided', () => {
    expect(nudgeText({ kind: 'remind', approval, event })).toBe(
      ':alarm_clock: <@U0EVE> <!subteam^S0OPS> *Approval is still needed*: *ada* gave *resnet50* *v12* the alias *production* ' +
        '(1 of 2 approvals, route deploy). It expires ' +
        '<!date^1795316400^{date_short_pretty} at {time}|2026-11-22 03:00 UTC>, and then nothing is sent.',
    );
    expect(nudgeText({ kind: 'remind', approval: approvalView(), event })).toMatch(
      /^:alarm_clock: \*Approval is still needed\*: .* \(route deploy\)/,
    );
  });

  it('of somebody else mentions them alone', () => {
    const text = nudgeText({ kind: 'escalate', approval: { ...approval, escalate: { afterMs: MINUTE, to: 'S0LEADS' } }, event });
    expect(text).toMatch(/^:raised_hand: <!subteam\^S0LEADS> \*Approval is still needed\*.*You may decide, too/);
    expect(text).not.toContain('U0EVE');
  });

  it('is a reply below the question, whatever is muted', () => {
    const conversations = [{ key: 'talk', channel: '#ml-deploys' }];
    expect(nudgeReplies({ newId: () => 'n1' })({ kind: 'remind', approval, event, conversations })).toMatchObject([
      { id: 'n1', orderKey: 'talk', request: { kind: 'slack_reply', conversation: 'talk' }, conversation: { canMute: false } },
    ]);
  });
});
