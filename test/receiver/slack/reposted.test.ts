import { describe, expect, it } from 'vitest';
import { deliveryOf } from '../store/samples.ts';
import { type SlackWorld, slackDelivery, slackWorld } from './slack-world.ts';

/** Tells of `e1`, about which people are asked in a channel, and deletes the message. */
async function deletedQuestion(channel = '#ml'): Promise<SlackWorld> {
  const world = await slackWorld({ channels: ['ml', 'ops'] });
  const held = deliveryOf('h-e1', { orderKey: 'e1', state: 'held', route: 'tell' });
  await world.accept('e1', [slackDelivery('d-e1'), held], { channel, by: null, allowSelf: true, expiresMs: 3_600_000 });
  await world.drain();
  world.slack.remove('ml', (await world.conversation()).message?.ts ?? '');
  return world;
}

const update = (world: SlackWorld) => world.store.refreshConversations('e1', world.now());

describe('a message with an open question that somebody deleted', () => {
  it('is posted again by the update that finds it gone, and changed from then on', async () => {
    const world = await deletedQuestion();
    await update(world);
    const { delivery, ...posted } = await world.step();
    expect(posted).toMatchObject({ outcome: 'delivered', detail: expect.stringMatching(/message_not_found.*posted in #ml/) });
    const [message, ...more] = world.slack.messages('ml');
    expect(message).toMatchObject({ text: '1 event(s): e1', threadTs: null, metadata: { event_payload: { delivery_id: delivery } } });
    expect([more, await world.drain()]).toEqual([[], []]);
    expect((await world.conversation()).message).toEqual({ channel: message?.channel, ts: message?.ts });

    const decision = { eventId: 'e1', route: 'tell', decision: 'rejected', by: 'ada', at: world.now() } as const;
    expect(await world.store.decide(decision)).toMatchObject({ done: true });
    expect((await world.drain()).map(({ detail }) => detail)).toEqual(['updated the message in #ml']);
    expect(world.slack.messages('ml')).toMatchObject([{ ts: message?.ts, edits: 1 }]);
  });

  it('is not posted again when people are asked elsewhere', async () => {
    const world = await deletedQuestion('#ops');
    await update(world);
    expect((await world.drain()).map(({ detail }) => detail)).toEqual([expect.stringContaining('the next event posts a new one')]);
    expect(world.slack.messages('ml')).toEqual([]);
  });

  it('is not posted again when the question has been answered', async () => {
    const world = await deletedQuestion();
    await world.store.decide({ eventId: 'e1', route: 'tell', decision: 'rejected', by: 'ada', at: world.now() });
    await world.drain();
    expect(world.slack.messages('ml')).toEqual([]);
    expect((await world.conversation()).message).toBeNull();
  });

  it('is looked for after an attempt whose answer was lost, and not posted twice', async () => {
    const world = await deletedQuestion();
    world.slack.fail({ method: 'chat.postMessage', status: 502, applied: true });
    await update(world);
    expect(await world.step()).toMatchObject({ outcome: 'failed', ambiguous: true });
    await world.accept('e2');
    const found = await world.step();
    const head = world.slack.messages('ml')[0];
    expect(found).toMatchObject({ outcome: 'delivered', found: true, message: { channel: head?.channel, ts: head?.ts } });
    await world.drain();
    expect(world.slack.messages('ml').map(({ text, threadTs }) => [text, threadTs])).toEqual([
      ['2 event(s): e1, e2', null],
      ['then e2', head?.ts],
    ]);
  });

  it('is posted by a later attempt when the first one did not get through', async () => {
    const world = await deletedQuestion();
    world.slack.fail({ method: 'chat.postMessage', status: 502 });
    await update(world);
    expect(await world.step()).toMatchObject({ outcome: 'failed' });
    expect((await world.drain()).map(({ outcome }) => outcome)).toEqual(['delivered']);
    expect(world.slack.messages('ml')).toMatchObject([{ text: '1 event(s): e1', threadTs: null }]);
    expect((await world.conversation()).message).not.toBeNull();
  });

  it('is not posted by a later attempt once the question has been answered', async () => {
    const world = await deletedQuestion();
    world.slack.fail({ method: 'chat.postMessage', error: 'ratelimited' });
    await update(world);
    expect(await world.step()).toMatchObject({ outcome: 'limited' });
    await world.store.decide({ eventId: 'e1', route: 'tell', decision: 'rejected', by: 'ada', at: world.now() });
    expect((await world.drain()).map(({ detail }) => detail)).toEqual(['there is no message to update']);
    expect(world.slack.messages('ml')).toEqual([]);
  });
});
