import { describe, expect, it, vi } from 'vitest';
import { type HomeContent, homeView } from '../../../receiver/slack/home-view.ts';
import { bury, claim } from '../store/samples.ts';
import { type SlackAppInTest, type SlackAppInTestOptions, slackAppInTest, slackInTest } from './slack-app-in-test.ts';

const render = (content: HomeContent, now: number) => homeView(content, { githubUrl: 'https://github.com', slackUsers: {}, now });

async function home(options: Partial<SlackAppInTestOptions> = {}): Promise<SlackAppInTest> {
  const people = ['ada', 'eve', { name: 'gus', guest: 'multi-channel' as const }, { name: 'sam', team: 'T0OTHER' }];
  return slackAppInTest({ slack: await slackInTest({ users: people }), home: render, ...options });
}

/** What App Home shows a person who opens it. */
async function opened(app: SlackAppInTest, name: string): Promise<string> {
  const id = app.slack.userId(name);
  expect(await app.from.openHome({ id, name })).toEqual({ status: 200, text: '' });
  await app.settled();
  return shown(app, name);
}

function shown(app: SlackAppInTest, name: string): string {
  return JSON.stringify(app.slack.home(app.slack.userId(name)));
}

/** Presses a button that App Home has: Slack gives no address to answer at there. */
async function pressed(app: SlackAppInTest, name: string, actionId: string): Promise<void> {
  const value = new RegExp(`"action_id":"${actionId}"[^{}]*(?:\\{[^{}]*\\})?[^{}]*"value":"((?:[^"\\\\]|\\\\.)*)"`).exec(
    shown(app, name),
  )?.[1];
  if (value === undefined) throw new Error(`App Home of ${name} has no button ${actionId}`);
  const body = {
    type: 'block_actions',
    user: { id: app.slack.userId(name), username: name, team_id: 'T0ACME' },
    team: { id: 'T0ACME' },
    enterprise: null,
    trigger_id: app.slack.triggerId(name),
    container: { type: 'view', view_id: 'V1' },
    view: { id: 'V1', type: 'home' },
    actions: [{ type: 'button', action_id: actionId, block_id: 'b', value: JSON.parse(`"${value}"`) }],
  };
  const sent = await app.from.send(new URLSearchParams({ payload: JSON.stringify(body) }).toString(), 'application/x-www-form-urlencoded');
  expect(sent).toEqual({ status: 200, text: '' });
  await app.settled();
}

describe('App Home', () => {
  it('shows its reader what is in the store, and lets them decide there', async () => {
    const app = await home({ approval: '{ slack: "#ml-deploys" }' });
    const first = await app.event('v1');
    await app.store.approve(first.deliveries, app.clock.now);
    for (const claimed of await claim(app.store, app.clock.now)) await bury(app.store, claimed, app.clock.now);
    const second = await app.event('v2');
    expect(await opened(app, 'ada')).toMatch(
      /1 to decide.*v2.*Approve.*Reject.*In production.*resnet50.*v2.*Needs attention.*v1.*no such repository/,
    );

    await pressed(app, 'ada', 'relay_approve');
    expect(shown(app, 'ada')).toMatch(/Approved: it is sent now.*nothing to decide/);
    expect((await app.store.delivery(second.deliveries[0]!))?.delivery.state).toBe('pending');
    expect(app.answers()).toEqual([]);
    expect(app.log.filter(({ level }) => level === 'warn' || level === 'error')).toEqual([]);
  });

  it('asks those who have not approved yet, where several must, and why somebody rejects', async () => {
    const app = await home({ approval: '{ slack: "#ml-deploys", approvals: 2 }' });
    await app.event('v1');
    const [ada, eve] = ['ada', 'eve'].map((name) => ({ id: app.slack.userId(name), name }));
    expect(await opened(app, 'ada')).toMatch(/1 to decide.*0 of 2 approvals.*When 1 more approve.*1 awaiting approval/);
    await pressed(app, 'ada', 'relay_approve');
    expect(shown(app, 'ada')).toMatch(new RegExp(`nothing to decide.*Others decide.*1 of 2 approvals: <@${ada!.id}>`));
    expect(await opened(app, 'eve')).toMatch(/1 to decide.*1 of 2 approvals.*This will run/);
    await pressed(app, 'eve', 'relay_reject_with_reason');
    expect(await app.from.submit(eve!, app.slack.views('eve')[0]!, { reason: 'wrong data' })).toEqual({ status: 200, text: '' });
    await app.settled();
    expect(shown(app, 'eve')).toMatch(/Rejected: nothing is sent.*nothing to decide/);
    expect((await app.store.deliveries({ limit: 9 })).map(({ reason }) => reason)).toContainEqual(expect.stringContaining('wrong data'));
  });

  it('is read again by Refresh', async () => {
    const app = await home();
    expect(await opened(app, 'ada')).not.toContain('v7');
    await app.event('v7');
    await pressed(app, 'ada', 'relay_refresh');
    expect(shown(app, 'ada')).toContain('v7');
  });

  it('is for every member of the organization, with buttons for those who may use them', async () => {
    const slack = await slackInTest({ users: ['ada', 'eve'] });
    const app = slackAppInTest({
      slack,
      home: render,
      approval: `{ slack: "#ml-deploys", by: [${slack.userId('ada')}] }`,
      settings: `{ slack_operators: [${slack.userId('ada')}] }`,
    });
    const first = await app.event('v1');
    await app.store.approve(first.deliveries, app.clock.now);
    for (const claimed of await claim(app.store, app.clock.now)) await bury(app.store, claimed, app.clock.now);
    await app.event('v2');
    const ada = await opened(app, 'ada');
    expect(ada).toMatch(/1 to decide.*relay_approve.*relay_dispatch_again/);
    const eve = await opened(app, 'eve');
    expect(eve).toMatch(/nothing to decide.*Others decide.*v2.*Needs attention.*v1/);
    expect(eve).not.toMatch(/relay_approve|relay_dispatch_again/);
  });

  it.each([
    ['gus', /you are a guest/],
    ['sam', /you belong to another one/],
  ])('is not for %s, and says why', async (name, why) => {
    const renders = vi.fn(render);
    const app = await home({ home: renders });
    await app.event('v1');
    const text = await opened(app, name);
    expect(text).toMatch(why);
    expect(text).not.toContain('resnet50');
    expect(renders).not.toHaveBeenCalled();
  });

  it('says which scope is missing, and is shown without it to whoever the config names', async () => {
    const slack = await slackInTest({ users: ['ada', 'eve'], scopes: ['chat:write', 'commands'] });
    const app = slackAppInTest({ slack, home: render, settings: `{ slack_users: { ada: ${slack.userId('ada')} } }` });
    await app.event('v1');
    expect(await opened(app, 'eve')).toMatch(/cannot tell whether you are a member.*missing_scope.*users:read.*install the app again/);
    expect(await opened(app, 'ada')).toContain('resnet50');
  });

  it('asks Slack who somebody is once in five minutes', async () => {
    const app = await home();
    await opened(app, 'ada');
    await opened(app, 'ada');
    app.clock.now += 301_000;
    await opened(app, 'ada');
    const asked = (method: string) => app.slack.calls.filter((call) => call.method === method).length;
    expect([asked('users.info'), asked('auth.test')]).toEqual([2, 1]);
  });

  it('leaves out what a later dispatch of the same route and subject has made good', async () => {
    const app = await home();
    const fail = async () => {
      for (const claimed of await claim(app.store, app.clock.now)) await bury(app.store, claimed, app.clock.now);
    };
    await app.event('v1');
    await fail();
    app.clock.now += 60_000;
    await app.event('v2');
    await fail();
    expect((await opened(app, 'ada')).match(/no such repository/g)).toHaveLength(1);
    app.clock.now += 60_000;
    await app.event('v3');
    for (const claimed of await claim(app.store, app.clock.now)) {
      const attempt = { startedAt: app.clock.now, durationMs: 1, outcome: 'delivered', status: 204, detail: 'sent' } as const;
      await app.store.settle(claimed, attempt, { state: 'delivered', run: null });
    }
    expect(await opened(app, 'ada')).not.toContain('no such repository');
  });

  it('is not published for the messages tab', async () => {
    const app = await home();
    expect(await app.from.openHome({ id: app.slack.userId('ada'), name: 'ada' }, 'messages')).toEqual({ status: 200, text: '' });
    await app.settled();
    expect(app.slack.calls).toEqual([]);
  });

  it('is called for once, and logged, when Slack says no', async () => {
    const app = await home();
    app.slack.fail({ method: 'views.publish', status: 429, headers: { 'retry-after': '30' } });
    expect((await app.from.openHome({ id: app.slack.userId('ada'), name: 'ada' })).status).toBe(200);
    await app.settled();
    expect(app.slack.calls.filter(({ method }) => method === 'views.publish')).toHaveLength(1);
    expect(app.log.some(({ msg }) => msg === 'slack: App Home could not be shown')).toBe(true);
  });

  it('is logged when it cannot be drawn', async () => {
    const app = await home({
      home: () => {
        throw new Error('a view that does not fit');
      },
    });
    await app.from.openHome({ id: app.slack.userId('ada'), name: 'ada' });
    await app.settled();
    expect(app.log.some(({ error }) => error === 'a view that does not fit')).toBe(true);
  });
});
