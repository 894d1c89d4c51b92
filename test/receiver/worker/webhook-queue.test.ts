import { reset } from 'cloudflare:test';
import type { ObjectStub, QueueMessage, WebhookQueue } from 'cloudflare:workers';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { silentLogger } from '../../../receiver/log/log.ts';
import type { EventView } from '../../../receiver/store/delivery.ts';
import { callObject, type RequestTarget } from '../../../receiver/worker/call-object.ts';
import { front } from '../../../receiver/worker/front.ts';
import { handOver } from '../../../receiver/worker/hand-over.ts';
import { bundledConfig, setUp } from '../../../receiver/worker/setup.ts';
import { consume, enqueue, type HandedOver, type QueuedWebhook, retryDelaySeconds } from '../../../receiver/worker/webhook-queue.ts';
import { aliasBody, signedHeaders } from '../../stand-ins/wandb-sender.ts';
import { RelayObject } from './main.ts';
import text from './tested-config.ts';
import { admin, crash, objectOf, post, SECRET } from './worker-in-test.ts';

afterEach(async () => {
  vi.restoreAllMocks();
  await reset();
});

/** A body that says nothing of what it is about. */
const UNKNOWN = '{"hello":"world"}';
const ARRIVED = Date.parse('2026-11-01T10:00:00Z');

async function events(source = 'default'): Promise<EventView[]> {
  return (await admin(`/events?source=${source}`)).body.events as EventView[];
}

function webhook(id: string, source = 'default', body = UNKNOWN): QueuedWebhook {
  return { id, source, receivedAt: ARRIVED, contentType: 'application/json', body: new TextEncoder().encode(body) };
}

describe('a webhook whose object does not answer', () => {
  test('is answered with 202, and stored once the object answers, with its id and time of arrival', async () => {
    const failing = vi.spyOn(RelayObject.prototype, 'receiveVerified').mockRejectedValue(new Error('the test says no'));
    const before = Date.now();
    const answer = await post(aliasBody('v12'));
    const after = Date.now();

    expect(answer).toMatchObject({ status: 202, body: { status: 'queued', detail: expect.stringContaining('kept in a queue') } });
    failing.mockRestore();
    const [event] = await vi.waitFor(async () => {
      const stored = await events();
      expect(stored).toHaveLength(1);
      return stored;
    }, 60_000);
    expect(event).toMatchObject({ id: answer.body.id, outcome: 'routed' });
    expect(event?.receivedAt).toBeGreaterThanOrEqual(before);
    expect(event?.receivedAt).toBeLessThanOrEqual(after);
  });

  test.each([
    ['of a known type', JSON.stringify(aliasBody('v13'))],
    ['of type unknown, which is never a duplicate', UNKNOWN],
  ])('is one event when it was stored and only the answer was lost: %s', async (_what, body) => {
    const receive = RelayObject.prototype.receiveVerified;
    const statuses: number[] = [];
    vi.spyOn(RelayObject.prototype, 'receiveVerified').mockImplementation(async function (this: InstanceType<typeof RelayObject>, ...call) {
      const answer = await receive.apply(this, call);
      statuses.push(answer.status);
      if (statuses.length > 1) return answer;
      throw new Error('the answer is lost');
    });
    const answer = await post(body);

    expect(answer).toMatchObject({ status: 202, body: { status: 'queued' } });
    await vi.waitFor(() => expect(statuses).toEqual([202, 200]), 60_000);
    expect((await events()).map(({ id }) => id)).toEqual([answer.body.id]);
  });

  test('is one event when the queue delivers it twice, also at once, and when the object crashed in between', async () => {
    const deliver = () => handOver(webhook('0197-first'), () => objectOf(), '');

    expect(await Promise.all([deliver(), deliver()])).toEqual(['done', 'done']);
    await crash();
    expect(await deliver()).toBe('done');
    expect((await events()).map(({ id, receivedAt }) => [id, receivedAt])).toEqual([['0197-first', ARRIVED]]);
  });

  test('does not take an alias back from a version that got it while it waited', async () => {
    await post(aliasBody('v2'));
    const older = webhook('0197-older', 'default', JSON.stringify(aliasBody('v1')));

    expect(await handOver(older, () => objectOf(), '')).toBe('done');
    expect((await events()).map(({ event }) => event.version)).toEqual(['v1', 'v2']);
    expect((await admin('/aliases')).body).toMatchObject({ aliases: [{ holder: { version: 'v2' } }] });
  });

  test('is done when the object cannot read it, and kept there', async () => {
    expect(await handOver(webhook('0197-broken', 'default', '{'), () => objectOf(), '')).toBe('done');
    expect((await admin('/rejected')).body).toMatchObject({ rejected: [{ status: 400 }] });
  });
});

describe('the Worker before an object that fails', () => {
  const failing = (answer: RequestTarget['receiveVerified']): (() => RequestTarget) => {
    const object = { receiveVerified: answer, fetch: async () => new Response('no', { status: 500 }) };
    return () => object;
  };
  // The front asks no more of it here.
  const ask = (target: () => RequestTarget, queue: WebhookQueue | undefined, body = UNKNOWN) => {
    const setup = setUp(bundledConfig(text), { WANDB_WEBHOOK_SECRET: SECRET, GITHUB_TOKEN: 'ghp_of_a_test_only' });
    if (!setup.ok) throw new Error(setup.error.join('; '));
    const settings = { ...setup.value.settings, maxBodyBytes: 1_000_000 };
    const randomBytes = () => crypto.getRandomValues(new Uint8Array(16));
    const answer = front({
      setup: { ...setup.value, settings },
      objectOf: () => target() as ObjectStub,
      queue,
      log: silentLogger,
      now: Date.now,
      randomBytes,
    });
    return answer(new Request('https://relay.test/webhooks/wandb', { method: 'POST', body, headers: signedHeaders(body, SECRET) }), {});
  };
  const full: WebhookQueue = { send: () => Promise.reject(new Error('too many')) };
  const working = () => {
    const sent: unknown[] = [];
    return { sent, queue: { send: async (message: unknown) => sent.push(message) } };
  };
  const retryable = () => Object.assign(new Error('moved'), { retryable: true });

  test('tries three times what may work again, under one id, and then queues it', async () => {
    const calls: unknown[] = [];
    const { sent, queue } = working();
    const answer = await ask(
      failing(async (_request, verified) => {
        calls.push(verified);
        throw retryable();
      }),
      queue,
    );

    const { id } = (await answer.json()) as { id: string };
    expect(calls).toEqual([{ eventId: id }, { eventId: id, isRepeat: true }, { eventId: id, isRepeat: true }]);
    expect([answer.status, sent]).toEqual([202, [expect.objectContaining({ id, source: 'default', version: 1 })]]);
  });

  test('queues what the object could not store', async () => {
    const { sent, queue } = working();
    const answer = await ask(
      failing(async () => new Response('{}', { status: 503 })),
      queue,
    );
    expect([answer.status, sent.length]).toEqual([202, 1]);
  });

  test.each([
    ['no queue', undefined, UNKNOWN],
    ['a queue that takes nothing', full, UNKNOWN],
    ['a body that fits in no message', working().queue, JSON.stringify({ random: hex(400_000) })],
  ])('answers 503 when there is %s', async (_what, queue, body) => {
    const answer = await ask(
      failing(() => Promise.reject(new Error('gone'))),
      queue,
      body,
    );
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '5']);
  });

  test('sends the request as it came to an object whose code is older, which checks it itself', async () => {
    const old = () => Promise.reject(new TypeError('The RPC receiver does not implement the method "receiveVerified".'));
    const seen: (string | null)[] = [];
    const object = (status: number) => () => ({
      receiveVerified: old,
      fetch: async (request: Request) => {
        seen.push(request.headers.get('x-wandb-signature'));
        return new Response('{}', { status });
      },
    });
    const { sent, queue } = working();

    expect((await ask(object(202), undefined)).status).toBe(202);
    expect(seen).toEqual([signedHeaders(UNKNOWN, SECRET)['x-wandb-signature']]);
    // It has older secrets, too.
    expect((await ask(object(401), queue)).status).toBe(202);
    expect(sent).toHaveLength(1);
    expect(
      await callObject({ object: object(202), request: () => new Request('https://x.test'), verified: {}, hasProof: false }),
    ).toMatchObject({
      ok: false,
    });
  });
});

describe('a batch from the queue', () => {
  /** What is in the queue, and what became of it. */
  async function message(id: string, source = 'default', attempts = 1) {
    const sent: unknown[] = [];
    await enqueue({ send: async (body) => sent.push(body) }, webhook(id, source));
    return inQueue(id, sent[0], attempts);
  }
  function inQueue(id: string, body: unknown, attempts = 1): QueueMessage & { readonly became: string[] } {
    const became: string[] = [];
    return {
      id,
      body,
      attempts,
      became,
      ack: () => became.push('done'),
      retry: ({ delaySeconds }) => became.push(`again in ${delaySeconds} s`),
    };
  }
  async function run(messages: readonly QueueMessage[], answer: (webhook: QueuedWebhook) => HandedOver): Promise<string[]> {
    const order: string[] = [];
    await consume(
      { queue: 'webhooks', messages },
      {
        log: silentLogger,
        handOver: async (each) => {
          order.push(each.id);
          return answer(each);
        },
      },
    );
    return order;
  }

  test('is handed over in the order of arrival, source by source', async () => {
    const messages = [await message('3'), await message('1'), await message('2'), await message('0', 'other')];
    const order = await run(messages, () => 'done');

    expect(order.filter((id) => id !== '0')).toEqual(['1', '2', '3']);
    expect(messages.map(({ became }) => became)).toEqual(Array(4).fill(['done']));
  });

  test('keeps later webhooks of a source behind one that could not be handed over, and others not', async () => {
    const messages = [await message('1'), await message('2', 'default', 3), await message('3'), await message('4', 'other')];
    const order = await run(messages, ({ id }) => (id === '2' ? 'unreachable' : 'done'));

    expect(order).not.toContain('3');
    expect(messages.map(({ became }) => became)).toEqual([['done'], ['again in 40 s'], ['again in 40 s'], ['done']]);
  });

  test('does not let one that the object fails on hold up the others', async () => {
    const messages = [await message('1'), await message('2')];
    await run(messages, ({ id }) => (id === '1' ? 'failed' : 'done'));

    expect(messages.map(({ became }) => became)).toEqual([['again in 10 s'], ['done']]);
  });

  test('keeps what it cannot read', async () => {
    const messages = [inQueue('a', { version: 2 }), inQueue('b', 'text'), await message('1')];
    await run(messages, () => 'done');

    expect(messages.map(({ became }) => became)).toEqual([['again in 10 s'], ['again in 10 s'], ['done']]);
  });

  test('is retried for four days', () => {
    const delays = Array.from({ length: 100 }, (_, i) => retryDelaySeconds(i + 1));

    expect(delays.slice(0, 4)).toEqual([10, 20, 40, 80]);
    expect(Math.max(...delays)).toBe(3_600);
    expect(delays.reduce((sum, delay) => sum + delay) / 3_600).toBeGreaterThan(90);
  });
});

function hex(length: number): string {
  const bytes = new Uint8Array(length / 2);
  for (let at = 0; at < bytes.length; at += 65_536) crypto.getRandomValues(bytes.subarray(at, at + 65_536));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}
