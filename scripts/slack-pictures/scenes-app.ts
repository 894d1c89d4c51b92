import { homeView } from '../../receiver/slack/home-view.ts';
import { reasonForm } from '../../receiver/slack/reason-form.ts';
import type { AliasView, PromotionView } from '../../receiver/store/ledger.ts';
import { approvalView, CONTEXT, deliveryView, eventView, MINUTE, T0 } from '../../test/receiver/slack/message-samples.ts';
import type { Scene } from './scene.ts';
import { DAY, DISPATCH, FAILED_RUN, HOUR, PROMOTED, QUESTION, SLACK_USERS } from './story.ts';

function given(version: string, by: string, ago: number, more: Partial<PromotionView> = {}): PromotionView {
  const since = CONTEXT.now - ago;
  return {
    version,
    artifact: null,
    since,
    by,
    origin: 'event',
    eventId: version,
    replaced: null,
    deployedAt: since + MINUTE,
    run: null,
    ...more,
  };
}

function alias(collection: string, holder: PromotionView, deployed: PromotionView = holder): AliasView {
  const where = { source: 'default', entity: 'acme', project: 'vision', registry: null };
  return { ...where, key: collection, collection, alias: 'production', holder, deployed };
}

const BERT = { ...PROMOTED, collection: 'bert', version: 'v2', alias: 'champion' };
const WHISPER = { ...PROMOTED, collection: 'whisper', version: 'v7', alias: 'staging' };
const HELD = { ...DISPATCH, state: 'held' } as const;

const HOME = homeView(
  {
    waiting: [
      { approval: QUESTION, event: eventView(BERT), held: [HELD], mayApprove: true },
      {
        approval: approvalView({
          channel: 'CDEPLOYS',
          notAsked: '#ml-deploys is archived. Unarchive it, or name another channel in the config, and replay',
        }),
        event: eventView(PROMOTED),
        held: [HELD],
        mayApprove: false,
      },
    ],
    aliases: [
      alias('resnet50', given('v12', 'bob', 2 * HOUR)),
      alias('llama', given('v3', 'ada', 9 * DAY)),
      alias('whisper', given('v7', 'ada', 20 * MINUTE, { deployedAt: null }), given('v6', 'ada', 4 * DAY)),
    ],
    trouble: [
      {
        delivery: deliveryView({ ...DISPATCH, run: FAILED_RUN, updatedAt: T0 + 5 * MINUTE }),
        event: eventView(WHISPER),
      },
    ],
    counts: { events: { routed: 79 }, deliveries: { delivered: 78 }, rejected: 0 },
    throttles: [],
    mayOperate: true,
  },
  { githubUrl: CONTEXT.githubUrl, slackUsers: SLACK_USERS, now: CONTEXT.now },
);

const FORM = reasonForm({ decision: 'rejected', source: 'default', eventId: 'event-1', route: 'deploy' }, '*resnet50 v12 → production*');

/** The app's own pages. */
export const APP_SCENES: readonly Scene[] = [
  ...(FORM === undefined
    ? []
    : [{ kind: 'modal' as const, name: 'reject', shows: 'The form that asks why something is rejected.', view: FORM }]),
  {
    kind: 'home',
    name: 'home',
    shows: 'The app’s Home: what its reader is asked to decide, what is in production, and what needs attention.',
    view: HOME,
  },
];
