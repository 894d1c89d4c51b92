import type { PriorResult } from '../outbox/target.ts';
import type { SlackClient } from './client.ts';

/** Looks for messages of ours by the metadata that they were posted with. */

type Client = ReturnType<SlackClient>;

const EVENT_TYPE = 'wandb_relay_delivery';
/** Slack recommends at most 200 of anything a page. */
const PAGE = 200;
const PAGES = 10;
/** Slack's clock and ours may differ by this much before signed requests stop working as well. */
const CLOCK_DIFFERENCE_MS = 300_000;

/** What a message carries, so that it is found again: nothing but the delivery's id. */
export function deliveryMetadata(deliveryId: string) {
  return { event_type: EVENT_TYPE, event_payload: { delivery_id: deliveryId } } as const;
}

export interface Search {
  readonly deliveryId: string;
  /** Messages from before are not what is looked for. Milliseconds since 1970. */
  readonly since: number;
}

type PostTarget =
  | { readonly method: 'conversations.history'; readonly channel: string }
  | { readonly method: 'conversations.replies'; readonly channel: string; readonly ts: string };

/** Looks through a channel, or a thread with its head. Rejects with the client's error when it may not. */
export async function findMessage(client: Client, { method, ...place }: PostTarget, search: Search): Promise<PriorResult> {
  const oldest = Math.max(0, (search.since - CLOCK_DIFFERENCE_MS) / 1000).toFixed(6);
  const parameters = { ...place, oldest, include_all_metadata: true, limit: PAGE };
  let cursor: string | undefined;
  for (let page = 0; page < PAGES; page++) {
    const answer = await client.apiCall(method, { ...parameters, ...(cursor === undefined ? {} : { cursor }) });
    const ours = listIn(answer, 'messages').find((message) => deliveryIn(message) === search.deliveryId);
    if (ours !== undefined) return { outcome: 'found', run: null, message: { channel: place.channel, ts: String(field(ours, 'ts')) } };
    cursor = nextCursor(answer);
    if (cursor === undefined) return { outcome: 'not_found' };
  }
  return { outcome: 'unknowable', detail: `there are more than ${PAGES * PAGE} messages since` };
}

/** The id of a channel by its name; `undefined` when the app sees none. Rejects with the client's error when it may not look. */
export async function findChannelId(client: Client, channel: string, types: string): Promise<string | undefined> {
  const name = channel.replace(/^#/, '');
  let cursor: string | undefined;
  for (let page = 0; page < PAGES; page++) {
    const parameters = { types, exclude_archived: true, limit: PAGE, ...(cursor === undefined ? {} : { cursor }) };
    const answer = await client.apiCall('conversations.list', parameters);
    const known = listIn(answer, 'channels').find((one) => field(one, 'name') === name);
    if (known !== undefined) return String(field(known, 'id'));
    cursor = nextCursor(answer);
    if (cursor === undefined) return undefined;
  }
  return undefined;
}

function deliveryIn(message: unknown): unknown {
  const metadata = field(message, 'metadata');
  return field(metadata, 'event_type') === EVENT_TYPE ? field(field(metadata, 'event_payload'), 'delivery_id') : undefined;
}

export function nextCursor(answer: unknown): string | undefined {
  const cursor = field(field(answer, 'response_metadata'), 'next_cursor');
  return typeof cursor === 'string' && cursor !== '' ? cursor : undefined;
}

function listIn(answer: unknown, name: string): readonly unknown[] {
  const list = field(answer, name);
  return Array.isArray(list) ? list : [];
}

/** A field of something that Slack answered. */
export function field(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>)[name] : undefined;
}
