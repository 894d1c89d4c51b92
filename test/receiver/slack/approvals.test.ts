import { describe, expect, it } from 'vitest';
import { ACTIONS, encodeDecision } from '../../../receiver/slack/actions.ts';
import type { SlackPerson } from '../../stand-ins/slack-interactions.ts';
import { temporaryDatabase } from '../store/temporary-database.ts';
import { ADA, BOB, EVE, type SlackAppInTest, type SlackAppInTestOptions, slackAppInTest, slackInTest } from './slack-app-in-test.ts';

const ASKED = '{ slack: "#ml-deploys" }';

interface Asked {
  readonly eventId: string;
  readonly deliveryId: string;
  readonly value: string;
}

async function askIn(app: SlackAppInTest, version = 'v1', author = 'ada'): Promise<Asked> {
  const { id, deliveries } = await app.event(version, author);
  return { eventId: id, deliveryId: deliveries[0]!, value: encodeDecision({ source: 'default', eventId: id, route: 'deploy' }) };
}

async function asked(options: Omit<Partial<SlackAppInTestOptions>, 'approval'> & { approval?: string; author?: string } = {}) {
  const app = slackAppInTest({ slack: options.slack ?? (await slackInTest()), ...options, approval: options.approval ?? ASKED });
  return { app, ...(await askIn(app, 'v1', options.author)) };
}

/** Presses and waits; what the actor was told. */
async function press(app: SlackAppInTest, by: SlackPerson, action: string, value: string): Promise<string | undefined> {
  expect(await app.from.press(by, action, value)).toEqual({ status: 200, text: '' });
  await app.settled();
  return app.answers().at(-1);
}

async function stateOf({ store }: SlackAppInTest, id: string) {
  return (await store.delivery(id))?.delivery.state;
}

describe('an approval', () => {
  it('lets what is held go, and the log says who', async () => {
    const { app, value, eventId, deliveryId } = await asked();
    const before = app.changes();
    expect(await press(app, BOB, ACTIONS.approve, value)).toBe('Approved: it is sent now.');
    expect(await stateOf(app, deliveryId)).toBe('pending');
    expect(await app.store.approval(eventId, 'deploy')).toMatchObject({
      decision: 'approved',
      decidedBy: 'bob (U0BOB)',
      decidedAt: app.clock.now,
    });
    expect((await app.store.delivery(deliveryId))?.notes.map(({ text }) => text)).toEqual(['approved by bob (U0BOB)']);
    expect(app.changes()).toBe(before + 1);
    expect(app.log.some(({ msg, action, by }) => msg === 'slack: done' && action === ACTIONS.approve && by === BOB.id)).toBe(true);
  });

  it('that is refused stops it', async () => {
    const { app, value, deliveryId } = await asked();
    expect(await press(app, BOB, ACTIONS.reject, value)).toBe('Rejected: nothing is sent.');
    expect(await stateOf(app, deliveryId)).toBe('cancelled');
  });

  it('is given once: whoever comes later hears who was first', async () => {
    const { app, value, deliveryId } = await asked();
    await press(app, BOB, ACTIONS.approve, value);
    expect(await press(app, EVE, ACTIONS.reject, value)).toMatch(/^Too late: bob \(U0BOB\) approved it, <!date\^1800000000\^/);
    expect(await stateOf(app, deliveryId)).toBe('pending');
  });

  it('is told to the actor alone, beside the message', async () => {
    const { app, value } = await asked();
    await press(app, BOB, ACTIONS.approve, value);
    expect(app.slack.calls).toHaveLength(1);
    expect(app.slack.calls[0]?.args).toEqual({ response_type: 'ephemeral', replace_original: false, text: 'Approved: it is sent now.' });
  });

  it('is not taken from another organization in a shared channel, unless the config names who pressed', async () => {
    const stranger = { ...EVE, team: 'T0OTHER' };
    const open = await asked();
    expect(await press(open.app, stranger, ACTIONS.approve, open.value)).toMatch(/^You belong to another organization/);
    expect(await press(open.app, stranger, ACTIONS.reject, open.value)).toMatch(/^You belong to another organization/);
    expect(await stateOf(open.app, open.deliveryId)).toBe('held');
    const named = await asked({ approval: '{ slack: "#ml-deploys", by: [U0EVE] }' });
    expect(await press(named.app, stranger, ACTIONS.approve, named.value)).toBe('Approved: it is sent now.');
  });

  it('holds when the actor cannot be told, and no address to answer at is logged', async () => {
    const failing: typeof fetch = () => Promise.reject(new TypeError('fetch failed: https://hooks.slack.com/actions/T1/2/secret'));
    const { app, value, deliveryId } = await asked({ fetch: failing });
    await press(app, BOB, ACTIONS.approve, value);
    expect(await stateOf(app, deliveryId)).toBe('pending');
    expect(app.log.filter(({ msg }) => msg === 'slack: the response could not be sent')).toHaveLength(1);
    expect(JSON.stringify(app.log)).not.toMatch(/hooks\.slack\.com|responses\//);
  });

  it('comes too late once it has expired', async () => {
    const { app, value, eventId, deliveryId } = await asked({ approval: '{ slack: "#ml-deploys", expires: 1h }' });
    app.clock.now += 3_600_000;
    expect(await press(app, BOB, ACTIONS.approve, value)).toMatch(/^Too late: nobody had decided by <!date\^1800003600/);
    expect(await stateOf(app, deliveryId)).toBe('cancelled');
    expect((await app.store.approval(eventId, 'deploy'))?.decision).toBe('expired');
  });

  it('comes too late once a newer event replaced it', async () => {
    const { app, value, deliveryId } = await asked();
    app.clock.now += 1_000;
    await app.event('v2');
    expect(await press(app, BOB, ACTIONS.approve, value)).toMatch(/^Too late: it was cancelled, or a newer event replaced it/);
    expect(await stateOf(app, deliveryId)).toBe('superseded');
  });

  it('is one, with two receivers on one database', async () => {
    const path = temporaryDatabase();
    const slack = await slackInTest();
    const one = slackAppInTest({ slack, path, approval: ASKED });
    const two = slackAppInTest({ slack, path, approval: ASKED });
    for (let round = 0; round < 10; round += 1) {
      one.clock.now += 1_000;
      two.clock.now = one.clock.now;
      const { value, deliveryId, eventId } = await askIn(one, `v${round}`);
      const [first, second] = round % 2 === 0 ? [one, two] : [two, one];
      await Promise.all([first.from.press(BOB, ACTIONS.approve, value), second.from.press(EVE, ACTIONS.reject, value)]);
      await Promise.all([one.settled(), two.settled()]);
      const told = one.answers().slice(-2);
      expect(told.filter((text) => /^(Approved|Rejected)/.test(text))).toHaveLength(1);
      expect(told.filter((text) => text.startsWith('Too late'))).toHaveLength(1);
      const decision = (await two.store.approval(eventId, 'deploy'))?.decision;
      expect(await stateOf(one, deliveryId)).toBe(decision === 'approved' ? 'pending' : 'cancelled');
      expect(told.some((text) => text.startsWith(decision === 'approved' ? 'Approved' : 'Rejected'))).toBe(true);
    }
  });
});

describe('an approval by named people', () => {
  it('is theirs alone', async () => {
    const { app, value, deliveryId } = await asked({ approval: '{ slack: "#ml-deploys", by: [U0BOB] }' });
    expect(await press(app, EVE, ACTIONS.approve, value)).toBe('Only <@U0BOB> may decide about this.');
    expect(await press(app, EVE, ACTIONS.reject, value)).toBe('Only <@U0BOB> may decide about this.');
    expect(await stateOf(app, deliveryId)).toBe('held');
    expect(await press(app, BOB, ACTIONS.approve, value)).toBe('Approved: it is sent now.');
  });

  it('that was given is shown to everybody who comes later, without asking Slack who they are', async () => {
    const slack = await slackInTest({ userGroups: { S0DEPLOY: ['U0BOB'] } });
    const { app, value } = await asked({ slack, approval: '{ slack: "#ml-deploys", by: [U0BOB, S0DEPLOY] }' });
    await press(app, BOB, ACTIONS.approve, value);
    expect(await press(app, EVE, ACTIONS.approve, value)).toMatch(/^Too late: bob/);
    expect(slack.calls.map(({ method }) => method)).toEqual(['response_url', 'response_url']);
  });

  it('asks Slack who is in a user group, once in five minutes', async () => {
    const slack = await slackInTest({ userGroups: { S0DEPLOY: ['U0BOB'] } });
    const { app, value, deliveryId } = await asked({ slack, approval: '{ slack: "#ml-deploys", by: [S0DEPLOY] }' });
    const lookUps = () => slack.calls.filter(({ method }) => method === 'usergroups.users.list').length;
    expect(await press(app, EVE, ACTIONS.approve, value)).toBe('Only <!subteam^S0DEPLOY> may decide about this.');
    app.clock.now += 299_000;
    await press(app, EVE, ACTIONS.approve, value);
    expect(lookUps()).toBe(1);
    app.clock.now += 2_000;
    expect(await press(app, BOB, ACTIONS.approve, value)).toBe('Approved: it is sent now.');
    expect(lookUps()).toBe(2);
    expect(await stateOf(app, deliveryId)).toBe('pending');
  });

  it('is refused, with what to do, when Slack does not say who is in the group', async () => {
    const scopes = ['chat:write'];
    const { app, value, deliveryId } = await asked({
      slack: await slackInTest({ scopes }),
      approval: '{ slack: "#ml-deploys", by: [S0DEPLOY] }',
    });
    expect(await press(app, BOB, ACTIONS.approve, value)).toMatch(
      /missing_scope.*give the app the scope usergroups:read and install it again/,
    );
    expect(await stateOf(app, deliveryId)).toBe('held');
  });

  it('is asked for again after an outage of Slack', async () => {
    const slack = await slackInTest({ userGroups: { S0DEPLOY: ['U0BOB'] } });
    const { app, value } = await asked({ slack, approval: '{ slack: "#ml-deploys", by: [S0DEPLOY] }' });
    slack.fail({ method: 'usergroups.users.list', status: 503 });
    expect(await press(app, BOB, ACTIONS.approve, value)).toMatch(/cannot tell whether you may.*try again/);
    expect(await press(app, BOB, ACTIONS.approve, value)).toBe('Approved: it is sent now.');
  });

  it('is not for the author where that is not allowed', async () => {
    const { app, value, deliveryId } = await asked({
      approval: '{ slack: "#ml-deploys", by: [U0ADA, U0BOB], allow_self: false }',
      settings: '{ slack_users: { ada: U0ADA } }',
    });
    expect(await press(app, ADA, ACTIONS.approve, value)).toMatch(/^You \(ada in W&amp;B\) caused this event/);
    expect(await stateOf(app, deliveryId)).toBe('held');
    expect(await press(app, ADA, ACTIONS.reject, value)).toBe('Rejected: nothing is sent.');
  });

  it('is not for whoever might be the author', async () => {
    const { app, value, deliveryId } = await asked({ approval: '{ slack: "#ml-deploys", by: [U0ADA, U0BOB], allow_self: false }' });
    expect(await press(app, BOB, ACTIONS.approve, value)).toMatch(/add ada to settings\.slack_users/);
    expect(await stateOf(app, deliveryId)).toBe('held');
  });
});

describe('a button that is not one of ours', () => {
  it.each([
    ['an unknown action', 'relay_format_disk', () => '[]', /does not know this button/],
    ['a value that is no JSON', ACTIONS.approve, () => 'x', /does not know this button/],
    ['a value of another shape', ACTIONS.approve, () => '["default","e"]', /does not know this button/],
    ['a value without end', ACTIONS.approve, () => '['.repeat(2_000), /does not know this button/],
    ['an event that does not exist', ACTIONS.approve, () => '["default","00000000","deploy"]', /no such approval/],
    ['another source', ACTIONS.approve, (value: string) => value.replace('default', 'prod'), /no such approval/],
    ['another route', ACTIONS.approve, (value: string) => value.replace('deploy', 'other'), /no such approval/],
  ])('changes nothing, is logged, and its actor is told: %s', async (_what, action, change, told) => {
    const { app, value, deliveryId } = await asked();
    const before = app.changes();
    expect(await press(app, BOB, action, change(value))).toMatch(told);
    expect(await stateOf(app, deliveryId)).toBe('held');
    expect(app.changes()).toBe(before);
    expect(app.log.some(({ msg, by }) => msg === 'slack: refused' && by === BOB.id)).toBe(true);
  });

  it('is reported when the store fails', async () => {
    const wrap = (store: SlackAppInTest['store']) => ({ ...store, decide: () => Promise.reject(new Error('database is locked')) });
    const { app, value } = await asked({ wrap });
    expect(await press(app, BOB, ACTIONS.approve, value)).toMatch(/cannot read or write its store/);
    expect(app.log).toContainEqual(expect.objectContaining({ msg: 'slack: the store failed', error: 'database is locked' }));
  });

  it('is a link: its press is only acknowledged', async () => {
    const { app } = await asked();
    expect(await press(app, BOB, ACTIONS.openRun, '')).toBeUndefined();
    expect(app.slack.calls).toEqual([]);
  });
});
