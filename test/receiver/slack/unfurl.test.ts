import { describe, expect, it } from 'vitest';
import { eventCallback, JSON_TYPE } from '../../stand-ins/slack-interactions.ts';
import { type SlackAppInTestOptions, slackAppInTest, slackInTest } from './slack-app-in-test.ts';

const CLOUD = 'https://forge.coreweave.com/wandb';
const V1 = 'https://forge.coreweave.com/registry/model?selectionPath=acme%2Fwandb-registry-model%2Fresnet50&version=v1';

async function sharing(options: Partial<SlackAppInTestOptions> = {}) {
  const slack = await slackInTest({ users: ['mia'] });
  const app = slackAppInTest({ slack, app: { unfurl: () => CLOUD }, settings: '{ slack_users: { ada: U0ADA } }', ...options });
  const mia = { id: slack.userId('mia'), name: 'mia' };
  const share = async (link: string) => {
    const place = slack.say('ml-deploys', 'mia', `look: ${link}`);
    await app.from.share(mia, place, [link]);
    await app.settled();
    return slack.unfurls.map(({ unfurls }) => unfurls as Record<string, { blocks: unknown[] }>);
  };
  return { app, slack, share };
}

describe('a link to W&B', () => {
  it('gets which aliases the version has, and what happened last', async () => {
    const { app, share } = await sharing();
    await app.event('v1');
    const [unfurl] = await share(V1);
    expect(Object.keys(unfurl ?? {})).toEqual([V1]);
    expect(JSON.stringify(unfurl)).toMatch(
      /\*resnet50\* \*v1\*.*\*production\*: v1 since.*by <@U0ADA>.*→ \*production\* by <@U0ADA>, .*: waiting/,
    );
    expect(app.log.filter(({ level }) => level === 'warn')).toEqual([]);
  });

  it.each([
    ['nothing is known about it', V1.replace(/1$/, '2')],
    ['it is a run of which nothing arrived', 'https://wandb.ai/acme/vision/runs/abc'],
    ['it leads elsewhere', V1.replace('forge.coreweave.com', 'evil.example')],
    ['it is another page', 'https://wandb.ai/acme/vision'],
  ])('gets nothing when %s', async (_why, link) => {
    const { app, slack, share } = await sharing();
    await app.event('v1');
    expect(await share(link)).toEqual([]);
    expect(slack.calls.filter(({ method }) => method === 'chat.unfurl')).toEqual([]);
  });

  it.each([
    ['in a channel that is shared with another organization', { is_ext_shared_channel: true }, {}],
    ['where Slack does not say whether it is', { is_ext_shared_channel: undefined }, {}],
    ['while it is still written', {}, { source: 'composer' }],
  ])('gets nothing %s', async (_where, outer, inner) => {
    const { app, slack } = await sharing();
    await app.event('v1');
    const { channel, ts } = slack.say('ml-deploys', 'mia', `look: ${V1}`);
    const event = { type: 'link_shared', user: 'U0MIA', channel, message_ts: ts, links: [{ domain: 'x', url: V1 }], ...inner };
    await app.from.send(JSON.stringify({ ...eventCallback(event), ...outer }), JSON_TYPE);
    await app.settled();
    expect(slack.unfurls).toEqual([]);
  });

  it('gets nothing unless the config turns it on', async () => {
    const { app, share } = await sharing({ app: {} });
    await app.event('v1');
    expect(await share(V1)).toEqual([]);
  });

  it('is left alone, and logged, when Slack says no', async () => {
    const { app, slack, share } = await sharing();
    await app.event('v1');
    slack.fail({ method: 'chat.unfurl', error: 'missing_scope' });
    expect(await share(V1)).toEqual([]);
    expect(app.log.map(({ msg }) => msg)).toContain('slack: nothing was added to a link');
  });
});
