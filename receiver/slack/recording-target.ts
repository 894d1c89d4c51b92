import type { SlackReply, SlackRequest } from '../../src/route/target.ts';
import type { Target } from '../outbox/target.ts';
import type { Runtime } from '../runtime.ts';
import type { PostedMessage } from '../store/delivery.ts';
import type { Store } from '../store/store.ts';
import { olderReplyText } from './alert-text.ts';
import { isFullAlert } from './failure-text.ts';
import type { SlackRender } from './slack-target.ts';

export interface RecordingSlackOptions extends Pick<Runtime, 'now' | 'log'> {
  readonly conversations: Pick<Store, 'viewConversation'>;
  readonly render: SlackRender;
}

/** The sandbox's Slack target: logs each message and sends nothing. */
export function recordingSlackTarget(options: RecordingSlackOptions): Target<SlackRequest> {
  const { conversations, render, now, log } = options;
  return {
    send: async (request, { deliveryId, conversation }) => {
      const view = await conversations.viewConversation(request.kind === 'slack' ? (conversation ?? '') : request.conversation, now());
      const text = request.kind === 'slack_reply' ? replyText(request, render) : view === undefined ? '' : render.conversation(view).text;
      const channel = view?.channel ?? '';
      const what = request.kind === 'slack_update' ? 'a message update recorded' : 'a message recorded';
      log.info({ delivery: deliveryId, channel, text }, `${what}, not sent (sandbox)`);
      const message: PostedMessage = { channel, ts: deliveryId };
      return {
        outcome: 'delivered',
        status: null,
        run: null,
        detail: `${what}, not sent (sandbox)`,
        ...(request.kind === 'slack' ? { message } : {}),
      };
    },
    findPrior: async () => ({ outcome: 'not_found' }),
  };
}

function replyText(reply: SlackReply, render: SlackRender): string {
  return 'alert' in reply && isFullAlert(reply.alert) ? render.alert(reply.alert).text : olderReplyText(reply);
}
