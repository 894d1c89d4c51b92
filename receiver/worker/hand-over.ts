import { DEFAULT_SOURCE } from '../../src/event/event.ts';
import { callObject, type RequestTarget } from './call-object.ts';
import type { HandedOver, QueuedWebhook } from './webhook-queue.ts';

/**
 * Hands a webhook from the queue to the object of its source. The object keeps its time of arrival, and knows by its id
 * whether it has it already: a queue may deliver a message twice, and the first attempt may have stored it.
 *
 * A source whose secret is gone by now still gets it: it was acknowledged.
 */
export async function handOver(webhook: QueuedWebhook, object: () => RequestTarget, basePath: string): Promise<HandedOver> {
  const { id, source, receivedAt, contentType, body } = webhook;
  const address = `https://queue.invalid${basePath}/webhooks/wandb${source === DEFAULT_SOURCE ? '' : `/${source}`}`;
  const headers = contentType === undefined ? undefined : { 'content-type': contentType };
  const result = await callObject({
    object,
    request: () => new Request(address, { method: 'POST', ...(headers === undefined ? {} : { headers }), body }),
    verified: { eventId: id, receivedAt, isRepeat: true },
    hasProof: false,
  });
  if (!result.ok) return 'unreachable';
  const { ok, status, body: answer } = result.value;
  await answer?.cancel();
  // What is no JSON was kept there as rejected.
  if (ok || status === 400 || status === 415) return 'done';
  return status === 503 ? 'unreachable' : 'failed';
}
