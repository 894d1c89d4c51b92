import { alertMessage } from '../../receiver/slack/failure-text.ts';
import { conversationMessage } from '../../receiver/slack/message.ts';
import type { ApprovalView } from '../../receiver/store/store.ts';
import type { RelayEvent } from '../../src/event/event.ts';
import { alertSubjectOf } from '../../src/route/alert.ts';
import { CONTEXT, conversationEvent, conversationOf, eventView, MINUTE, runView, T0 } from '../../test/receiver/slack/message-samples.ts';
import { HOME_SCENES } from './home-scenes.ts';
import type { Scene, SceneMessage } from './scene.ts';
import { APPROVED, DISPATCH, FAILED_RUN, GOOD_RUN, PROMOTED, QUESTION } from './story.ts';

const KNOWN = {
  artifact: { type: 'model', size: 102_400_000, created_by: 'sweet-sweep-9', metadata: { accuracy: 0.942 } },
  run: { state: 'finished', user: 'ada', duration_seconds: 3600, summary: { 'val/f1': 0.913 } },
};
/** The message of one promotion with one dispatch. */
function promotion(delivery: Partial<typeof DISPATCH>, approval: ApprovalView, event: RelayEvent = PROMOTED): SceneMessage {
  const from = conversationEvent({
    event: eventView(event, { wandb: KNOWN }),
    deliveries: [{ ...DISPATCH, ...delivery }],
    approvals: [approval],
  });
  return conversationMessage(conversationOf([from]), CONTEXT);
}

function about(event: RelayEvent): SceneMessage {
  return conversationMessage(conversationOf([conversationEvent({ event: eventView(event), deliveries: [] })]), CONTEXT);
}

/** Every state that people meet, in the order of docs/slack.md. Each is checked against Slack's rules. */
export const SCENES: readonly Scene[] = [
  {
    kind: 'messages',
    name: 'approval',
    shows: 'A question: who promoted what, what will start, who decides until when, and the buttons.',
    channel: '#ml-deploys',
    messages: [promotion({ state: 'held', attempts: 0, reason: 'waits for approval' }, QUESTION)],
  },
  {
    kind: 'messages',
    name: 'running',
    shows: 'A deployment that runs, with a link to its run.',
    channel: '#ml-deploys',
    messages: [promotion({ run: runView({ status: 'in_progress', startedAt: T0 + 4 * MINUTE }) }, APPROVED)],
  },
  {
    kind: 'messages',
    name: 'success',
    shows: 'A deployment that succeeded.',
    channel: '#ml-deploys',
    messages: [promotion({ run: GOOD_RUN }, APPROVED)],
  },
  {
    kind: 'messages',
    name: 'failed',
    shows: 'A deployment that failed, and the reply in its thread.',
    channel: '#ml-deploys',
    messages: [
      promotion({ run: FAILED_RUN }, APPROVED),
      {
        ...alertMessage(
          {
            problem: 'run_failed',
            target: 'repository_dispatch:acme/deploy',
            route: 'deploy',
            reason: '',
            subject: alertSubjectOf(PROMOTED),
            run: FAILED_RUN,
          },
          { githubUrl: CONTEXT.githubUrl, slackUsers: { ada: 'UADA' } },
        ),
        reply: 'channel',
      },
    ],
  },
  {
    kind: 'messages',
    name: 'metric',
    shows: 'A metric that met its limit: the values, the limit, and the run.',
    channel: '#ml-alerts',
    messages: [
      about({ type: 'run_metric', source: 'default', entity: 'acme', project: 'train', run: 'train-78', author: 'ada', metric: 'loss' }),
    ],
  },
  {
    kind: 'messages',
    name: 'run-failed',
    shows: 'A training run that failed.',
    channel: '#ml-alerts',
    messages: [
      about({ type: 'run_state', source: 'default', entity: 'acme', project: 'train', run: 'train-79', author: 'ada', status: 'failed' }),
    ],
  },
  ...HOME_SCENES,
];
