import * as z from 'zod';
import type { ConversationStore } from '../store/conversations.ts';
import type { BoltApp } from './bolt.ts';

/**
 * What Slack delivers at least once is acted upon once, in HTTP and in Socket Mode alike.
 *
 * A retry of HTTP is signed again, and a retry of Socket Mode has an envelope of its own, so neither shows that it is one.
 * What stays the same is the event's `event_id` (Slack, "Events API": retries), and the `trigger_id` of what a person
 * pressed, typed or submitted (Slack, "Handling user interaction").
 */

const deliveredSchema = z.object({
  type: z.string().max(100).optional(),
  event_id: z.string().optional(),
  trigger_id: z.string().optional(),
});
/** Slack's have fewer than a hundred characters. */
const MAX_ID = 200;

/** Names one thing that happened in Slack, whichever way and however often it is delivered; `undefined` for what has no name. */
export function onceKey(body: unknown): string | undefined {
  const { data } = deliveredSchema.safeParse(body);
  if (data === undefined) return undefined;
  const { type = 'command', event_id: eventId, trigger_id: triggerId } = data;
  const id = type === 'event_callback' ? eventId : triggerId;
  return id === undefined || id === '' || id.length > MAX_ID ? undefined : `slack:${type}:${id}`;
}

/** Ends here what was received before; it is acknowledged, so that Slack sends it no more. */
export function onlyOnce(app: BoltApp, store: Pick<ConversationStore, 'firstSeen'>, now: () => number): void {
  app.use(async (args) => {
    const key = onceKey(args.body);
    if (key === undefined || (await store.firstSeen(key, now()))) return args.next();
    // Bolt has acknowledged events by now.
    if ('ack' in args && typeof args.ack === 'function') await args.ack();
  });
}
