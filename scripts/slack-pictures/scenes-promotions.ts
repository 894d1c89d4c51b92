import { alertMessage, type FullAlert } from '../../receiver/slack/failure-text.ts';
import { conversationMessage } from '../../receiver/slack/message.ts';
import type { ApprovalView } from '../../receiver/store/approvals.ts';
import type { PromotionFacts } from '../../receiver/store/conversation-facts.ts';
import type { ConversationEvent, ConversationView } from '../../receiver/store/conversations.ts';
import type { DeliveryView } from '../../receiver/store/delivery.ts';
import type { JsonObject } from '../../src/lib/json.ts';
import { conversationEvent, conversationOf, eventView, MINUTE, runView, T0 } from '../../test/receiver/slack/message-samples.ts';
import type { MessageScene, SceneMessage } from './scene.ts';
import { APPROVED, DAY, DISPATCH, FAILED_RUN, GOOD_RUN, HOUR, PEOPLE, PROMOTED, QUESTION, SLACK_USERS } from './story.ts';

/** What W&B knows of the version, and of the one that it replaces. */
const KNOWN: JsonObject = {
  artifact: { type: 'model', size: 102_400_000 },
  run: { name: 'sweet-sweep-9', user: 'ada', duration_seconds: 3600, summary: { accuracy: 0.942, 'val/f1': 0.913 } },
  replaced: { version: 'v11', metrics: { accuracy: { before: 0.931, now: 0.942 }, 'val/f1': { before: 0.915, now: 0.913 } } },
};

const FORWARD: PromotionFacts = { replaced: { version: 'v11', since: T0 - 12 * DAY }, isRollback: false, replacedBy: null };
const OVERTAKEN: PromotionFacts = { ...FORWARD, replacedBy: { version: 'v13', at: T0 + 9 * MINUTE } };
const BACK: PromotionFacts = { replaced: { version: 'v13', since: T0 - 2 * HOUR }, isRollback: true, replacedBy: null };

const BEFORE = { aliasKey: 'resnet50 production', version: 'v11', deployedAt: T0 - 12 * DAY };

/** The message of one promotion with one dispatch. */
function promotion(delivery: Partial<DeliveryView>, approval: ApprovalView, more: Partial<ConversationEvent> = {}): SceneMessage {
  const event = eventView(PROMOTED, { wandb: KNOWN });
  // Nothing to go back to from a version that was replaced already.
  const rollback = more.promotion?.replacedBy == null ? { rollback: BEFORE } : {};
  const deliveries = [{ ...DISPATCH, ...delivery }];
  return shown([conversationEvent({ event, deliveries, approvals: [approval], promotion: FORWARD, ...rollback, ...more })]);
}

function shown(events: readonly ConversationEvent[], more: Partial<ConversationView> = {}): SceneMessage {
  return conversationMessage(conversationOf(events, more), PEOPLE);
}

const FAILURE: FullAlert = {
  problem: 'run_failed',
  target: 'repository_dispatch:acme/deploy',
  route: 'deploy',
  reason: '',
  mention: ['UADA', 'SLEADS'],
  subject: PROMOTED,
  run: { ...FAILED_RUN, failed: { job: 'deploy', step: 'push image', url: `${FAILED_RUN.url}/job/1` } },
};

const BURST = shown(
  ['v6', 'v17'].map((version, index) =>
    conversationEvent({
      event: eventView({ ...PROMOTED, version }, { id: version, receivedAt: T0 + index * 50_000 }),
      deliveries: [{ ...DISPATCH, run: GOOD_RUN }],
    }),
  ),
  {
    eventCount: 12,
    burst: [
      { state: 'delivered', run: GOOD_RUN, count: 9 },
      { state: 'delivered', run: FAILED_RUN, count: 3 },
    ],
  },
);

const inDeploys = (name: string, shows: string, ...messages: SceneMessage[]): MessageScene => ({
  kind: 'messages',
  name,
  shows,
  channel: '#ml-deploys',
  messages,
});

/** A promotion from its question to its end, and what comes after. */
export const PROMOTION_SCENES: readonly MessageScene[] = [
  inDeploys(
    'approval',
    'A question: what is to be promoted, how it compares, what will start, who decides until when, and the buttons.',
    promotion({ state: 'held', attempts: 0, reason: 'waits for approval' }, QUESTION),
  ),
  inDeploys(
    'running',
    'A deployment that runs, with a link to its run.',
    promotion({ run: runView({ status: 'in_progress', startedAt: T0 + 4 * MINUTE }) }, APPROVED),
  ),
  inDeploys('success', 'A deployment that succeeded: the version is in production.', promotion({ run: GOOD_RUN }, APPROVED)),
  inDeploys(
    'failed',
    'A deployment that failed, and the reply that the channel sees too: which job and step, and whom it mentions.',
    { ...promotion({ run: FAILED_RUN }, APPROVED), notifies: false },
    { ...alertMessage(FAILURE, { githubUrl: PEOPLE.githubUrl, slackUsers: SLACK_USERS }), reply: 'channel' },
  ),
  inDeploys(
    'rollback',
    'Two messages: version v12, which v13 replaced, and the rollback to v12.',
    { ...promotion({ run: GOOD_RUN }, APPROVED, { promotion: OVERTAKEN }), notifies: false, edited: true, at: T0 },
    promotion({ run: GOOD_RUN }, APPROVED, { promotion: BACK, rollback: { ...BEFORE, version: 'v13' } }),
  ),
  inDeploys(
    'rejected',
    'A promotion that was rejected: by whom, and why.',
    promotion(
      { state: 'cancelled', reason: 'rejected by bob (UBOB)' },
      { ...QUESTION, decision: 'rejected', decidedBy: 'bob (UBOB)', decidedAt: T0 + 3 * MINUTE, reason: 'val/f1 is lower' },
    ),
  ),
  inDeploys('burst', 'One message for twelve versions that got production within a minute, with how many failed.', BURST),
];
