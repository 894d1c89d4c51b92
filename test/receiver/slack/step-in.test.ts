import { describe, expect, it } from 'vitest';
import { ACTIONS, encodeDispatchAgain, encodeMute, type MuteTime } from '../../../receiver/slack/actions.ts';
import type { SlackPerson } from '../../stand-ins/slack-interactions.ts';
import { bury, claim, succeed } from '../store/samples.ts';
import { temporaryDatabase } from '../store/temporary-database.ts';
import { ADA, BOB, EVE, type SlackAppInTest, type SlackAppInTestOptions, slackAppInTest, slackInTest } from './slack-app-in-test.ts';

const HOUR = 3_600_000;

/** An app with one delivery that is dead. */
async function dead(options: Partial<SlackAppInTestOptions> = {}) {
  const app = slackAppInTest({ slack: await slackInTest(), ...options });
  const { id, deliveries } = await app.event('v1');
  const deliveryId = deliveries[0]!;
  await app.store.approve([deliveryId], app.clock.now);
  for (const claimed of await claim(app.store, app.clock.now)) await bury(app.store, claimed, app.clock.now);
  return { app, eventId: id, deliveryId, button: await buttonOf(app, deliveryId) };
}

async function buttonOf({ store }: SlackAppInTest, deliveryId: string): Promise<string> {
  const { updatedAt } = (await store.delivery(deliveryId))!.delivery;
  return encodeDispatchAgain({ source: 'default', deliveryId, updatedAt });
}

async function press(app: SlackAppInTest, by: SlackPerson, value: string): Promise<string | undefined> {
  await app.from.press(by, ACTIONS.dispatchAgain, value);
  await app.settled();
  return app.answers().at(-1);
}

async function choose(app: SlackAppInTest, by: SlackPerson, deliveryId: string, time: MuteTime): Promise<string | undefined> {
  await app.from.choose(by, ACTIONS.mute, encodeMute({ source: 'default', deliveryId, time }));
  await app.settled();
  return app.answers().at(-1);
}

async function stateOf({ store }: SlackAppInTest, id: string) {
  return (await store.delivery(id))?.delivery.state;
}

describe('"Run again"', () => {
  it('sends it once more, and the log says who asked', async () => {
    const { app, deliveryId, button } = await dead();
    app.clock.now += 1_000;
    const before = app.changes();
    expect(await press(app, BOB, button)).toBe('It is sent again, with the same id.');
    expect(await stateOf(app, deliveryId)).toBe('pending');
    expect((await app.store.delivery(deliveryId))?.notes.map(({ text }) => text)).toContain('replayed by bob (U0BOB) in Slack');
    expect(app.changes()).toBe(before + 1);
  });

  it('does so once when it is pressed twice', async () => {
    const { app, deliveryId, button } = await dead();
    app.clock.now += 1_000;
    await Promise.all([app.from.press(BOB, ACTIONS.dispatchAgain, button), app.from.press(EVE, ACTIONS.dispatchAgain, button)]);
    await app.settled();
    expect(app.answers().filter((text) => text.startsWith('It is sent again'))).toHaveLength(1);
    expect(app.answers().filter((text) => text.startsWith('Not sent again'))).toHaveLength(1);
    expect((await app.store.delivery(deliveryId))?.notes.filter(({ text }) => text.startsWith('replayed'))).toHaveLength(1);
  });

  it('does so once with two receivers, and not from an old message once it was sent again', async () => {
    const path = temporaryDatabase();
    const { app, deliveryId, button } = await dead({ path });
    const other = slackAppInTest({ slack: app.slack, path });
    app.clock.now += 1_000;
    other.clock.now = app.clock.now;
    await Promise.all([app.from.press(BOB, ACTIONS.dispatchAgain, button), other.from.press(EVE, ACTIONS.dispatchAgain, button)]);
    await Promise.all([app.settled(), other.settled()]);
    for (const claimed of await claim(app.store, app.clock.now)) await succeed(app.store, claimed, app.clock.now);
    expect(await stateOf(app, deliveryId)).toBe('delivered');
    expect(await press(app, BOB, button)).toBe('Not sent again: it has changed since: look at it again.');
    expect(await stateOf(app, deliveryId)).toBe('delivered');
    expect((await app.store.delivery(deliveryId))?.notes.filter(({ text }) => text.startsWith('replayed'))).toHaveLength(1);
  });

  it('is for operators, where they are named', async () => {
    const slack = await slackInTest({ userGroups: { S0OPS: ['U0ADA'] } });
    const { app, deliveryId, button } = await dead({ slack, settings: '{ slack_operators: [U0BOB, S0OPS] }' });
    expect(await press(app, EVE, button)).toBe('Only <@U0BOB>, <!subteam^S0OPS> may do this (settings.slack_operators).');
    expect(await stateOf(app, deliveryId)).toBe('dead');
    expect(await press(app, ADA, button)).toBe('It is sent again, with the same id.');
  });

  it('is for those who may approve, where an approval names them', async () => {
    const { app, deliveryId, button } = await dead({ approval: '{ slack: "#ml-deploys", by: [U0BOB] }' });
    expect(await press(app, EVE, button)).toBe('Only <@U0BOB> may replay what they approve.');
    expect(await stateOf(app, deliveryId)).toBe('dead');
    expect(await press(app, BOB, button)).toBe('It is sent again, with the same id.');
  });

  it.each([
    ['no JSON', () => 'x', /does not know this button/],
    ['another shape', () => '["default","d","soon"]', /does not know this button/],
    ['a delivery that does not exist', () => '["default","none",1]', /no such delivery/],
    ['another source', (button: string) => button.replace('default', 'prod'), /no such delivery/],
  ])('changes nothing when its value is %s', async (_what, change, told) => {
    const { app, deliveryId, button } = await dead();
    expect(await press(app, BOB, change(button))).toMatch(told);
    expect(await stateOf(app, deliveryId)).toBe('dead');
  });
});

describe('"Mute"', () => {
  it.each([
    ['1h', HOUR],
    ['24h', 24 * HOUR],
    ['7d', 168 * HOUR],
  ] as const)('stops messages of the route about the subject for %s', async (time, ms) => {
    const { app, deliveryId, eventId } = await dead();
    const subjectKey = (await app.store.event(eventId))?.subjectKey;
    expect(await choose(app, BOB, deliveryId, time)).toMatch(/^Route deploy posts nothing about this subject until <!date/);
    const until = app.clock.now + ms;
    expect(await app.store.mutes(app.clock.now)).toEqual([{ route: 'deploy', subjectKey, until, by: 'bob (U0BOB)' }]);
  });

  it('ends it again', async () => {
    const { app, deliveryId } = await dead();
    await choose(app, BOB, deliveryId, '7d');
    expect(await choose(app, EVE, deliveryId, 'off')).toBe('Route deploy posts messages about this subject again.');
    expect(await app.store.mutes(app.clock.now)).toEqual([]);
  });

  it('is for operators, where they are named', async () => {
    const { app, deliveryId } = await dead({ settings: '{ slack_operators: [U0BOB] }' });
    expect(await choose(app, EVE, deliveryId, '1h')).toBe('Only <@U0BOB> may do this (settings.slack_operators).');
    expect(await app.store.mutes(app.clock.now)).toEqual([]);
  });

  it('changes nothing when its value is not one of ours', async () => {
    const { app, deliveryId } = await dead();
    await app.from.choose(BOB, ACTIONS.mute, JSON.stringify(['default', deliveryId, '100y']));
    await app.from.choose(BOB, ACTIONS.mute, JSON.stringify(['prod', deliveryId, '1h']));
    await app.settled();
    expect(app.answers().sort()).toEqual([expect.stringMatching(/no such delivery/), expect.stringMatching(/does not know this button/)]);
    expect(await app.store.mutes(app.clock.now)).toEqual([]);
  });
});
