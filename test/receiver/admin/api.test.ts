import { describe, expect, it } from 'vitest';
import { testReceiver } from '../../stand-ins/receiver-in-process.ts';
import { aliasBody } from '../../stand-ins/wandb-sender.ts';
import { asItCame, eventOf, take } from '../store/samples.ts';

const TOKEN = 'the-token-of-the-admin';

function admin() {
  const { receiver, post, log, store } = testReceiver({ adminToken: TOKEN });
  const call = async (method: string, path: string, token = TOKEN, body?: unknown) => {
    const response = await receiver.app.request(`/api${path}`, {
      method,
      headers: { authorization: `Bearer ${token}` },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    return { status: response.status, body: (await response.json()) as Record<string, unknown> };
  };
  return { post, log, call, store };
}

describe('the admin API', () => {
  it('is there only for the token', async () => {
    const { call, log } = admin();
    expect(await call('GET', '/status', 'a-guess')).toMatchObject({ status: 401 });
    expect(log.at(-1)).toMatchObject({ level: 'warn', msg: expect.stringContaining('admin token is wrong') });
    expect(await call('GET', '/status')).toMatchObject({ status: 200 });
  });

  it('is not there at all without a token', async () => {
    const { receiver } = testReceiver();
    expect((await receiver.app.request('/api/status')).status).toBe(404);
  });

  it('says of an event that is stored and not routed yet that it is there', async () => {
    const { call, store } = admin();
    await take(store, asItCame(eventOf('e1')));
    expect(await call('GET', '/events/e1')).toMatchObject({
      status: 404,
      body: {
        detail: 'The event is stored, and its routes were not tried yet. That usually takes a moment; if it stays so, /readyz says why.',
      },
    });
    expect(await call('GET', '/events/e2')).toMatchObject({ status: 404, body: { detail: 'There is no such event.' } });
    expect((await call('GET', '/status')).body).toMatchObject({ events: { unrouted: 1 } });
  });

  it('shows deliveries by state and one with its attempts', async () => {
    const { call, post } = admin();
    const { body } = await post(aliasBody('v12'));
    const [delivery] = body.deliveries as { id: string }[];
    expect((await call('GET', '/deliveries?state=pending')).body).toMatchObject({ deliveries: [{ id: delivery?.id, state: 'pending' }] });
    expect((await call('GET', '/deliveries?state=dead')).body).toEqual({ deliveries: [] });
    expect((await call('GET', '/deliveries?state=ded')).body).toMatchObject({ status: 400, detail: expect.stringContaining('"ded"') });
    expect((await call('GET', `/deliveries/${delivery?.id}`)).body).toMatchObject({ delivery: { id: delivery?.id }, attempts: [] });
    expect((await call('GET', '/deliveries/none')).status).toBe(404);
    expect((await call('GET', '/events')).body).toMatchObject({ events: [{ id: body.id, outcome: 'routed' }] });
    expect((await call('GET', '/status')).body).toMatchObject({ deliveries: { pending: 1 }, events: { routed: 1 } });
  });

  it('writes signs that nobody sees as escapes, which programs read as the same signs', async () => {
    const { receiver, post } = testReceiver({ adminToken: TOKEN });
    const collection = 'res\u202enet\u200b50\u{e0041}';
    const { body } = await post(aliasBody('v12', collection));
    const get = async (path: string) => {
      const answer = await receiver.app.request(`/api${path}`, { headers: { authorization: `Bearer ${TOKEN}` } });
      return { text: await answer.text(), status: answer.status, type: answer.headers.get('content-type') };
    };
    for (const path of ['/events?include=body', `/events/${body.id}`, '/aliases', '/deliveries', '/export']) {
      const { text, status, type } = await get(path);
      expect([path, status, type, /[\u202e\u200b\u{e0041}]/u.test(text)]).toEqual([path, 200, 'application/json', false]);
      expect(text).toContain('res\\u202enet\\u200b50\\udb40\\udc41');
    }
    expect(JSON.parse((await get('/aliases')).text)).toMatchObject({ aliases: [{ collection }] });
    expect(await get(`/events?state=${encodeURIComponent(collection)}`)).toMatchObject({
      status: 400,
      type: 'application/problem+json',
      text: expect.stringContaining('\\u202e'),
    });
  });

  it('cancels and replays', async () => {
    const { call, post } = admin();
    const { body } = await post(aliasBody('v12'));
    const [delivery] = body.deliveries as { id: string }[];
    const path = `/deliveries/${delivery?.id}`;
    expect(await call('POST', `${path}/replay`)).toMatchObject({ status: 400, body: { detail: expect.stringContaining('it is pending') } });
    expect(await call('POST', `${path}/cancel`)).toMatchObject({ status: 200 });
    expect(await call('POST', `${path}/replay`)).toMatchObject({ status: 200 });
    expect((await call('GET', path)).body).toMatchObject({ delivery: { state: 'pending' } });
  });

  it('lists in pages, each with the cursor of the next', async () => {
    const { call, post } = admin();
    const ids: string[] = [];
    for (const version of ['v1', 'v2', 'v3']) ids.unshift((await post(aliasBody(version))).body.id as string);
    const first = await call('GET', '/events?limit=2');
    expect(first.body).toMatchObject({
      events: [{ id: ids[0], bodyLength: expect.any(Number) }, { id: ids[1] }],
      next: expect.any(String),
    });
    expect(JSON.stringify(first.body)).not.toContain('"body"');
    const last = (await call('GET', `/events?limit=2&include=body&cursor=${first.body.next}`)).body;
    expect(last).toMatchObject({ events: [{ id: ids[2], body: expect.stringContaining('v1') }] });
    expect(last).not.toHaveProperty('next');
    expect((await call('GET', `/events/${ids[2]}`)).body).toMatchObject({ event: { id: ids[2], body: expect.stringContaining('v1') } });
    expect((await call('GET', '/events/none')).status).toBe(404);
    expect((await call('GET', '/events?since=1h&outcome=routed&outcome=unmatched&type=unknown')).body).toEqual({ events: [] });
    expect((await call('GET', '/deliveries?route=other&since=2020-01-01T00:00:00Z')).body).toEqual({ deliveries: [] });
  });

  it.each([
    ['/events?limit=0', 'limit: must be a number from 1 to 100'],
    ['/events?limit=101', 'limit: must be a number from 1 to 100'],
    ['/deliveries?limit=many', 'limit: must be a number from 1 to 100'],
    ['/rejected?cursor=last', 'cursor: must be the "next" of another page'],
    ['/events?outcome=lost', 'outcome: "lost" is none of routed, unmatched, cooldown, duplicate'],
    ['/deliveries?since=yesterday', 'since: "yesterday" is neither a duration'],
    ['/events?include=everything', 'include: may only be "body"'],
    ['/deliveries?stat=dead', 'stat: not known here'],
    ['/deliveries?route=a&route=b', 'route: may be given once'],
  ])('says what is wrong with %s', async (path, why) => {
    expect(await admin().call('GET', path)).toMatchObject({ status: 400, body: { detail: expect.stringContaining(why) } });
  });

  it('says all that is wrong, part by part', async () => {
    const { call } = admin();
    expect((await call('GET', '/events?limit=0&outcome=lost&nonsense=1')).body).toEqual({
      type: 'about:blank',
      title: 'Bad Request',
      status: 400,
      detail: 'outcome: "lost" is none of routed, unmatched, cooldown, duplicate.',
      errors: [
        { detail: '"lost" is none of routed, unmatched, cooldown, duplicate', parameter: 'outcome' },
        { detail: 'must be a number from 1 to 100', parameter: 'limit' },
        { detail: 'not known here', parameter: 'nonsense' },
      ],
    });
    const cancel = { filter: { state: ['ded'], since: 'now' }, limit: 0, 'a/b': 1 };
    expect((await call('POST', '/deliveries/cancel', TOKEN, cancel)).body.errors).toEqual([
      { detail: expect.stringContaining('"ded" is none of'), pointer: '#/filter/state/0' },
      { detail: expect.stringContaining('"now" is neither'), pointer: '#/filter/since' },
      { detail: expect.any(String), pointer: '#/limit' },
      { detail: 'not known here', pointer: '#/a~1b' },
    ]);
  });

  it('changes many at once: by id, and by what matches, oldest first, in parts', async () => {
    const { call, post } = admin();
    const ids: string[] = [];
    for (const version of ['v1', 'v2', 'v3']) {
      const { body } = await post(aliasBody(version));
      ids.push(...(body.deliveries as { id: string }[]).map(({ id }) => id));
    }
    expect((await call('POST', '/deliveries/cancel', TOKEN, { ids: [...ids, 'none'] })).body).toEqual({
      ids: [...ids, 'none'],
      results: [...ids.map((id) => ({ id, done: true })), { id: 'none', done: false, why: 'there is no such delivery' }],
    });
    const replay = (more: object) => call('POST', '/deliveries/replay', TOKEN, { filter: { state: ['cancelled'] }, ...more });
    expect((await replay({ dry_run: true })).body).toEqual({ ids, results: [] });
    const part = await replay({ limit: 2 });
    expect(part.body).toMatchObject({ ids: ids.slice(0, 2), results: [{ done: true }, { done: true }], next: expect.any(String) });
    expect((await replay({ cursor: part.body.next })).body).toEqual({ ids: ids.slice(2), results: [{ id: ids[2], done: true }] });
    expect((await replay({})).body).toEqual({ ids: [], results: [] });
  });

  it.each([
    ['replay', '{', 'the body is not JSON'],
    ['replay', '[]', 'the body: '],
    ['replay', { ids: [] }, 'ids: must name a delivery'],
    ['replay', { ids: Array.from({ length: 501 }, String) }, 'ids: may name at most 500'],
    ['replay', { filter: {} }, 'filter.state'],
    ['replay', { filter: { state: ['ded'] } }, '"ded" is none of'],
    ['replay', { filter: { state: ['dead'] }, limit: 501 }, 'limit: may be at most 500'],
    ['cancel', { filter: { state: ['pending'], since: 'now' } }, 'filter.since: "now" is neither'],
    // What a person approves was seen by somebody.
    ['approve', { by: 'ada', filter: { state: ['held'] } }, 'ids'],
    // The token says that somebody may, not who it is.
    ['approve', { ids: ['d'] }, 'by: is missing: say who decides, such as {"by": "ada"}; the admin token alone is no name'],
    ['reject', { ids: ['d'], reason: 'no' }, 'by: is missing'],
    ['reject', { ids: ['d'], by: ' \u200b' }, 'by: must be'],
  ])('changes nothing for %s of %j', async (change, body, why) => {
    expect(await admin().call('POST', `/deliveries/${change}`, TOKEN, body)).toMatchObject({
      status: 400,
      body: { detail: expect.stringContaining(why) },
    });
  });
});
