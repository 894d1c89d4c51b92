import { describe, expect, it } from 'vitest';
import { STAND_IN_SCOPES } from '../../stand-ins/slack.ts';
import { accept, deliveryOf, eventOf } from '../store/samples.ts';
import { slackDelivery, slackWorld } from './slack-world.ts';

describe('events in Slack', () => {
  it('posts a message of the whole conversation, without previews and with what finds it again', async () => {
    const world = await slackWorld();
    await world.accept('e1');
    const { outcome, message, detail } = await world.step();
    expect([outcome, detail]).toEqual(['delivered', 'posted in #ml']);
    const id = world.slack.channelId('ml');
    expect(world.slack.messages('ml')).toMatchObject([
      {
        channel: id,
        ts: message?.ts,
        threadTs: null,
        text: '1 event(s): e1',
        blocks: [{ type: 'section', text: { text: '1 event(s): e1' } }],
        metadata: { event_type: 'wandb_relay_delivery', event_payload: { delivery_id: 'd-e1' } },
        unfurls: { links: false, media: false },
      },
    ]);
    expect((await world.conversation()).message).toEqual({ channel: id, ts: message?.ts });
  });

  it('reports a later event in the thread, and brings the head up to date', async () => {
    const world = await slackWorld();
    await world.accept('e1');
    await world.drain();
    await world.accept('e2');
    const steps = await world.drain();
    expect(steps.map(({ detail }) => detail)).toEqual(['replied in the thread in #ml', 'updated the message in #ml']);
    const [head, reply, ...more] = world.slack.messages('ml');
    expect(head).toMatchObject({ text: '2 event(s): e1, e2', blocks: [{ text: { text: '2 event(s): e1, e2' } }], edits: 1 });
    expect(reply).toMatchObject({
      text: 'then e2',
      threadTs: head?.ts,
      broadcast: false,
      metadata: { event_payload: { delivery_id: 'd-e2' } },
    });
    expect(more).toEqual([]);
    expect((await world.conversation()).events[1]?.message).toEqual({ channel: reply?.channel, ts: reply?.ts });
  });

  it('reports every event, also of more than its head lists that came while Slack was down', async () => {
    const world = await slackWorld();
    const ids = Array.from({ length: 20 }, (_, n) => `e${n}`);
    for (const id of ids) await world.accept(id);
    const steps = await world.drain();
    expect(steps.filter(({ outcome }) => outcome !== 'delivered')).toEqual([]);
    expect(
      world.slack
        .messages('ml')
        .map(({ text }) => text)
        .slice(1),
    ).toEqual(ids.slice(1).map((id) => `then ${id}`));
  });

  it('shows a reply in the channel as well when people are asked there', async () => {
    const world = await slackWorld();
    const asking = (channel: string) => ({ channel, by: null, allowSelf: true, expiresMs: 3_600_000 });
    const held = (id: string) => deliveryOf(`h-${id}`, { orderKey: id, state: 'held' });
    await world.accept('e1');
    await world.drain();
    await world.accept('e2', [slackDelivery('d-e2'), held('e2')], asking('#ml'));
    await world.accept('e3', [slackDelivery('d-e3'), held('e3')], asking('#elsewhere'));
    await world.drain();
    expect(world.slack.messages('ml').map(({ text, broadcast }) => [text, broadcast])).toEqual([
      ['3 event(s): e1, e2, e3', false],
      ['then e2', true],
      ['then e3', false],
    ]);
  });

  it('reports an event once when several routes do, with the texts of all of them', async () => {
    const world = await slackWorld();
    await world.accept('e1', [slackDelivery('d-1'), slackDelivery('d-2'), slackDelivery('d-3', { text: 'by the way' })]);
    const steps = await world.drain();
    expect(steps.slice(0, 3).map(({ outcome, detail }) => [outcome, detail])).toEqual([
      ['delivered', 'posted in #ml'],
      ['delivered', '#ml already has a message about this event'],
      ['delivered', '#ml already has a message about this event'],
    ]);
    expect(world.slack.messages('ml').map(({ text }) => text)).toEqual(['1 event(s): e1']);
    await world.accept('e2', [
      slackDelivery('d-4', { text: 'one' }),
      slackDelivery('d-5', { text: 'two' }),
      slackDelivery('d-6', { text: 'one' }),
    ]);
    await world.drain();
    expect(world.slack.messages('ml').map(({ text }) => text)).toEqual(['2 event(s): e1, e2', 'then e2: one two']);
  });

  it('keeps conversations apart, by channel and by conversation', async () => {
    const world = await slackWorld({ channels: ['ml', 'ops'] });
    await world.accept('e1', [
      slackDelivery('d-1'),
      slackDelivery('d-2', { channel: 'ops', key: 'b' }),
      slackDelivery('d-3', { key: 'c' }),
    ]);
    await world.drain();
    expect(world.slack.messages('ml').map(({ threadTs }) => threadTs)).toEqual([null, null]);
    expect(world.slack.messages('ops')).toHaveLength(1);
  });

  it('posts to a channel by its id', async () => {
    const world = await slackWorld();
    await world.accept('e1', [slackDelivery('d-1', { channel: world.slack.channelId('ml') })]);
    await world.drain();
    expect(world.slack.messages('ml')).toHaveLength(1);
  });

  it('refuses what has no conversation', async () => {
    const world = await slackWorld();
    const context = { deliveryId: 'd', eventId: 'e', conversation: 'unknown', attempts: 0, signal: AbortSignal.timeout(5_000) };
    const request = { kind: 'slack', channel: '#ml', text: null, thread: true } as const;
    expect(await world.target.send(request, context)).toMatchObject({
      outcome: 'refused',
      detail: expect.stringContaining('no longer stored'),
    });
    expect(world.slack.calls).toEqual([]);
  });
});

describe('replies and updates', () => {
  it('says one thing in the thread, cut to what Slack takes', async () => {
    const world = await slackWorld();
    await world.accept('e1');
    await world.drain();
    const reply = {
      ...slackDelivery('d-r'),
      request: { kind: 'slack_reply', conversation: 'conversation', text: `${'x'.repeat(2996)}&amp;${'y'.repeat(50)}` } as const,
    };
    await world.accept('e2', [reply]);
    expect((await world.step()).detail).toBe('replied in the thread in #ml');
    const text = `${'x'.repeat(2996)}…`;
    expect(world.slack.messages('ml')[1]).toMatchObject({
      text,
      blocks: [{ type: 'section', text: { type: 'mrkdwn', text, verbatim: true } }],
      threadTs: world.slack.messages('ml')[0]?.ts,
      unfurls: { links: false, media: false },
    });
  });

  describe('an alert', () => {
    const alert = {
      problem: 'not_dispatched',
      target: 'repository_dispatch:acme/deploy',
      route: 'deploy',
      reason: 'no such repository',
      subject: { source: 'default', type: 'add_artifact_alias' },
      broadcast: true,
    } as const;
    const TEXT = 'not_dispatched repository_dispatch:acme/deploy: no such repository';
    const alertIn = (conversation: string, changes: { broadcast?: boolean } = {}) => ({
      ...slackDelivery('d-r', { key: conversation }),
      request: { kind: 'slack_reply', conversation, alert: { ...alert, ...changes } } as const,
    });

    it.each([true, false])('is a reply in the thread that the channel shows as well: %s', async (broadcast) => {
      const world = await slackWorld();
      await world.accept('e1');
      await world.drain();
      await world.accept('e2', [alertIn('conversation', { broadcast })]);
      await world.step();
      const [head, reply] = world.slack.messages('ml');
      expect(reply).toMatchObject({ text: TEXT, threadTs: head?.ts, broadcast });
    });

    it('stays in the thread where the app may not show it in the channel', async () => {
      const world = await slackWorld();
      await world.accept('e1');
      await world.drain();
      world.slack.fail({ method: 'chat.postMessage', error: 'cant_broadcast_message' });
      await world.accept('e2', [alertIn('conversation')]);
      expect(await world.step()).toMatchObject({ outcome: 'delivered' });
      expect(world.slack.messages('ml')[1]).toMatchObject({ text: TEXT, broadcast: false });
    });

    it('is a message by itself where there is nothing to reply to, and does not become the message of a conversation', async () => {
      const world = await slackWorld();
      await world.accept('e1', [alertIn('conversation')]);
      expect(await world.step()).toMatchObject({ outcome: 'delivered' });
      expect(world.slack.messages('ml')).toMatchObject([{ text: TEXT, threadTs: null }]);
      expect((await world.conversation()).message).toBeNull();
    });

    it('of a conversation of its own has what follows in its thread', async () => {
      const world = await slackWorld();
      await world.accept('e1', [alertIn('alert:1')]);
      await world.step();
      await world.accept('e2', [{ ...alertIn('alert:1'), id: 'd-r2' }]);
      await world.step();
      const [first, second] = world.slack.messages('ml');
      expect([first?.threadTs, second?.threadTs]).toEqual([null, first?.ts]);
    });

    it('by itself is looked for after an unclear attempt, and not posted twice', async () => {
      const world = await slackWorld();
      world.slack.fail({ method: 'chat.postMessage', status: 502, applied: true });
      await world.accept('e1', [alertIn('alert:1')]);
      expect(await world.drain()).toMatchObject([{ outcome: 'failed' }, { outcome: 'delivered', found: true }]);
      expect(world.slack.messages('ml')).toHaveLength(1);
    });
  });

  it.each(['slack_reply', 'slack_update'] as const)('has nothing to do for %s without a message', async (kind) => {
    const world = await slackWorld();
    const request =
      kind === 'slack_reply'
        ? ({ kind, conversation: 'conversation', text: 'x' } as const)
        : ({ kind, conversation: 'conversation' } as const);
    await world.accept('e1', [{ ...slackDelivery('d-1'), request }]);
    expect(await world.step()).toMatchObject({ outcome: 'delivered', detail: expect.stringContaining('there is no message to') });
    expect(world.slack.calls).toEqual([]);
  });

  it('also sends to the channel what reports a failure, and nothing else', async () => {
    const world = await slackWorld();
    const run = (id: string, status: string) =>
      accept(
        world.store,
        eventOf(id, {
          subject: 'run',
          at: world.now(),
          event: { type: 'run_state', source: 'default', run: 'r', status },
          deliveries: [slackDelivery(`d-${id}`)],
        }),
      );
    for (const [id, status] of [
      ['e1', 'running'],
      ['e2', 'failed'],
      ['e3', 'running'],
    ] as const) {
      await run(id, status);
      await world.drain();
    }
    expect(world.slack.messages('ml').map(({ broadcast }) => broadcast)).toEqual([false, true, false]);
  });

  it('starts again when the message is gone', async () => {
    const world = await slackWorld();
    await world.accept('e1');
    await world.drain();
    world.slack.fail({ method: 'chat.update', error: 'message_not_found' });
    await world.store.refreshConversations('e1', world.now());
    expect(await world.drain()).toMatchObject([{ outcome: 'delivered', detail: expect.stringContaining('message_not_found') }]);
    expect((await world.conversation()).message).toBeNull();
    await world.accept('e2');
    await world.drain();
    expect(world.slack.messages('ml').map(({ text, threadTs }) => [text, threadTs])).toEqual([
      ['1 event(s): e1', null],
      ['2 event(s): e1, e2', null],
    ]);
  });

  it.each(['cant_update_message', 'edit_window_closed'])(
    'says in the thread, once, what the message cannot say any more: %s',
    async (error) => {
      const world = await slackWorld();
      await world.accept('e1');
      await world.drain();
      const head = world.slack.messages('ml')[0];
      const refused = Array.from({ length: 4 }, () => ({ method: 'chat.update', error }));
      world.slack.fail(...refused);
      for (let i = 0; i < 2; i++) {
        await world.store.refreshConversations('e1', world.now());
        await world.drain();
      }
      expect(world.slack.messages('ml').map(({ text, threadTs }) => [text, threadTs])).toEqual([
        ['1 event(s): e1', null],
        ['1 event(s): e1', head?.ts],
      ]);
      await world.accept('e2');
      const steps = await world.drain();
      expect(steps.at(-1)?.detail).toBe('the message in #ml can no longer be changed: replied in the thread in #ml');
      expect(world.slack.messages('ml').map(({ text, threadTs }) => [text, threadTs])).toEqual([
        ['1 event(s): e1', null],
        ['1 event(s): e1', head?.ts],
        ['then e2', head?.ts],
        ['2 event(s): e1, e2', head?.ts],
      ]);
    },
  );

  it('says what to do about a channel that was archived after the message', async () => {
    const world = await slackWorld();
    await world.accept('e1');
    await world.drain();
    world.slack.change('ml', { archived: true });
    await world.store.refreshConversations('e1', world.now());
    const [step] = await world.drain();
    expect([step?.outcome, step?.detail]).toEqual(['refused', expect.stringMatching(/is_archived.*#ml is archived. Unarchive it/)]);
  });

  it('makes a new head of a reply that Slack did not put in a thread, because the head was deleted', async () => {
    const world = await slackWorld();
    await world.accept('e1');
    await world.drain();
    world.slack.remove('ml', (await world.conversation()).message?.ts ?? '');
    await world.accept('e2');
    expect(await world.step()).toMatchObject({ outcome: 'delivered', detail: expect.stringContaining('has been deleted') });
    const [message, ...more] = world.slack.messages('ml');
    expect([message?.text, message?.threadTs, more]).toEqual(['2 event(s): e1, e2', null, []]);
    expect((await world.conversation()).message?.ts).toBe(message?.ts);
    await world.accept('e3');
    await world.drain();
    expect(world.slack.messages('ml')[1]).toMatchObject({ text: 'then e3', threadTs: message?.ts });
  });

  it('goes on in the thread of a deleted head that has replies', async () => {
    const world = await slackWorld();
    await world.accept('e1');
    await world.drain();
    await world.accept('e2');
    await world.accept('e3');
    await world.step();
    const head = (await world.conversation()).message?.ts ?? '';
    world.slack.remove('ml', head);
    // The update of the head comes after e3, and finds that it is gone.
    expect((await world.drain()).map(({ outcome }) => outcome)).toEqual(['delivered', 'delivered']);
    expect(world.slack.messages('ml').map(({ text, threadTs }) => [text, threadTs])).toEqual([
      ['then e2', head],
      ['then e3', head],
    ]);
    expect((await world.conversation()).message).toBeNull();
  });

  it('posts a head of its own when Slack refuses the thread', async () => {
    const world = await slackWorld();
    await world.accept('e1');
    await world.drain();
    world.slack.fail({ method: 'chat.postMessage', error: 'thread_not_found' });
    await world.accept('e2');
    expect(await world.step()).toMatchObject({ outcome: 'failed', ambiguous: false });
    expect((await world.step()).detail).toBe('posted in #ml');
    expect(world.slack.messages('ml').map(({ threadTs }) => threadTs)).toEqual([null, null]);
  });

  it('posts again when a message is replayed after somebody deleted it', async () => {
    const world = await slackWorld();
    await world.accept('e1');
    await world.drain();
    world.slack.remove('ml', (await world.conversation()).message?.ts ?? '');
    await world.store.refreshConversations('e1', world.now());
    await world.drain();
    await world.store.replay(['d-e1'], world.now());
    await world.drain();
    expect(world.slack.messages('ml').map(({ text }) => text)).toEqual(['1 event(s): e1']);
  });
});

describe('after an attempt whose answer was lost', () => {
  const lost = { method: 'chat.postMessage', status: 502, applied: true } as const;

  it('finds a head in the channel and does not post it again', async () => {
    const world = await slackWorld();
    world.slack.fail(lost);
    await world.accept('e1');
    expect(await world.step()).toMatchObject({ outcome: 'failed', ambiguous: true, status: 502 });
    const found = await world.step();
    const [message, ...more] = world.slack.messages('ml');
    expect(found).toMatchObject({ outcome: 'delivered', found: true, message: { channel: message?.channel, ts: message?.ts } });
    expect(more).toEqual([]);
    expect((await world.conversation()).message?.ts).toBe(message?.ts);
  });

  it.each([{ cut: true }, { silent: true }])('finds a reply in the thread and does not post it again: %o', async (how) => {
    const world = await slackWorld();
    await world.accept('e1');
    await world.drain();
    world.slack.fail({ method: 'chat.postMessage', applied: true, ...how });
    await world.accept('e2');
    expect(await world.step(300)).toMatchObject({ outcome: 'failed', ambiguous: true });
    expect(await world.step()).toMatchObject({ outcome: 'delivered', found: true });
    expect(world.slack.messages('ml').map(({ text }) => text)).toEqual(['1 event(s): e1', 'then e2']);
    expect(world.callsOf('chat.postMessage')).toHaveLength(2);
  });

  it('finds a reply that became a message of its own', async () => {
    const world = await slackWorld();
    await world.accept('e1');
    await world.drain();
    world.slack.remove('ml', (await world.conversation()).message?.ts ?? '');
    world.slack.fail(lost);
    await world.accept('e2');
    await world.step();
    expect(await world.step()).toMatchObject({ outcome: 'delivered', found: true });
    expect(world.slack.messages('ml')).toHaveLength(1);
  });

  it('looks through all pages, and only at what carries its own id', async () => {
    const world = await slackWorld();
    world.slack.fail(lost);
    await world.accept('e1');
    await world.step();
    const elsewhere = Array.from({ length: 205 }, (_, index) => slackDelivery(`d-other-${index}`, { key: `other ${index}` }));
    await world.accept('e2', elsewhere);
    const steps = await world.drain();
    expect(steps.find(({ delivery }) => delivery === 'd-e1')).toMatchObject({ outcome: 'delivered', found: true });
    expect(world.slack.messages('ml').filter(({ metadata }) => metadata?.event_payload.delivery_id === 'd-e1')).toHaveLength(1);
    expect(world.callsOf('conversations.history').map(({ args }) => args.cursor)).toEqual([undefined, 'page-200']);
  });

  it('posts again when nothing was posted', async () => {
    const world = await slackWorld();
    world.slack.fail({ method: 'chat.postMessage', status: 502 });
    await world.accept('e1');
    await world.step();
    expect(await world.step()).toMatchObject({
      outcome: 'delivered',
      detail: 'posted in #ml (sent again: nothing of the earlier attempt was found)',
    });
    expect(world.slack.messages('ml')).toHaveLength(1);
  });

  it('asks Slack for the id of a channel it has not posted to, and only once it needs it', async () => {
    const world = await slackWorld({ scopes: STAND_IN_SCOPES.filter((scope) => scope !== 'groups:read') });
    world.slack.fail(lost);
    await world.accept('e1');
    await world.step();
    expect(await world.step()).toMatchObject({ found: true });
    expect(world.callsOf('conversations.list').map(({ args, error }) => [args.types, error])).toEqual([
      ['public_channel,private_channel', 'missing_scope'],
      ['public_channel', null],
    ]);
    await world.drain();
    world.slack.fail(lost);
    await world.accept('e2', [slackDelivery('d-e2', { key: 'another' })]);
    await world.step();
    expect(await world.step()).toMatchObject({ found: true });
    expect(world.callsOf('conversations.list')).toHaveLength(2);
  });

  it.each([
    [{ scopes: ['chat:write', 'channels:read', 'groups:read'] }, 'the app lacks the scope channels:history, which it needs to read #ml'],
    [{ scopes: ['chat:write'] }, 'the app lacks the scope channels:read, which it needs to read #ml'],
    [{ channels: [{ name: 'ml', member: false }] }, 'the app is not in #ml, so it may not read there'],
  ])('posts again and says why it could not look: %o', async (options, why) => {
    const world = await slackWorld(options);
    world.slack.fail(lost);
    await world.accept('e1');
    await world.step();
    const sent = await world.step();
    expect(sent).toMatchObject({ outcome: 'delivered', detail: expect.stringContaining(`cannot be known (${why})`) });
    expect(world.slack.messages('ml')).toHaveLength(2);
  });

  it('says when the id of the channel cannot be found', async () => {
    const world = await slackWorld();
    const request = { kind: 'slack', channel: '#nowhere', text: null, thread: true } as const;
    const context = {
      deliveryId: 'd',
      eventId: 'e',
      conversation: null,
      attempts: 1,
      signal: AbortSignal.timeout(5_000),
      runsSince: world.now(),
      sentWithin: [],
    };
    expect(await world.target.findPrior(request, context)).toEqual({
      outcome: 'unknowable',
      detail: 'the id of #nowhere is not known: write the id into the config instead',
    });
  });

  it('does not post while it cannot look, and looks again later', async () => {
    const world = await slackWorld();
    world.slack.fail(lost, { method: 'conversations.history', status: 503 }, { method: 'conversations.history', error: 'ratelimited' });
    await world.accept('e1');
    await world.step();
    expect(await world.step()).toMatchObject({ outcome: 'failed', ambiguous: false });
    expect(await world.step()).toMatchObject({ outcome: 'limited' });
    expect(await world.step()).toMatchObject({ outcome: 'delivered', found: true });
    expect(world.slack.messages('ml')).toHaveLength(1);
  });

  it('sends an update again without looking', async () => {
    const world = await slackWorld();
    await world.accept('e1');
    await world.drain();
    world.slack.fail({ method: 'chat.update', status: 502, applied: true });
    await world.store.refreshConversations('e1', world.now());
    expect((await world.drain()).map(({ outcome }) => outcome)).toEqual(['failed', 'delivered']);
    expect(world.callsOf('conversations.history')).toEqual([]);
  });
});

describe('when Slack does not take it', () => {
  it('waits as long as a rate limit says', async () => {
    const world = await slackWorld();
    world.slack.fail({ status: 429, headers: { 'retry-after': '30' } });
    await world.accept('e1');
    const before = world.now();
    const limited = await world.step();
    expect(limited.outcome === 'limited' && limited.until - before).toBeGreaterThanOrEqual(30_000);
    expect(await world.store.nextDueAt()).toBeGreaterThanOrEqual(before + 30_000);
    expect(await world.step()).toMatchObject({ outcome: 'delivered' });
    expect(world.callsOf('chat.postMessage')).toHaveLength(2);
  });

  it('is dead at once in a channel that the app cannot post to, with what to do', async () => {
    const world = await slackWorld({ channels: ['ml', { name: 'secret', private: true, member: false }, { name: 'old', archived: true }] });
    for (const [index, channel] of ['#nowhere', '#secret', '#old'].entries())
      await world.accept(`e${index}`, [slackDelivery(`d-${index}`, { channel, key: channel })]);
    const steps = await world.drain();
    expect(steps.map(({ outcome, detail }) => [outcome, detail])).toEqual([
      ['refused', expect.stringMatching(/channel_not_found.*#nowhere/)],
      ['refused', expect.stringMatching(/channel_not_found.*\/invite @wandb-relay/)],
      ['refused', expect.stringMatching(/is_archived.*#old is archived/)],
    ]);
    expect(world.callsOf('chat.postMessage')).toHaveLength(3);
  });

  it('delivers what came during an outage once it is over, in order and once', async () => {
    const world = await slackWorld();
    world.slack.setDown(true);
    await world.accept('e1');
    await world.accept('e2');
    for (let attempt = 0; attempt < 3; attempt++) expect(await world.step()).toMatchObject({ outcome: 'failed', status: 503 });
    world.slack.setDown(false);
    await world.drain();
    const [head, ...rest] = world.slack.messages('ml');
    expect([head?.text, head?.threadTs]).toEqual(['2 event(s): e1, e2', null]);
    expect(rest.map(({ text, threadTs }) => [text, threadTs])).toEqual([['then e2', head?.ts]]);
  });

  it('keeps the token out of everything it says', async () => {
    const world = await slackWorld();
    world.slack.fail({ status: 500, body: 'xoxb-stand-in' }, { error: 'invalid_auth' }, { body: 'xoxb-stand-in' }, { silent: true });
    const details: string[] = [];
    for (const id of ['e1', 'e2', 'e3', 'e4']) {
      await world.accept(id, [slackDelivery(`d-${id}`, { key: id })]);
      details.push((await world.step(200)).detail);
    }
    expect(details).toHaveLength(4);
    expect(details.join('\n')).not.toContain('xoxb-stand-in');
  });
});
