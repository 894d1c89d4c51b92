import type { KnownBlock } from '../../../receiver/slack/blocks.ts';
import type { MessageContext } from '../../../receiver/slack/message.ts';
import type { ApprovalView } from '../../../receiver/store/approvals.ts';
import type { ConversationEvent, ConversationView } from '../../../receiver/store/conversations.ts';
import type { DeliveryView, EventView } from '../../../receiver/store/delivery.ts';
import type { RunView } from '../../../receiver/store/run.ts';
import type { RelayEvent } from '../../../src/event/event.ts';

/** 2026-11-21 03:00 UTC. */
export const T0 = Date.UTC(2026, 10, 21, 3);
export const MINUTE = 60_000;

export const CONTEXT: MessageContext = {
  wandbAppUrl: 'https://forge.coreweave.com/wandb',
  githubUrl: 'https://github.com',
  now: T0 + 10 * MINUTE,
};

export const ALIAS_EVENT: RelayEvent = {
  type: 'add_artifact_alias',
  source: 'default',
  entity: 'acme',
  project: 'vision',
  collection: 'resnet50',
  version: 'v12',
  alias: 'production',
  author: 'ada',
};

export function eventView(event: RelayEvent = ALIAS_EVENT, more: Partial<EventView> = {}): EventView {
  return {
    id: 'event-1',
    receivedAt: T0,
    outcome: 'routed',
    duplicateOf: null,
    event,
    body: '{}',
    wandb: undefined,
    subjectKey: 'subject-1',
    ...more,
  };
}

export function deliveryView(more: Partial<DeliveryView> = {}): DeliveryView {
  return {
    id: 'delivery-1',
    eventId: 'event-1',
    route: 'deploy',
    target: 'repository_dispatch:acme/deploy',
    credential: 'github',
    state: 'delivered',
    attempts: 1,
    createdAt: T0,
    updatedAt: T0 + MINUTE,
    dueAt: null,
    reason: null,
    runUrl: null,
    request: { kind: 'repository_dispatch', repository: 'acme/deploy', event_type: 'deploy', client_payload: {} },
    run: null,
    message: null,
    ...more,
  };
}

export function runView(more: Partial<RunView> = {}): RunView {
  return {
    id: '99',
    url: 'https://github.com/acme/deploy/actions/runs/99',
    status: 'queued',
    conclusion: null,
    attempt: 1,
    startedAt: null,
    endedAt: null,
    ...more,
  };
}

export function approvalView(more: Partial<ApprovalView> = {}): ApprovalView {
  return {
    eventId: 'event-1',
    route: 'deploy',
    channel: '#ml-deploys',
    by: null,
    allowSelf: true,
    expiresMs: 24 * 60 * MINUTE,
    expiresAt: T0 + 24 * 60 * MINUTE,
    decision: null,
    decidedBy: null,
    decidedAt: null,
    ...more,
  };
}

export function conversationEvent(more: Partial<ConversationEvent> = {}): ConversationEvent {
  return { event: eventView(), deliveries: [deliveryView()], approvals: [], texts: [], promotion: null, message: null, ...more };
}

export function conversationOf(
  events: readonly ConversationEvent[] = [conversationEvent()],
  more: Partial<ConversationView> = {},
): ConversationView {
  return {
    key: 'conversation-1',
    channel: '#ml-deploys',
    message: null,
    events,
    eventCount: events.length,
    mutes: [],
    burst: null,
    lastReply: null,
    ...more,
  };
}

/** The blocks as a reader sees them: a line for each paragraph, `[Approve]` for a button, `(⋯ …)` for a menu; dates in UTC. */
export function readable(blocks: readonly KnownBlock[]): string[] {
  return blocks
    .flatMap((block) => {
      switch (block.type) {
        case 'section': {
          const fields = (block.fields ?? []).map((field) => field.text.replaceAll('\n', ' '));
          const menu =
            block.accessory?.type === 'overflow' ? [`(⋯ ${block.accessory.options.map(({ text }) => text.text).join(' | ')})`] : [];
          return [
            ...(block.text === undefined ? [] : block.text.text.split('\n')),
            ...(fields.length > 0 ? [fields.join(' | ')] : []),
            ...menu,
          ];
        }
        case 'context':
          return [`_${block.elements.map((element) => ('text' in element ? element.text : '')).join(' · ')}_`];
        case 'actions':
          return [
            block.elements
              .map((element) => ('text' in element && element.text !== undefined ? `[${(element.text as { text: string }).text}]` : ''))
              .join(' '),
          ];
        case 'header':
          return [`# ${block.text.text}`];
        default:
          return [`--- ${block.type}`];
      }
    })
    .map((line) => line.replace(/<!date\^[^|]*\|([^>]*)>/g, '$1').replaceAll(/:[a-z_]+: /g, ''));
}
