import { expect, it } from 'vitest';
import type { KnownBlock } from '../../../receiver/slack/blocks.ts';
import { type HomeContent, type HomeContext, homeView } from '../../../receiver/slack/home-view.ts';
import type { WaitingApproval } from '../../../receiver/slack/rows.ts';
import type { AliasView, PromotionView } from '../../../receiver/store/ledger.ts';
import { approvalView, CONTEXT, deliveryView, eventView, MINUTE, readable, runView, T0 } from './message-samples.ts';

const NOTHING: HomeContent = {
  waiting: [],
  aliases: [],
  trouble: [],
  throttles: [],
  counts: { events: {}, deliveries: {}, rejected: 0 },
  mayOperate: true,
};
const HOME: HomeContext = { githubUrl: CONTEXT.githubUrl, slackUsers: { Ada: 'U0ADA' }, now: CONTEXT.now };

function linesOf(content: Partial<HomeContent>): string[] {
  return readable(homeView({ ...NOTHING, ...content }, HOME).blocks as KnownBlock[]);
}

function waiting(more: Partial<WaitingApproval> = {}): WaitingApproval {
  return { approval: approvalView(), event: eventView(), held: [deliveryView({ state: 'held' })], mayApprove: true, ...more };
}

function promotion(more: Partial<PromotionView> = {}): PromotionView {
  return {
    version: 'v12',
    artifact: null,
    since: T0,
    by: 'ada',
    origin: 'event',
    eventId: 'event-1',
    replaced: null,
    deployedAt: null,
    run: null,
    ...more,
  };
}

function alias(collection: string, holder: PromotionView, deployed: PromotionView | null = null, name = 'production'): AliasView {
  return {
    key: collection,
    source: 'default',
    entity: 'acme',
    project: 'vision',
    registry: null,
    collection,
    alias: name,
    holder,
    deployed,
  };
}

it('asks its reader first, with buttons, and shows what others decide without', () => {
  const lines = linesOf({
    waiting: [
      waiting(),
      waiting({
        approval: approvalView({ route: 'other', channel: 'C0ASKED', notAsked: 'is_archived' }),
        event: undefined,
        mayApprove: false,
      }),
    ],
  });
  expect(lines.slice(0, 8)).toEqual([
    '# For you: 1 to decide',
    '*resnet50* *v12* → *production* by <@U0ADA>, until 2026-11-22 03:00 UTC',
    'starts *deploy* in <https://github.com/acme/deploy|acme/deploy>; route deploy, asked in #ml-deploys',
    '[Approve] [Reject…]',
    '# Others decide',
    'event event-1, until 2026-11-22 03:00 UTC',
    'starts *deploy* in <https://github.com/acme/deploy|acme/deploy>; route other, asked in <#C0ASKED>',
    'It could not be asked in <#C0ASKED>: is_archived',
  ]);
});

it('shows what is in production, production first, and what became of it', () => {
  const v11 = promotion({ version: 'v11', deployedAt: T0 });
  const failed = { conclusion: 'failure', url: null, endedAt: T0 };
  const lines = linesOf({
    aliases: [
      alias('bert', promotion({ since: T0 + MINUTE }), null, 'staging'),
      alias('resnet50', promotion({ deployedAt: T0 }), promotion({ deployedAt: T0 })),
      alias('whisper', promotion({ run: failed, since: T0 - 1 }), v11),
      alias('llama', promotion({ run: failed, since: T0 - 2 })),
      alias('gpt', promotion({ since: T0 - 3 }), v11),
      alias('back', promotion({ since: T0 - 4, deployedAt: T0 }), promotion({ version: 'v11', deployedAt: T0 + 1 })),
      alias('gone', promotion({ version: null, since: T0 - 5, by: null }), v11),
    ],
  });
  const fields = lines[lines.indexOf('# In production') + 1]?.split(' | ');
  expect(fields).toEqual([
    '*resnet50* production :white_check_mark: v12 since 2026-11-21 03:00 UTC by <@U0ADA>'.replace(':white_check_mark: ', ''),
    '*whisper* production v12 failed, v11 is still deployed',
    '*llama* production v12 failed, nothing is deployed',
    '*gpt* production v12 is not deployed yet, v11 is still deployed',
    '*back* production v11 is deployed again; v12 has the alias',
    '*gone* production no version since 2026-11-21 02:59 UTC, v11 is still deployed',
    '*bert* staging v12 since 2026-11-21 03:01 UTC by <@U0ADA>',
  ]);
});

it('shows what failed with the one button that leads on, which only those see who may press it', () => {
  const dead = { delivery: deliveryView({ state: 'dead', reason: 'HTTP 404' }), event: eventView() };
  const run = runView({ status: 'completed', conclusion: 'failure' });
  const trouble = [dead, { delivery: deliveryView({ id: 'delivery-2', run }), event: eventView() }];
  const view = homeView({ ...NOTHING, trouble, throttles: [{ credential: 'app:acme', until: CONTEXT.now, reason: 'rate <limit>' }] }, HOME);
  expect(readable(view.blocks as KnownBlock[]).slice(-9)).toEqual([
    '# Needs attention',
    '*app:acme* is throttled until 2026-11-21 03:10 UTC: rate &lt;limit&gt;',
    '*resnet50* *v12* → *production* by <@U0ADA>: *deploy* in <https://github.com/acme/deploy|acme/deploy>',
    'failed: HTTP 404 (delivery delivery-1), 2026-11-21 03:01 UTC',
    '*resnet50* *v12* → *production* by <@U0ADA>: *deploy* in <https://github.com/acme/deploy|acme/deploy>',
    '<https://github.com/acme/deploy/actions/runs/99|run> failed, 2026-11-21 03:01 UTC',
    '--- divider',
    '[Refresh]',
    '_0 events; everything is delivered. As of 2026-11-21 03:10 UTC._',
  ]);
  expect(buttons(view.blocks as KnownBlock[])).toEqual(['Dispatch again', 'Open the run']);
  const reader = homeView({ ...NOTHING, trouble, mayOperate: false }, HOME);
  expect(buttons(reader.blocks as KnownBlock[])).toEqual(['Open the run']);
});

function buttons(blocks: readonly KnownBlock[]): string[] {
  return blocks.flatMap((block) => (block.type === 'section' && block.accessory?.type === 'button' ? [block.accessory.text.text] : []));
}

it('says when a list is empty, and what came of what was pressed', () => {
  expect(linesOf({ notice: 'Approved: it is sent now.' })).toEqual([
    'Approved: it is sent now.',
    '--- divider',
    '# For you: nothing to decide',
    '--- divider',
    '# In production',
    '_No event has given a version an alias yet._',
    '--- divider',
    '# Needs attention',
    '_Nothing._',
    '--- divider',
    '[Refresh]',
    '_0 events; everything is delivered. As of 2026-11-21 03:10 UTC._',
  ]);
});

it('shows ten of each and counts the rest', () => {
  const trouble = Array.from({ length: 25 }, (_, index) => ({
    delivery: deliveryView({ id: `d-${index}`, state: 'dead' }),
    event: undefined,
  }));
  const lines = linesOf({ trouble, waiting: Array.from({ length: 12 }, () => waiting()) });
  expect(lines.filter((line) => line.startsWith('event event-1'))).toHaveLength(10);
  expect(lines).toContain('_and 15 more_');
  expect(lines).toContain('_and 2 more_');
});

it('lets no name act: no mention, link, emoji code or formatting', () => {
  const nasty = '<!channel> *x* <https://evil.example|y> `z`';
  const event = eventView({
    type: 'add_artifact_alias',
    source: 'default',
    collection: nasty,
    version: nasty,
    alias: nasty,
    author: nasty,
  });
  const held = [deliveryView({ state: 'held' })];
  const text = JSON.stringify(
    homeView(
      {
        ...NOTHING,
        waiting: [waiting({ event, held, approval: approvalView({ notAsked: nasty }) })],
        aliases: [alias(nasty, promotion({ version: nasty, by: nasty, run: { conclusion: nasty, url: null, endedAt: T0 } }), null, nasty)],
        trouble: [{ delivery: deliveryView({ state: 'dead', reason: nasty }), event }],
      },
      HOME,
    ).blocks.filter((block) => block.type === 'section'),
  );
  expect(text).not.toMatch(/<!channel>|<https:\/\/evil/);
  expect(text).not.toContain('*x*');
});
