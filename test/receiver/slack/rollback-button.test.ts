import { describe, expect, it } from 'vitest';
import { rollbackButton, runAgainButton } from '../../../receiver/slack/act-buttons.ts';
import { ACTIONS, encodeRollback } from '../../../receiver/slack/actions.ts';
import { conversationMessage } from '../../../receiver/slack/message.ts';
import { reportOf } from '../store/conversation-samples.ts';
import { claim, succeed } from '../store/samples.ts';
import {
  ALIAS_EVENT,
  CONTEXT,
  conversationEvent,
  conversationOf,
  deliveryView,
  eventView,
  MINUTE,
  runView,
  T0,
} from './message-samples.ts';
import { BOB, EVE, type SlackAppInTest, type SlackAppInTestOptions, slackAppInTest, slackInTest } from './slack-app-in-test.ts';

const failed = deliveryView({ run: runView({ status: 'completed', conclusion: 'failure', endedAt: T0 + 9 * MINUTE }) });
const running = deliveryView({ id: 'delivery-2', run: runView({ status: 'in_progress' }) });
const done = deliveryView({ id: 'delivery-3', run: runView({ status: 'completed', conclusion: 'success', endedAt: T0 + 9 * MINUTE }) });
const rollback = { aliasKey: 'k', version: 'v11', deployedAt: T0 };

describe('"Roll back to v11…"', () => {
  const shown = (deliveries: (typeof failed)[], more = {}) => {
    const from = conversationEvent({ deliveries, rollback, ...more });
    return deliveries.filter((delivery) => rollbackButton(from, delivery) !== undefined).map(({ id }) => id);
  };

  it('stands below what failed, or below the first once all has ended', () => {
    expect(shown([done, failed])).toEqual(['delivery-1']);
    expect(shown([running, failed])).toEqual(['delivery-1']);
    expect(shown([done, running])).toEqual([]);
    expect(shown([done])).toEqual(['delivery-3']);
    expect(shown([deliveryView({ state: 'dead' })])).toEqual(['delivery-1']);
    expect(shown([deliveryView({ state: 'held' })])).toEqual([]);
  });

  it('is not there where no version is known, or that one was deployed again since', () => {
    expect(shown([failed], { rollback: undefined })).toEqual([]);
    expect(shown([failed], { rollback: { ...rollback, deployedAt: T0 + 10 * MINUTE } })).toEqual([]);
  });

  it('asks back, and says that the alias stays', () => {
    const button = rollbackButton(conversationEvent({ deliveries: [failed], rollback }), failed);
    expect(button).toMatchObject({ action_id: ACTIONS.rollBack, text: { text: 'Roll back to v11…' } });
    expect(button?.confirm?.text.text).toBe('This deploys v11 again, under the same approval. production stays where it is in W&B.');
  });

  it('a message of a rollback says where the alias is, with a link to move it', () => {
    const replaces = { version: 'v12', since: '2026-11-20T00:00:00.000Z' };
    const event = eventView({ ...ALIAS_EVENT, version: 'v11', rollback: true, replaces }, { wandb: { artifact: { type: 'model' } } });
    const { blocks } = conversationMessage(conversationOf([conversationEvent({ event })]), CONTEXT);
    expect(JSON.stringify(blocks)).toContain(
      'The alias production stays on v12 in W&amp;B: <https://forge.coreweave.com/wandb/acme/vision/artifacts/model/resnet50/v11|move it to v11 in W&amp;amp;B>.'.replace(
        '&amp;amp;',
        '&amp;',
      ),
    );
  });
});

describe('"Run again…"', () => {
  const isShown = (more: Parameters<typeof deliveryView>[0]) => runAgainButton(conversationEvent(), deliveryView(more)) !== undefined;

  it('exists once the run has ended, never appeared, or is given up', () => {
    expect(isShown({ run: runView({ status: 'completed' }) })).toBe(true);
    expect(isShown({ run: runView({ status: 'missing' }) })).toBe(true);
    expect(isShown({ run: runView({ status: 'unknown' }) })).toBe(true);
    expect(isShown({ run: runView({ status: 'in_progress', isGivenUp: true }) })).toBe(true);
    expect(isShown({ state: 'dead' })).toBe(true);
    for (const status of ['expected', 'queued', 'in_progress'] as const) expect(isShown({ run: runView({ status }) })).toBe(false);
    expect(isShown({ state: 'pending' })).toBe(false);
  });

  it('of an old message is refused while the run goes on', async () => {
    const app = slackAppInTest({ slack: await slackInTest() });
    const { deliveries } = await app.event('v1');
    for (const claimed of await claim(app.store, app.clock.now)) await succeed(app.store, claimed, app.clock.now);
    const { updatedAt } = (await app.store.delivery(deliveries[0]!))!.delivery;
    await app.from.press(BOB, ACTIONS.dispatchAgain, JSON.stringify(['default', deliveries[0], updatedAt]));
    await app.settled();
    expect(app.answers()).toEqual(['Not sent again: its run has not ended: wait for it, or cancel it at GitHub.']);
  });
});

describe('rolling back', () => {
  async function deploy(app: SlackAppInTest, version: string, conclusion: string) {
    const { id, deliveries } = await app.event(version);
    await app.store.approve(deliveries, app.clock.now, { by: 'cleo' });
    await finish(app, deliveries[0]!, conclusion);
    return { id, deliveryId: deliveries[0]! };
  }
  async function finish(app: SlackAppInTest, deliveryId: string, conclusion: string) {
    app.clock.now += MINUTE;
    const at = app.clock.now;
    for (const claimed of await claim(app.store, at)) await succeed(app.store, claimed, at);
    const report = { runId: `run of ${deliveryId}`, title: deliveryId, createdAt: at, startedAt: at, endedAt: at, conclusion };
    await app.store.recordRuns([reportOf('completed', report)], at, () => []);
    app.clock.now += MINUTE;
  }
  /** v1 is deployed, v2 failed. */
  async function twoVersions(options: Partial<SlackAppInTestOptions> = {}) {
    const app = slackAppInTest({ slack: await slackInTest(), ...options });
    await deploy(app, 'v1', 'success');
    const { deliveryId } = await deploy(app, 'v2', 'failure');
    const press = async (by = BOB, version = 'v1') => {
      await app.from.press(by, ACTIONS.rollBack, encodeRollback({ source: 'default', deliveryId, version }));
      await app.settled();
      return app.answers().at(-1);
    };
    const alias = async () => {
      const [found] = await app.store.aliases({ limit: 1 });
      return [found?.holder.version, found?.deployed?.version];
    };
    return { app, press, alias };
  }

  it('dispatches the version before again, as a new event, and leaves the alias', async () => {
    const { app, press, alias } = await twoVersions({ settings: '{ slack_users: { bob: U0BOB } }' });
    const before = app.changes();
    expect(await press()).toBe('The dispatch of v1 is sent now. The alias production stays on v2 in W&amp;B.');
    expect(app.changes()).toBe(before + 1);
    const [event] = await app.store.events({ limit: 1 });
    expect(event?.event).toMatchObject({
      type: 'add_artifact_alias',
      version: 'v1',
      rollback: true,
      author: 'bob',
      replaces: { version: 'v2' },
    });
    const [delivery] = await app.store.deliveries({ limit: 1 });
    expect(delivery?.request).toMatchObject({ client_payload: { event: { rollback: true, version: 'v1', author: 'bob' } } });
    expect(await alias()).toEqual(['v2', 'v1']);
    await finish(app, delivery!.id, 'success');
    expect(await alias()).toEqual(['v2', 'v1']);
  });

  it('is done once when it is pressed twice', async () => {
    const { app, press } = await twoVersions();
    await Promise.all([press(BOB), press(EVE)]);
    expect(app.answers().filter((text) => text.startsWith('The dispatch of v1'))).toHaveLength(1);
    expect(app.answers().filter((text) => text.startsWith('Not rolled back: a rollback to v1 is under way already'))).toHaveLength(1);
  });

  it('asks for the same approval', async () => {
    const { app, press } = await twoVersions({ approval: '{ slack: "#ml-deploys", by: [U0BOB] }' });
    expect(await press(EVE)).toMatch(/^Only <@U0BOB> may/);
    expect(await press(BOB)).toMatch(/^The dispatch of v1 awaits approval\./);
    const [delivery] = await app.store.deliveries({ limit: 1 });
    expect(delivery).toMatchObject({ state: 'held' });
    expect(await app.store.openApprovals(9)).toHaveLength(1);
  });

  it('is for operators, and only to a version that was deployed', async () => {
    const { press } = await twoVersions({ settings: '{ slack_operators: [U0BOB] }' });
    expect(await press(EVE)).toMatch(/^Only <@U0BOB> may do this/);
    expect(await press(BOB, 'v9')).toBe('Not rolled back: v9 is not known to have been deployed successfully; deployed were v1.');
  });

  it('of an old message does nothing once another version is deployed', async () => {
    const { app, press } = await twoVersions();
    await deploy(app, 'v3', 'success');
    expect(await press()).toBe('Not rolled back: v2 is not what is deployed any more: v3 is.');
  });

  it('passes a cooldown and the window for duplicates', async () => {
    const { app, press } = await twoVersions();
    await press();
    const [first] = await app.store.deliveries({ limit: 1 });
    await finish(app, first!.id, 'failure');
    app.clock.now -= MINUTE;
    expect(await press()).toMatch(/^The dispatch of v1 is sent now/);
  });
});
