import type { MessageContext } from '../../receiver/slack/message.ts';
import type { ApprovalView } from '../../receiver/store/approvals.ts';
import type { DeliveryView } from '../../receiver/store/delivery.ts';
import type { RelayEvent } from '../../src/event/event.ts';
import { approvalView, CONTEXT, deliveryView, MINUTE, runView, T0 } from '../../test/receiver/slack/message-samples.ts';
import type { Reader } from './mrkdwn-html.ts';

/** The people, models and times of the pictures: ada trains and promotes resnet50, and bob approves. */

export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

/** Who reads the pictures, and when. */
export const READER: Reader = {
  names: { UADA: 'ada', UBOB: 'bob', SLEADS: 'ml-leads', CDEPLOYS: 'ml-deploys' },
  now: CONTEXT.now,
};
export const SLACK_USERS = { ada: 'UADA', bob: 'UBOB' };
export const PEOPLE: MessageContext = { ...CONTEXT, slackUsers: SLACK_USERS };

export const PROMOTED: RelayEvent = {
  type: 'add_artifact_alias',
  source: 'default',
  entity: 'acme',
  project: 'vision',
  collection: 'resnet50',
  version: 'v12',
  alias: 'production',
  author: 'ada',
};

export const QUESTION: ApprovalView = approvalView({ by: ['SLEADS'], allowSelf: false });
export const APPROVED: ApprovalView = { ...QUESTION, decision: 'approved', decidedBy: 'bob (UBOB)', decidedAt: T0 + 3 * MINUTE };

export const DISPATCH: DeliveryView = deliveryView({
  request: { kind: 'repository_dispatch', repository: 'acme/deploy', event_type: 'model-production', client_payload: {} },
});

const ENDED = { status: 'completed', startedAt: T0 + 4 * MINUTE, endedAt: T0 + 4 * MINUTE + 42_000 } as const;
export const FAILED_RUN = runView({ ...ENDED, conclusion: 'failure' });
export const GOOD_RUN = runView({ ...ENDED, conclusion: 'success' });
