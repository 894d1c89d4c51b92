import type { MessageBatch, QueueMessage, WebhookQueue } from 'cloudflare:workers';
import { gunzipSync, gzipSync } from 'node:zlib';
import * as z from 'zod';
import { messageOf } from '../../src/lib/error-message.ts';
import { err, ok, type Result } from '../../src/lib/result.ts';
import type { Logger } from '../log/log.ts';

/**
 * Webhooks whose object did not take them, in a queue of Cloudflare. They were authenticated before they went in, and nothing
 * but this Worker writes to the queue.
 */
export interface QueuedWebhook {
  /** Of the event that it becomes; sorts by time. */
  readonly id: string;
  readonly source: string;
  /** Milliseconds since 1970. */
  readonly receivedAt: number;
  readonly contentType: string | undefined;
  readonly body: Uint8Array;
}

/** What is in the queue. Another version of the Worker may read it. */
const messageSchema = z.object({
  version: z.literal(1),
  id: z.string(),
  source: z.string(),
  receivedAt: z.number(),
  contentType: z.string().optional(),
  gzip: z.instanceof(Uint8Array),
});

/** A message has at most 128 KB, 100 bytes of which are Cloudflare's (Cloudflare documentation, "Queues: limits"). The rest is room for the other fields. */
const LARGEST_GZIP = 126_000;
/** No body is longer: `MOST_BODY_BYTES`, with room. */
const LARGEST_BODY = 2_000_000;
const FIRST_RETRY_S = 10;
const LAST_RETRY_S = 3_600;

/** Puts a webhook into the queue. The error says why it is not in it. */
export async function enqueue(queue: WebhookQueue, { body, contentType, ...fields }: QueuedWebhook): Promise<Result<void, string>> {
  const gzip = new Uint8Array(gzipSync(body));
  if (gzip.byteLength > LARGEST_GZIP) return err(`compressed it has ${gzip.byteLength} bytes, and a message of the queue at most 128 KB`);
  try {
    const message = { version: 1, ...fields, ...(contentType === undefined ? {} : { contentType }), gzip };
    await queue.send(message, { contentType: 'v8' });
    return ok(undefined);
  } catch (error) {
    return err(`the queue did not take it: ${messageOf(error)}`);
  }
}

/** What became of a webhook that was handed over: `unreachable`: nothing of its source can be stored now; `failed`: this one cannot. */
export type HandedOver = 'done' | 'failed' | 'unreachable';

export interface ConsumerOptions {
  /** Hands a webhook to its object. */
  readonly handOver: (webhook: QueuedWebhook) => Promise<HandedOver>;
  readonly log: Logger;
}

/**
 * Hands a batch over: each source's webhooks one after another, in the order in which they arrived. When a source cannot be
 * reached, its later ones wait with the one that failed, for the same time.
 */
export async function consume(batch: MessageBatch, options: ConsumerOptions): Promise<void> {
  const bySource = new Map<string, Received[]>();
  for (const message of batch.messages) {
    const webhook = read(message);
    if (webhook.ok)
      bySource.set(webhook.value.source, [...(bySource.get(webhook.value.source) ?? []), { message, webhook: webhook.value }]);
    else {
      options.log.error({ message: message.id, attempts: message.attempts }, `a message of the queue cannot be read: ${webhook.error}`);
      message.retry({ delaySeconds: retryDelaySeconds(message.attempts) });
    }
  }
  await Promise.all([...bySource.values()].map((received) => handOverInOrder(received, options)));
}

interface Received {
  readonly message: QueueMessage;
  readonly webhook: QueuedWebhook;
}

async function handOverInOrder(received: readonly Received[], { handOver, log }: ConsumerOptions): Promise<void> {
  let waitS: number | undefined;
  for (const { message, webhook } of received.toSorted((a, b) => (a.webhook.id < b.webhook.id ? -1 : 1))) {
    if (waitS !== undefined) {
      message.retry({ delaySeconds: waitS });
      continue;
    }
    const result = await handOver(webhook);
    if (result === 'done') {
      message.ack();
      continue;
    }
    const delaySeconds = retryDelaySeconds(message.attempts);
    message.retry({ delaySeconds });
    if (result === 'unreachable') waitS = delaySeconds;
    const { source, id: event } = webhook;
    log.error(
      { source, event, attempts: message.attempts, retryInSeconds: delaySeconds },
      'a webhook from the queue could not be stored yet',
    );
  }
}

/**
 * Twice as long each time, at most an hour: a hundred attempts, which is all that a queue makes, take four days, as long as a queue
 * keeps a message by default (Cloudflare documentation, "Queues: limits").
 *
 * @param attempts how often the message was delivered; at least 1
 */
export function retryDelaySeconds(attempts: number): number {
  return Math.min(LAST_RETRY_S, FIRST_RETRY_S * 2 ** Math.min(20, Math.max(0, attempts - 1)));
}

function read({ body }: QueueMessage): Result<QueuedWebhook, string> {
  const message = messageSchema.safeParse(body);
  if (!message.success) return err('it was written by another version');
  const { gzip, version: _, contentType, ...fields } = message.data;
  try {
    return ok({ ...fields, contentType, body: new Uint8Array(gunzipSync(gzip, { maxOutputLength: LARGEST_BODY })) });
  } catch (error) {
    return err(messageOf(error));
  }
}
