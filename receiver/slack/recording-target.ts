import type { SlackRequest } from '../../src/route/target.ts';
import type { Target } from '../outbox/target.ts';
import type { Runtime } from '../runtime.ts';
import type { PostedMessage } from '../store/delivery.ts';
import type { Store } from '../store/store.ts';
import type { SlackRender } from './slack-target.ts';

export interface RecordingSlackOptions extends Pick<Runtime, 'now' | 'log'> {
  readonly book: Pick<Store, 'viewConversation'>;
  readonly render: SlackRender;
}

/** The sandbox's Slack target: logs each message and sends nothing. */
export function recordingSlackTarget(options: RecordingSlackOptions): Target<SlackRequest> {
  const { book, render, now, log } = options;
  return {
    send: async (request, { deliveryId, conversation }) => {
      const story = await book.viewConversation(request.kind === 'slack' ? (conversation ?? '') : request.conversation, now());
      const text = request.kind === 'slack_reply' || story === undefined ? '' : render.story(story).text;
      const channel = story?.channel ?? '';
      const what = request.kind === 'slack_update' ? 'a change of a message recorded' : 'a message recorded';
      log.info(
        { delivery: deliveryId, channel, text: request.kind === 'slack_reply' ? request.text : text },
        `${what}, not sent (sandbox)`,
      );
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
