import type { KnownBlock } from '../slack/blocks.ts';
import type { MessageContext, SlackMessage } from '../slack/message.ts';
import type { ConversationView } from '../store/conversations.ts';
import type { DeliveryView, NewDelivery, NewEvent } from '../store/delivery.ts';

/**
 * The messages that an event would begin, by channel, each as if nothing else had been said about its subject. Whatever writes
 * messages is loaded only when there is one.
 */
export async function previewMessages(
  planned: NewEvent,
  wandb: ConversationView['events'][number]['event']['wandb'],
  context: MessageContext,
): Promise<ReadonlyMap<string, SlackMessage>> {
  const channels = new Set(
    planned.firings.flatMap(({ deliveries }) => deliveries.flatMap(({ conversation }) => conversation?.channel ?? [])),
  );
  if (channels.size === 0) return new Map();
  const { conversationMessage } = await import('../slack/message.ts');
  return new Map([...channels].map((channel) => [channel, conversationMessage(viewOf(planned, wandb, channel), context)]));
}

function viewOf(planned: NewEvent, wandb: ConversationView['events'][number]['event']['wandb'], channel: string): ConversationView {
  const { id, receivedAt, event, body, subjectKey, firings } = planned;
  const all = firings.flatMap(({ deliveries }) => deliveries);
  const texts = all.flatMap(({ request, conversation }) =>
    request?.kind === 'slack' && request.text !== null && conversation?.channel === channel ? [request.text] : [],
  );
  return {
    key: 'preview',
    channel,
    message: null,
    events: [
      {
        event: { id, receivedAt, outcome: 'routed', duplicateOf: null, event, body, wandb, subjectKey },
        deliveries: all.filter(({ conversation }) => conversation === undefined).map((delivery) => deliveryOf(delivery, planned)),
        approvals: firings.flatMap(({ approval, route, deliveries }) =>
          approval === undefined || !deliveries.some(({ state }) => state === 'held')
            ? []
            : [
                {
                  ...approval,
                  eventId: id,
                  route,
                  expiresAt: receivedAt + approval.expiresMs,
                  decision: null,
                  decidedBy: null,
                  decidedAt: null,
                },
              ],
        ),
        texts: [...new Set(texts)],
        promotion: null,
        message: null,
      },
    ],
    eventCount: 1,
    mutes: [],
    burst: null,
    lastReply: null,
  };
}

function deliveryOf(
  { id, route, target, credential, state, reason, request }: NewDelivery,
  { id: eventId, receivedAt }: NewEvent,
): DeliveryView {
  return {
    id,
    eventId,
    route,
    target,
    credential,
    state,
    attempts: 0,
    createdAt: receivedAt,
    updatedAt: receivedAt,
    dueAt: null,
    reason: reason ?? null,
    runUrl: null,
    request,
    run: null,
    message: null,
  };
}

/** What a message says, a line for each part of it, without Slack's markup. */
export function readableLines(blocks: readonly KnownBlock[]): readonly string[] {
  return blocks.flatMap((block): string[] => {
    switch (block.type) {
      case 'header':
        return [plain(block.text.text)];
      case 'section':
        return [block.text, ...(block.fields ?? [])].flatMap((text) => (text === undefined ? [] : [plain(text.text)]));
      case 'context':
        return [block.elements.map((element) => ('text' in element ? plain(element.text) : '')).join(' · ')];
      case 'actions': {
        const labels = block.elements.flatMap((element) =>
          'text' in element && typeof element.text === 'object' ? [element.text.text] : [],
        );
        return labels.length === 0 ? [] : [labels.map((label) => `[${label}]`).join(' ')];
      }
      default:
        return [];
    }
  });
}

/** The signs that our messages have; others stay as Slack writes them. */
const SIGNS: Readonly<Record<string, string>> = {
  alarm_clock: '⏰',
  arrow_forward: '▶',
  arrows_counterclockwise: '🔄',
  bar_chart: '📊',
  heavy_minus_sign: '➖',
  heavy_multiplication_x: '✖',
  hourglass_flowing_sand: '⏳',
  no_bell: '🔕',
  no_entry_sign: '🚫',
  package: '📦',
  raised_hand: '✋',
  warning: '⚠',
  white_check_mark: '✅',
  x: '❌',
};

/** Links as their texts, without stars for bold, then Slack's escapes (Slack documentation, "Formatting text for app surfaces"). */
function plain(mrkdwn: string): string {
  return mrkdwn
    .replace(/<([^<>|]*)\|([^<>]*)>/g, '$2')
    .replace(/<([^<>]*)>/g, '$1')
    .replace(/\*([^*\n]+)\*/g, '$1')
    .replace(/:([a-z_]+):/g, (whole, name: string) => SIGNS[name] ?? whole)
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&amp;', '&');
}
