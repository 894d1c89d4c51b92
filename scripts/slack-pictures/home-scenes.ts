import { listBlocks } from '../../receiver/slack/command-text.ts';
import { homeView } from '../../receiver/slack/home-view.ts';
import { aliasRow, deliveryRow } from '../../receiver/slack/rows.ts';
import type { AliasView, PromotionView } from '../../receiver/store/ledger.ts';
import { approvalView, CONTEXT, deliveryView, eventView, MINUTE, runView, T0 } from '../../test/receiver/slack/message-samples.ts';
import type { Scene } from './scene.ts';
import { DISPATCH, PROMOTED, QUESTION } from './story.ts';

/** App Home, and what a command answers. */

const HOUR = 60 * MINUTE;
const ROW = { githubUrl: CONTEXT.githubUrl, slackUsers: { ada: 'UADA', bob: 'UBOB' } };

function given(version: string, since: number, by: string, more: Partial<PromotionView> = {}): PromotionView {
  return {
    version,
    artifact: null,
    since,
    by,
    origin: 'event',
    eventId: null,
    replaced: null,
    deployedAt: since,
    run: { conclusion: 'success', url: 'https://github.com/acme/deploy/actions/runs/7', endedAt: since },
    ...more,
  };
}

function alias(collection: string, holder: PromotionView, deployed: PromotionView | null = holder): AliasView {
  return {
    key: collection,
    source: 'default',
    entity: 'acme',
    project: 'vision',
    registry: null,
    collection,
    alias: 'production',
    holder,
    deployed,
  };
}

const FAILED = { conclusion: 'failure', url: 'https://github.com/acme/deploy/actions/runs/9', endedAt: T0 };
const ALIASES = [
  alias('resnet50', given('v12', T0 - 2 * HOUR, 'bob', { replaced: { version: 'v11', artifact: null, since: T0 - 90 * HOUR } })),
  alias('llama', given('v3', T0 - 216 * HOUR, 'ada')),
  alias('whisper', given('v7', T0 - 20 * MINUTE, 'ada', { run: FAILED, deployedAt: null }), given('v6', T0 - 50 * HOUR, 'ada')),
  alias('gpt', given('v21', T0 - 5 * MINUTE, 'ada', { run: null, deployedAt: null }), given('v19', T0 - 70 * HOUR, 'bob')),
];
const WHISPER = eventView({ ...PROMOTED, collection: 'whisper', version: 'v7' });
const TROUBLE = [
  { delivery: deliveryView({ run: runView({ status: 'completed', conclusion: 'failure' }), updatedAt: T0 }), event: WHISPER },
  { delivery: deliveryView({ state: 'dead', reason: 'HTTP 422: no workflow has that event type' }), event: eventView(PROMOTED) },
];

export const HOME_SCENES: readonly Scene[] = [
  {
    kind: 'home',
    name: 'home',
    shows: 'The app’s Home: what its reader is to decide, what is in production, and what needs attention.',
    view: homeView(
      {
        waiting: [
          { approval: QUESTION, event: eventView(PROMOTED), held: [{ ...DISPATCH, state: 'held' }], mayApprove: true },
          {
            approval: approvalView({ channel: '#gone', by: ['SLEADS'], notAsked: '#gone is archived' }),
            event: eventView({ ...PROMOTED, collection: 'gpt', version: 'v21' }),
            held: [{ ...DISPATCH, state: 'held' }],
            mayApprove: false,
          },
        ],
        aliases: ALIASES,
        trouble: TROUBLE,
        throttles: [],
        counts: { events: { routed: 79 }, deliveries: { delivered: 78, dead: 1 }, rejected: 0 },
        mayOperate: true,
      },
      { ...ROW, now: CONTEXT.now },
    ),
  },
  {
    kind: 'messages',
    name: 'command',
    shows: 'What /wandb-relay where and /wandb-relay failed answer to the one who asked.',
    channel: '#ml-deploys',
    messages: [
      {
        text: 'resnet50 production: v12',
        blocks: listBlocks(
          'In production',
          ALIASES.map((one) => aliasRow(one, ROW)),
        ),
        onlyFor: 'you',
      },
      {
        text: 'whisper v7 failed',
        blocks: listBlocks(
          'Needs attention',
          TROUBLE.map((one) => deliveryRow(one, ROW, true)),
        ),
        onlyFor: 'you',
      },
    ],
  },
];
