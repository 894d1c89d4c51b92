import { describe, expect, it, vi } from 'vitest';
import { type HomeContent, homeView } from '../../../receiver/slack/home-view.ts';
import { bury, claim } from '../store/samples.ts';
import { ADA, slackAppInTest, slackInTest } from './slack-app-in-test.ts';

describe('App Home', () => {
  it('shows its reader what is in the store', async () => {
    const seen: HomeContent[] = [];
    const app = slackAppInTest({
      slack: await slackInTest({ users: ['ada'] }),
      approval: '{ slack: "#ml-deploys" }',
      home: (content, now) => {
        seen.push(content);
        return homeView(content, { githubUrl: 'https://github.com', now });
      },
    });
    const first = await app.event('v1');
    await app.store.approve(first.deliveries, app.clock.now);
    for (const claimed of await claim(app.store, app.clock.now)) await bury(app.store, claimed, app.clock.now);
    const second = await app.event('v2');
    const reader = { id: app.slack.userId('ada'), name: 'ada' };
    expect(await app.from.openHome(reader)).toEqual({ status: 200, text: '' });
    await app.settled();
    expect(JSON.stringify(app.slack.home(reader.id))).toMatch(/Awaiting approval.*deploy.*no such repository/);
    expect(seen[0]?.failed.map(({ id }) => id)).toEqual(first.deliveries);
    expect(seen[0]?.waiting.map(({ approval, event }) => [approval.eventId, event?.event.version])).toEqual([[second.id, 'v2']]);
    expect(seen[0]?.recent.map(({ id }) => id)).toEqual([second.id, first.id]);
    expect(seen[0]).toMatchObject({ counts: { events: { routed: 2 } } });
  });

  it('tells what events hold to operators only, where they are named', async () => {
    const slack = await slackInTest({ users: ['ada', 'eve'] });
    const home = vi.fn((content: HomeContent, now: number) => homeView(content, { githubUrl: 'https://github.com', now }));
    const app = slackAppInTest({ slack, home, settings: `{ slack_operators: [${slack.userId('ada')}] }` });
    await app.event('v1');
    await app.from.openHome({ id: slack.userId('eve'), name: 'eve' });
    await app.settled();
    expect(JSON.stringify(slack.home(slack.userId('eve')))).toMatch(/Only <@U\w+> may do this/);
    expect(home).not.toHaveBeenCalled();
    await app.from.openHome({ id: slack.userId('ada'), name: 'ada' });
    await app.settled();
    expect(home).toHaveBeenCalledOnce();
  });

  it('is not published for the messages tab', async () => {
    const app = slackAppInTest({ slack: await slackInTest() });
    expect(await app.from.openHome(ADA, 'messages')).toEqual({ status: 200, text: '' });
    await app.settled();
    expect(app.slack.calls).toEqual([]);
  });

  it('is called for once, and logged, when Slack says no', async () => {
    const slack = await slackInTest({ users: ['ada'] });
    const app = slackAppInTest({ slack });
    slack.fail({ method: 'views.publish', status: 429, headers: { 'retry-after': '30' } });
    expect((await app.from.openHome({ id: slack.userId('ada'), name: 'ada' })).status).toBe(200);
    await app.settled();
    expect(slack.calls.filter(({ method }) => method === 'views.publish')).toHaveLength(1);
    expect(app.log.some(({ msg }) => msg === 'slack: App Home could not be shown')).toBe(true);
  });

  it('is logged when it cannot be drawn', async () => {
    const app = slackAppInTest({
      slack: await slackInTest(),
      home: () => {
        throw new Error('a view that does not fit');
      },
    });
    expect((await app.from.openHome(ADA)).status).toBe(200);
    await app.settled();
    expect(app.log.some(({ error }) => error === 'a view that does not fit')).toBe(true);
  });
});
