import { describe, expect, it, vi } from 'vitest';
import type { DeliveryView } from '../../../../receiver/store/delivery.ts';
import { aliasBody } from '../../../stand-ins/wandb-sender.ts';
import { asItCame, eventOf, take } from '../../store/samples.ts';
import { type TestPages, TOKENS, testPages } from './pages-in-test.ts';

const HOSTILE = '<script>alert("1")</script>';

async function accepted({ post, basePath = '' }: Pick<TestPages, 'post'> & { basePath?: string }, ...given: Parameters<typeof aliasBody>) {
  const { body } = await post(aliasBody(...given), { path: `${basePath}/webhooks/wandb` });
  return String(body.id);
}

async function onlyDelivery({ store }: Pick<TestPages, 'store'>, eventId: string): Promise<DeliveryView> {
  const [delivery] = await store.deliveries({ eventId, limit: 1 });
  if (delivery === undefined) throw new Error('the event has no delivery');
  return delivery;
}

describe('/', () => {
  it('says what to do where there is nothing yet', async () => {
    const { get } = await testPages();
    const { status, text, headers } = await get('/');
    expect(status).toBe(200);
    expect(text).toContain('Everything is delivered');
    expect(text).toContain('wandb-relay send-test');
    expect(headers.get('content-security-policy')).toContain("default-src 'none'");
    expect((await get('/?collection=none')).text).toContain('No event matches');
  });

  it('finds by what the address says, and pages go on where the last one ended', async () => {
    const pages = await testPages();
    for (let i = 0; i < 52; i++) await accepted(pages, `v${i}`, i === 0 ? 'first' : 'resnet50');
    const first = await pages.get('/?alias=production');
    expect(first.text).toContain('resnet50 v51');
    expect(first.text).not.toContain('resnet50 v1 ');
    const older = /rel="next" href="([^"]+)"/.exec(first.text)?.[1]?.replaceAll('&amp;', '&') ?? '';
    expect(older).toContain('alias=production');
    const second = await pages.get(older);
    expect([second.text.includes('first v0'), second.text.includes('rel="next"')]).toEqual([true, false]);
    const only = (await pages.get('/?collection=first')).text;
    expect([only.includes('first v0'), only.includes('resnet50 v')]).toEqual([true, false]);
    expect((await pages.get('/?state=failed')).text).toContain('No event matches');
  });

  it('shows names from outside as text', async () => {
    const pages = await testPages();
    const id = await accepted(pages, 'v1', HOSTILE);
    for (const path of ['/', `/?collection=${encodeURIComponent(HOSTILE)}`, `/events/${id}`]) {
      const { text } = await pages.get(path);
      expect(text).toContain('&lt;script&gt;alert');
      expect(text).not.toContain('<script>alert');
    }
  });

  it('has no forms that change something for those who only read', async () => {
    const pages = await testPages();
    const id = await accepted(pages, 'v1');
    for (const path of ['/', '/?alias=production', `/events/${id}`, '/pauses']) {
      expect((await pages.get(path, 'ada')).text).toMatch(/method="post"|deliveries\/change/);
      expect((await pages.get(path, 'viewer')).text).not.toMatch(/method="post"|deliveries\/change/);
    }
    const { id: delivery } = await onlyDelivery(pages, id);
    for (const path of [`/deliveries/${delivery}/cancel`, '/deliveries/change', `/events/${id}/mute`, '/pauses/pause'])
      expect((await pages.send(path, { do: 'cancel' }, 'viewer')).status).toBe(403);
  });

  it('is below the base path, and so are its links and forms', async () => {
    const pages = await testPages({ basePath: '/ml/relay' });
    const id = await accepted({ ...pages, basePath: '/ml/relay' }, 'v1');
    const { text } = await pages.get('/');
    expect(text).toContain(`href="/ml/relay/events/${id}"`);
    expect(text).not.toMatch(/(?:href|action|src)="\/(?!ml\/relay)/);
    const { id: delivery } = await onlyDelivery(pages, id);
    const done = await pages.send(`/deliveries/${delivery}/cancel`, { next: `/events/${id}` });
    expect([done.status, done.location]).toEqual([303, `/ml/relay/events/${id}?did=cancel&done=1`]);
  });
});

describe('a change of one delivery', () => {
  it('is made by the person, and said afterwards', async () => {
    const pages = await testPages();
    const event = await accepted(pages, 'v1');
    const { id, updatedAt } = await onlyDelivery(pages, event);
    const cancelled = await pages.send(`/deliveries/${id}/cancel`, { next: '/?alias=production#x', updated: String(updatedAt) });
    expect([cancelled.status, cancelled.location]).toEqual([303, '/?alias=production&did=cancel&done=1']);
    expect((await pages.get(cancelled.location ?? '')).text).toContain('1 delivery cancelled.');
    const again = await pages.send(`/deliveries/${id}/replay`, { next: 'https://evil.example/' });
    expect(again.location).toBe('/?did=replay&done=1');
    const { notes } = (await pages.store.delivery(id)) ?? {};
    expect(notes?.map(({ text }) => text)).toEqual(['cancelled by ada, by the pages', 'replayed by ada, by the pages']);
  });

  it('is refused where the page was out of date, or there is no such delivery', async () => {
    const pages = await testPages();
    const { id, updatedAt } = await onlyDelivery(pages, await accepted(pages, 'v1'));
    const stale = await pages.send(`/deliveries/${id}/cancel`, { updated: String(updatedAt - 1) });
    expect([stale.status, stale.text.includes('It has changed since: look at it again.')]).toEqual([409, true]);
    expect((await pages.store.delivery(id))?.delivery.state).toBe('pending');
    expect((await pages.send('/deliveries/none/cancel', {})).status).toBe(404);
  });

  it('that is a decision is one person’s, with a reason, never the author’s', async () => {
    const pages = await testPages();
    const event = await accepted(pages, 'v1', 'resnet50', 'guarded');
    const { id } = await onlyDelivery(pages, event);
    const page = (await pages.get(`/events/${event}`, 'shared')).text;
    expect(page).toContain('id="decide"');
    expect(page).toMatch(/name="by"[^>]* required/);
    expect((await pages.send(`/deliveries/${id}/approve`, {}, 'shared')).status).toBe(400);
    const author = (await pages.store.event(event))?.event.author ?? '';
    const own = await pages.send(`/deliveries/${id}/approve`, { by: author }, 'shared');
    expect([own.status, own.text.includes('authors may not approve')]).toEqual([409, true]);
    const done = await pages.send(`/deliveries/${id}/approve`, { by: 'grace', reason: 'the metrics\nare good' }, 'shared');
    expect(done.status).toBe(303);
    expect((await pages.store.delivery(id))?.notes.at(-1)?.text).toBe('approved by grace, by the pages: the metrics are good');
    const shown = (await pages.get(`/events/${event}`)).text;
    expect(shown).toContain('by grace, by the pages');
    expect(shown).not.toContain('id="decide"');
  });
});

describe('a change of all that match', () => {
  it('says the count first, then makes it, and says the result', async () => {
    const pages = await testPages();
    for (const version of ['v1', 'v2', 'v3']) await accepted(pages, version);
    await accepted(pages, 'v1', 'other');
    const asked = await pages.get('/deliveries/change?do=cancel&collection=resnet50');
    expect(asked.text).toContain('3 deliveries match.');
    const until = /name="until" value="([^"]+)"/.exec(asked.text)?.[1] ?? '';
    pages.clock.now += 60_000;
    await accepted(pages, 'v4');
    const done = await pages.send('/deliveries/change', { do: 'cancel', collection: 'resnet50', until });
    expect(done.location).toBe('/?collection=resnet50&did=cancel&done=3');
    expect((await pages.store.deliveries({ states: ['pending'], limit: 9 })).length).toBe(2);
    expect((await pages.get('/deliveries/change?do=replay&state=cancelled')).text).toContain('3 deliveries match.');
    expect((await pages.get('/deliveries/change?do=replay')).text).toContain('No delivery matches.');
    expect((await pages.get('/deliveries/change?do=approve')).status).toBe(404);
  });

  it('takes 500 at a time, and goes on', async () => {
    const pages = await testPages();
    await Promise.all(Array.from({ length: 502 }, (_, i) => accepted(pages, `v${i}`)));
    await vi.waitFor(async () => expect(await pages.store.backlog()).toMatchObject({ events: 0 }), 20_000);
    expect((await pages.get('/deliveries/change?do=cancel&alias=production')).text).toContain('More than 500 deliveries match.');
    const first = await pages.send('/deliveries/change', { do: 'cancel', alias: 'production' });
    expect(first.location).toMatch(/^\/deliveries\/change\?.*did=cancel&done=500$/);
    expect((await pages.get(first.location ?? '')).text).toMatch(/500 deliveries cancelled\.[\s\S]*2 deliveries match\./);
  });
});

describe('what is not routed yet', () => {
  it('is not delivered either, and what could not be routed says what to do', async () => {
    const pages = await testPages();
    const at = { at: pages.clock.now - 5_000 };
    await take(pages.store, asItCame(eventOf('e1', at)), asItCame(eventOf('e2', { ...at, subject: 'b' })));
    expect((await pages.get('/')).text).toMatch(/2 stored events wait to be routed, the oldest for 5 s\./);
    await pages.store.skipOldestUnrouted(HOSTILE);

    const { text } = await pages.get('/');

    expect(text).toContain('1 stored event could not be routed (&lt;script&gt;');
    expect(text).toContain('1 stored event waits to be routed');
    expect(text).not.toContain('Everything is delivered');
  });
});

describe('/events/:id', () => {
  it('says of an event that is not routed yet that it is stored', async () => {
    const pages = await testPages();
    await take(pages.store, asItCame(eventOf('e1')));
    const { status, text } = await pages.get('/events/e1');
    expect([status, text]).toEqual([404, expect.stringMatching(/<h1>Not routed yet<\/h1>[\s\S]*The event is stored/)]);
    expect((await pages.get('/events/e2')).text).toContain('<h1>No such event</h1>');
    expect(JSON.stringify(pages.log)).toContain('not shown to ada: There is no such event.');
    expect(JSON.stringify(pages.log)).not.toContain('not changed');
  });

  it('shows the body with every digit, how it was understood, and why routes did not match', async () => {
    const pages = await testPages();
    const { body } = await pages.post(JSON.stringify({ ...aliasBody('v1'), big: 0 }).replace('"big":0', '"big":12345678901234567890.10'));
    const { text } = await pages.get(`/events/${String(body.id)}`);
    expect(text).toContain('12345678901234567890.10');
    expect(text).toContain('As it arrived');
    expect(text).toMatch(/<dt>alias<\/dt><dd>production<\/dd>/);
    expect(text).toMatch(/badge good">matches<\/span><span class="what">deploy</);
    expect(text).toMatch(/badge quiet">does not match<\/span><span class="what">guarded</);
    expect(text).toContain('By the config in use now');
    expect(text).toContain('https://wandb.example/');
  });

  it('is a page for people too where the address is wrong', async () => {
    const { get } = await testPages();
    for (const path of ['/events/', '/events/a/b', '/pauses/x']) {
      const { status, text } = await get(path);
      expect([path, status, text.includes('There is no page at this address.')]).toEqual([path, 404, true]);
    }
  });

  it('is a page of its own where there is none', async () => {
    const { get } = await testPages();
    const { status, text } = await get('/events/none');
    expect([status, text.includes('There is no such event')]).toEqual([404, true]);
  });

  it('mutes a route about the subject, and unmutes it', async () => {
    const pages = await testPages();
    const event = await accepted(pages, 'v1', 'resnet50', 'talk');
    const muted = await pages.send(`/events/${event}/mute`, { route: 'talk', hours: '8' });
    expect(muted.location).toBe(`/events/${event}?did=mute&done=1`);
    expect(await pages.store.mutes(pages.clock.now)).toMatchObject([{ route: 'talk', by: 'ada, by the pages' }]);
    expect((await pages.get(`/events/${event}`)).text).toContain('Route talk is muted by ada');
    await pages.send(`/events/${event}/unmute`, { route: 'talk' });
    expect(await pages.store.mutes(pages.clock.now)).toEqual([]);
    expect((await pages.send(`/events/${event}/mute`, { route: 'talk', hours: '99999' })).status).toBe(400);
  });
});

describe('/pauses', () => {
  it('pauses, says so on every page and at /readyz, and resumes', async () => {
    const pages = await testPages();
    const event = await accepted(pages, 'v1');
    expect((await pages.get('/pauses')).text).toContain('Nothing is paused');
    const paused = await pages.send('/pauses/pause', { what: 'route:deploy', reason: 'an outage' });
    expect(paused.location).toBe('/pauses?did=pause&done=1');
    for (const path of ['/', `/events/${event}`, '/pauses'])
      expect((await pages.get(path, 'viewer')).text).toContain(
        'Route deploy is paused by ada, since 0 s (an outage). Events are still accepted.',
      );
    expect((await pages.get('/')).text).toContain('It is sent once this is resumed.');
    expect((await pages.send('/pauses/pause', { what: 'route:deploy' })).status).toBe(409);
    expect((await pages.send('/pauses/pause', { what: 'nothing' })).status).toBe(400);
    pages.clock.now += 5_000;
    expect(await (await fetch(`${pages.url}/readyz`)).json()).toMatchObject({ details: { paused: [{ what: 'route deploy' }] } });
    expect((await pages.send('/pauses/resume', { what: 'route:deploy' })).location).toBe('/pauses?did=resume&done=1');
    expect((await pages.get('/')).text).not.toContain('Events are still accepted');
  });

  it('are there for programs as well', async () => {
    const { url, store } = await testPages();
    const call = async (body: object, token = 'token-of-ada-1') => {
      const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
      const answer = await fetch(`${url}/api/pauses`, { method: 'POST', headers, body: JSON.stringify(body) });
      return [answer.status, await answer.json()];
    };
    const scope = { kind: 'credential', name: 'github' };
    expect(await call({ do: 'pause', scope, reason: 'a\nb' })).toEqual([200, { changed: true }]);
    expect(await store.pauses()).toMatchObject([{ scope, by: 'ada', reason: 'a b' }]);
    expect(await call({ do: 'pause', scope: { kind: 'route', name: 'no-such-route' } })).toMatchObject([
      400,
      { detail: 'scope.name: no route of the config is called "no-such-route", and nothing of one waits.' },
    ]);
    expect(await call({ do: 'pause', scope })).toEqual([200, { changed: false }]);
    expect((await call({ do: 'resume', scope }, 'token-of-viewers'))[0]).toBe(403);
    expect((await call({ do: 'resume', scope }, 'token-of-all-admins'))[0]).toBe(400);
    expect((await call({ do: 'resume', scope, by: 'ben' }))[0]).toBe(400);
    expect((await call({ do: 'stop', scope }))[0]).toBe(400);
    expect(await call({ do: 'resume', scope, by: 'ben' }, 'token-of-all-admins')).toEqual([200, { changed: true }]);
  });
});

describe('/live', () => {
  it('is no page that listens when only its headers are asked for', async () => {
    const { url } = await testPages();
    const headers = { authorization: `Bearer ${TOKENS.ada}` };
    for (let i = 0; i < 60; i++) expect((await fetch(`${url}/live`, { method: 'HEAD', headers })).status).toBe(200);
    const answer = await fetch(`${url}/live`, { headers });
    expect(answer.status).toBe(200);
    await answer.body?.cancel();
  });

  it('says when something has changed, beats meanwhile, and ends when the receiver stops', async () => {
    const pages = await testPages();
    const answer = await pages.open('/live');
    expect(answer.headers.get('content-type')).toContain('text/event-stream');
    const reader = answer.body?.pipeThrough(new TextDecoderStream()).getReader();
    const until = async (part: string): Promise<void> => {
      for (let text = ''; !text.includes(part); ) {
        const { value, done } = (await reader?.read()) ?? { done: true };
        if (done) throw new Error(`the stream ended without ${part}`);
        text += value ?? '';
      }
    };
    await until(':\n\n');
    await accepted(pages, 'v1');
    await until('event: change');
    const began = performance.now();
    const stopped = pages.stop();
    while (!(await reader?.read())?.done);
    await stopped;
    expect(performance.now() - began).toBeLessThan(3_000);
  });

  it('is for so many pages at once, and for those who are known', async () => {
    const { open, url } = await testPages({ mostStreams: 1 });
    const first = await open('/live');
    expect((await open('/live')).status).toBe(503);
    expect((await fetch(`${url}/live`, { redirect: 'manual' })).status).toBe(303);
    await first.body?.cancel();
  });
});
