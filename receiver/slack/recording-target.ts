import type { SlackRequest } from '../../src/route/target.ts';
import type { Logger } from '../log/log.ts';
import type { Target } from '../outbox/target.ts';
import type { PostedMessage } from '../store/delivery.ts';
import type { Store } from '../store/store.ts';
import { replyText } from './alert-text.ts';
import type { SlackRender } from './slack-target.ts';

/** The sandbox's Slack: writes down what it would say, and says nothing. */
export function recordingSlackTarget(options: {
  readonly book: Pick<Store, 'viewConversation'>;
  readonly render: SlackRender;
  readonly now: () => number;
  readonly log: Logger;
}): Target<SlackRequest> {
  const { book, render, now, log } = options;
  return {
    send: async (request, { deliveryId, conversation }) => {
      const story = await book.viewConversation(request.kind === 'slack' ? (conversation ?? '') : request.conversation, now());
      const text = request.kind === 'slack_reply' || story === undefined ? '' : render.story(story).text;
      const channel = story?.channel ?? '';
      const what = request.kind === 'slack_update' ? 'a change of a message recorded' : 'a message recorded';
      log.info(
        { delivery: deliveryId, channel, text: request.kind === 'slack_reply' ? replyText(request) : text },
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
