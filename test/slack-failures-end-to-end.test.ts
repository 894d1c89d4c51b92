import { describe, expect } from 'vitest';
import type { People } from './stand-ins/relay-with-slack.ts';
import { it, quiet, until } from './stand-ins/slack-conversation.ts';
import { linesOf } from './stand-ins/slack-words.ts';
import { aliasBody } from './stand-ins/wandb-sender.ts';

const config = ({ ada }: People) => `version: 1
entity: acme
alerts: { slack: "#ml-ops" }
settings: { github_writes_per_second: 50, slack_users: { ada: ${ada.id} } }
routes:
  - name: staging
    on: { event: add_artifact_alias, alias: staging }
    to:
      - slack: { channel: "#ml-deploys" }
      - repository_dispatch: { repository: acme/deploy, event_type: model-production }
  - name: silent
    on: { event: add_artifact_alias, alias: silent }
    on_failure: { mention: [S045DEF] }
    to: [{ repository_dispatch: { repository: acme/none, event_type: model } }]
  - name: production
    on: { event: add_artifact_alias, alias: production }
    approval: { slack: "#closed", by: [${ada.id}] }
    to:
      - slack: { channel: "#ml-deploys" }
      - repository_dispatch: { repository: acme/deploy, event_type: model-production }
`;

const eventOf = (alias: string, version: string) => ({ ...aliasBody(version, 'resnet50', alias), event_author: 'ada' });

describe.concurrent('people', () => {
  it('are told of a run that failed, in the channel, and of the later one that did not', async ({ start }) => {
    const relay = await start({ config, channels: ['ml-deploys', 'ml-ops', 'closed'] });
    const { github, people } = relay;
    await relay.event(eventOf('staging', 'v12'));
    await until(() => expect(github.runs).toHaveLength(1));
    relay.afterStart(42_000);
    const failed = await github.advance(relay.lastRun().id, { conclusion: 'failure' });
    await until(() => expect(relay.replies('ml-deploys')).toHaveLength(1));
    const [reply] = relay.replies('ml-deploys');
    expect(reply).toMatchObject({
      threadTs: relay.heads('ml-deploys')[0]?.ts,
      broadcast: true,
      text: 'FAILED: resnet50 v12 → staging. acme/deploy failed after 42 s in deploy / push image',
    });
    expect(linesOf(reply!)[0]).toContain(`:x: <@${people.ada.id}> *resnet50 v12 → staging failed*`);
    expect(linesOf(reply!).join('\n')).toContain(`${failed.html_url}/job/2`);

    await relay.event(eventOf('staging', 'v13'));
    await until(() => expect(github.runs).toHaveLength(2));
    await relay.kill();
    await relay.start();
    await github.advance(relay.lastRun().id, { conclusion: 'success' });
    await until(() => expect(relay.replies('ml-deploys')).toHaveLength(2));
    await quiet(relay);
    expect(relay.replies('ml-deploys')[1]).toMatchObject({
      threadTs: reply?.threadTs,
      broadcast: true,
      text: expect.stringMatching(/^RESOLVED: resnet50 v13 → staging succeeded/),
    });
    expect(relay.heads('ml-ops')).toEqual([]);
  });

  it('are told elsewhere of a route without a channel, and of a question that could not be asked', async ({ start }) => {
    const relay = await start({ config, channels: ['ml-deploys', 'ml-ops'] });
    await relay.event(eventOf('silent', 'v12'));
    await relay.event(eventOf('production', 'v12'));
    const alertsIn = () =>
      relay
        .heads('ml-ops')
        .map(({ text }) => text.slice(0, 55))
        .toSorted();
    await until(() => expect(alertsIn()).toHaveLength(2));
    await until(() => expect(relay.replies('ml-deploys')).toHaveLength(1));
    await quiet(relay);
    expect(alertsIn()).toEqual([
      'NOBODY ASKED: resnet50 v12 → production. #closed: Slack',
      'NOT DISPATCHED: resnet50 v12 → silent. acme/none: GitHu',
    ]);
    expect(relay.heads('ml-ops').map((message) => linesOf(message)[0])).toContainEqual(expect.stringContaining(':x: <!subteam^S045DEF> '));
    expect(relay.replies('ml-deploys')[0]).toMatchObject({ broadcast: true, text: expect.stringMatching(/^NOBODY ASKED: /) });

    const ready = await fetch(`${relay.receiver().url}/readyz`);
    expect([ready.status, await ready.json()]).toMatchObject([
      200,
      { status: 'ok', details: { approvals_not_asked: { count: 1, reasons: [expect.stringContaining('channel_not_found')] } } },
    ]);
    expect(relay.receiver().log).toContainEqual(
      expect.objectContaining({
        level: 'warn',
        msg: expect.stringMatching(/channel_not_found.*Until then nobody is asked to approve/),
      }),
    );
  });
});
