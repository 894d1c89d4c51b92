import { Hono } from 'hono';
import { describe, expect, it } from 'vitest';
import { type Access, createAccess } from '../../../receiver/admin/access.ts';
import { type AccessSettings, readAccess } from '../../../receiver/admin/access-settings.ts';
import { guard, identityOf, unauthorized } from '../../../receiver/admin/guard.ts';
import { signIn } from '../../../receiver/admin/pages/sign-in.ts';
import { SESSION_MS } from '../../../receiver/admin/session.ts';
import type { RequestVariables } from '../../../receiver/http/request-log.ts';

function settings(variables: Readonly<Record<string, string>>): { settings: AccessSettings; errors: string[] } {
  const errors: string[] = [];
  return { settings: readAccess((name) => variables[name], errors), errors };
}

const TWO = { RELAY_ADMIN_TOKENS: 'ada:token-of-ada-1, ben:token-of-ben-1', RELAY_VIEWER_TOKEN: 'token-of-viewers' };

interface Options {
  readonly variables?: Readonly<Record<string, string>>;
  readonly onThisMachine?: 'admin' | 'viewer';
  readonly peer?: string;
}

/** An app behind the guard, and the sign-in form beside it. */
function site({ variables = TWO, onThisMachine, peer = '192.0.2.7' }: Options = {}) {
  const clock = { now: 1_800_000_000_000 };
  let ids = 0;
  const make = (others = variables): Access =>
    createAccess({
      settings: settings(others).settings,
      now: () => clock.now,
      newId: () => `id-${++ids}`,
      basePath: '',
      ...(onThisMachine === undefined ? {} : { onThisMachine }),
    });
  const appOf = (access: Access) => {
    const app = new Hono<RequestVariables>();
    app.use(async (c, next) => {
      c.set('logFields', {});
      await next();
    });
    app.route('/', signIn({ access, shell: async () => ({ basePath: '', banners: [] }) }));
    app.get('/pages', (c) => c.text(access.hasPages(c) ? 'pages' : 'none'));
    app.use('/who', guard(access, unauthorized));
    app.all('/who', (c) => c.json(identityOf(c)));
    return app;
  };
  const access = make();
  const app = appOf(access);
  const at = { peer };
  const ask = (path: string, headers: Record<string, string> = {}, method = 'GET', body?: string, from = app) =>
    from.request(
      path,
      { method, headers: { host: 'relay.example.com', ...headers }, ...(body === undefined ? {} : { body }) },
      { peer: at.peer },
    );
  const enter = (token: string, headers: Record<string, string> = { 'sec-fetch-site': 'same-origin' }, next = '/') =>
    ask(
      '/sign-in',
      { 'content-type': 'application/x-www-form-urlencoded', ...headers },
      'POST',
      String(new URLSearchParams({ token, next })),
    );
  const cookieOf = async (token: string, headers?: Record<string, string>) =>
    (await enter(token, headers)).headers.get('set-cookie')?.split(';')[0] ?? '';
  const bearer = (token: string, headers: Record<string, string> = {}) => ask('/who', { authorization: `Bearer ${token}`, ...headers });
  return { clock, at, ask, bearer, enter, cookieOf, make, appOf };
}

describe('the settings', () => {
  it('name everybody by their token; RELAY_ADMIN_TOKEN is shared', () => {
    const { settings: read, errors } = settings({ ...TWO, RELAY_ADMIN_TOKEN: 'token-of-all' });
    expect(errors).toEqual([]);
    expect(read.people.map(({ name, role, isShared }) => [name, role, isShared])).toEqual([
      ['admin', 'admin', true],
      ['ada', 'admin', undefined],
      ['ben', 'admin', undefined],
      ['viewer', 'viewer', true],
    ]);
  });

  it.each([
    ['ada', 'its entry 1 is not NAME:TOKEN'],
    ['ada:x,:y', 'its entry 2 is not NAME:TOKEN'],
    ['ada:', 'its entry 1 is not NAME:TOKEN'],
    ['ada:same-token,ben:same-token', 'has the token of somebody else'],
    ['a\u202eda:token', 'the name of its entry 1 must be one line of visible characters'],
  ])('are refused without showing a token: %s', (text, message) => {
    const { errors } = settings({ RELAY_ADMIN_TOKENS: text });
    expect(errors).toEqual([expect.stringContaining(message)]);
    expect(errors[0]).not.toContain('same-token');
  });

  it.each([
    [{ RELAY_USER_HEADER: 'X-User' }, 'RELAY_TRUSTED_PROXIES: is not set'],
    [{ RELAY_TRUSTED_PROXIES: 'proxy' }, '"proxy" is neither an address nor a range'],
    [{ RELAY_USER_ADMINS: 'ada' }, 'RELAY_USER_ADMINS: has no effect without RELAY_USER_HEADER'],
    [{ RELAY_USER_HEADER: 'X User', RELAY_TRUSTED_PROXIES: '10.0.0.1' }, 'is not the name of a header'],
    [{ RELAY_USER_HEADER: 'X-User', RELAY_TRUSTED_PROXIES: '10.0.0.0/33' }, '"10.0.0.0/33" is neither an address nor a range'],
    [{ RELAY_USER_HEADER: 'X-User', RELAY_TRUSTED_PROXIES: 'proxy' }, '"proxy" is neither an address nor a range'],
  ])('of a proxy must be complete: %j', (variables, message) => {
    expect(settings(variables).errors).toEqual([expect.stringContaining(message)]);
  });
});

describe('a token', () => {
  it('names its person; a wrong one nobody', async () => {
    const { ask } = site();
    expect(await (await ask('/who', { authorization: 'Bearer token-of-ben-1' })).json()).toEqual({
      name: 'ben',
      role: 'admin',
      via: 'token',
    });
    const wrong = await ask('/who', { authorization: 'Bearer a-guess' });
    expect([wrong.status, wrong.headers.get('www-authenticate')]).toEqual([401, 'Bearer']);
    expect((await ask('/who')).status).toBe(401);
  });

  it('of viewers reads and changes nothing', async () => {
    const { ask } = site();
    const headers = { authorization: 'Bearer token-of-viewers' };
    expect((await ask('/who', headers)).status).toBe(200);
    expect((await ask('/who', headers, 'POST')).status).toBe(403);
    expect((await ask('/who', { authorization: 'Bearer token-of-ada-1' }, 'POST')).status).toBe(200);
  });
});

describe('a session', () => {
  it('begins with a token at the form, in a cookie that no script and no other site gets', async () => {
    const { ask, enter } = site();
    const answer = await enter('token-of-ada-1', undefined, '/events?state=dead');
    expect([answer.status, answer.headers.get('location')]).toEqual([303, '/events?state=dead']);
    const cookie = answer.headers.get('set-cookie') ?? '';
    for (const part of ['HttpOnly', 'SameSite=Strict', 'Path=/', 'Max-Age=43200']) expect(cookie).toContain(part);
    expect(cookie).not.toContain('token-of-ada-1');
    expect(cookie).not.toContain('Secure');
    const who = await ask('/who', { cookie: cookie.split(';')[0] ?? '' });
    expect(await who.json()).toEqual({ name: 'ada', role: 'admin', via: 'session' });
  });

  it('has a cookie for HTTPS only, where the page came by HTTPS', async () => {
    const { enter } = site();
    const answer = await enter('token-of-ada-1', { 'sec-fetch-site': 'same-origin', 'x-forwarded-proto': 'https' });
    expect(answer.headers.get('set-cookie')).toContain('Secure');
  });

  it('ends after twelve hours, by signing out, and when the token is replaced', async () => {
    const { ask, cookieOf, clock, make, appOf } = site();
    const cookie = await cookieOf('token-of-ada-1');
    const other = await cookieOf('token-of-ada-1');
    const replaced = appOf(make({ ...TWO, RELAY_ADMIN_TOKENS: 'ada:token-of-ada-2' }));
    expect((await ask('/who', { cookie }, 'GET', undefined, replaced)).status).toBe(401);
    expect((await ask('/who', { cookie })).status).toBe(200);
    const out = await ask('/sign-out', { cookie, 'sec-fetch-site': 'same-origin' }, 'POST');
    expect(out.headers.get('set-cookie')).toMatch(/^wandb_relay_session=;.*Max-Age=0/);
    expect((await ask('/who', { cookie })).status).toBe(401);
    expect((await ask('/who', { cookie: other })).status).toBe(200);
    clock.now += SESSION_MS;
    expect((await ask('/who', { cookie: other })).status).toBe(401);
  });

  it('cannot be made up or changed', async () => {
    const { ask, cookieOf } = site();
    const cookie = await cookieOf('token-of-ada-1');
    const [text = '', signature = ''] = cookie.replace('wandb_relay_session=', '').split('.');
    const forged = Buffer.from(Buffer.from(text, 'base64url').toString().replace('ada', 'ben')).toString('base64url');
    for (const value of [`${forged}.${signature}`, text, `${text}.`, `${text}.${signature}.x`, '..', 'x'.repeat(5_000)])
      expect((await ask('/who', { cookie: `wandb_relay_session=${value}` })).status).toBe(401);
  });

  it.each([
    [{}],
    [{ origin: 'https://evil.example' }],
    [{ 'sec-fetch-site': 'cross-site', origin: 'https://relay.example.com' }],
    [{ 'sec-fetch-site': 'same-site' }],
    [{ 'sec-fetch-site': 'none' }],
    [{ origin: 'null' }],
  ])('changes nothing that another site asks for: %j', async (headers) => {
    const { ask, cookieOf } = site();
    const cookie = await cookieOf('token-of-ada-1');
    expect((await ask('/who', { cookie, ...headers }, 'POST')).status).toBe(403);
    expect((await ask('/who', { cookie, ...headers })).status).toBe(200);
  });

  it.each([[{ 'sec-fetch-site': 'same-origin' }], [{ origin: 'https://relay.example.com' }]])(
    'changes what our page asks for: %j',
    async (headers) => {
      const { ask, cookieOf } = site();
      expect((await ask('/who', { cookie: await cookieOf('token-of-ada-1'), ...headers }, 'POST')).status).toBe(200);
    },
  );

  it('is not begun by a form of another site', async () => {
    const { enter } = site();
    const answer = await enter('token-of-ada-1', { origin: 'https://evil.example' });
    expect([answer.status, answer.headers.get('set-cookie')]).toEqual([403, null]);
  });

  it.each(['//evil.example', '/\\evil.example', 'https://evil.example', '/a\nb', ''])(
    'never leads to another site afterwards: %j',
    async (next) => {
      const { enter } = site();
      expect((await enter('token-of-ada-1', undefined, next)).headers.get('location')).toBe('/');
    },
  );

  it('can be tried ten times a minute from one address', async () => {
    const { enter, clock } = site();
    for (let i = 0; i < 10; i++) expect((await enter(`guess-${i}`)).status).toBe(403);
    expect((await enter('token-of-ada-1')).status).toBe(429);
    clock.now += 60_000;
    expect((await enter('token-of-ada-1')).status).toBe(303);
  });
});

describe('guesses', () => {
  it('in requests are limited as at the form, and count together with those', async () => {
    const { bearer, enter, cookieOf, ask, clock, at } = site();
    const cookie = await cookieOf('token-of-ada-1');
    for (let i = 0; i < 5; i++) expect((await bearer(`guess-${i}`)).status).toBe(401);
    for (let i = 0; i < 5; i++) expect((await enter(`guess-${i}`)).status).toBe(403);
    clock.now += 15_500;
    for (const token of ['another-guess', 'token-of-ada-1']) {
      const refused = await bearer(token);
      expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '45']);
      expect(await refused.json()).toMatchObject({ detail: 'Too many wrong tokens came from this address. Try again in 45 s.' });
    }
    const atForm = await enter('token-of-ada-1');
    expect([atForm.status, atForm.headers.get('retry-after')]).toEqual([429, '45']);
    expect((await ask('/who', { cookie })).status).toBe(200);
    at.peer = '192.0.2.8';
    expect((await bearer('token-of-ada-1')).status).toBe(200);
    at.peer = '192.0.2.7';
    clock.now += 44_500;
    expect((await bearer('token-of-ada-1')).status).toBe(200);
  });

  it('of right tokens there are as many as anybody likes', async () => {
    const { bearer, enter } = site();
    for (let i = 0; i < 30; i++) expect((await bearer('token-of-viewers')).status).toBe(200);
    expect((await enter('token-of-ada-1')).status).toBe(303);
  });

  it('from everywhere together close the form, and stop no program with a right token', async () => {
    const { bearer, enter, at } = site();
    for (let i = 0; i < 100; i++) {
      at.peer = `198.51.100.${i}`;
      expect((await bearer('a-guess')).status).toBe(401);
    }
    at.peer = '192.0.2.7';
    expect((await bearer('a-guess')).status).toBe(429);
    expect((await bearer('token-of-ada-1')).status).toBe(200);
    expect((await enter('token-of-ada-1')).status).toBe(429);
  });

  it('from one network of IPv6 count together', async () => {
    const { bearer, at } = site();
    for (let i = 0; i < 10; i++) {
      at.peer = `2001:db8:0:7::${i}`;
      expect((await bearer('a-guess')).status).toBe(401);
    }
    at.peer = '2001:db8:0:7:ffff::1';
    expect((await bearer('token-of-ada-1')).status).toBe(429);
    at.peer = '2001:db8:0:8::1';
    expect((await bearer('token-of-ada-1')).status).toBe(200);
  });

  it('behind a trusted proxy are limited by the address that it names', async () => {
    const { bearer } = site({ variables: { ...TWO, RELAY_TRUSTED_PROXIES: '10.0.0.0/8' }, peer: '::ffff:10.0.0.1' });
    for (let i = 0; i < 10; i++)
      expect((await bearer('a-guess', { 'x-forwarded-for': `203.0.113.${i}, 192.0.2.7, 10.9.9.9` })).status).toBe(401);
    expect((await bearer('token-of-ada-1', { 'x-forwarded-for': '192.0.2.7' })).status).toBe(429);
    expect((await bearer('token-of-ada-1', { 'x-forwarded-for': '192.0.2.8' })).status).toBe(200);
    expect((await bearer('token-of-ada-1', { 'x-forwarded-for': '192.0.2.7, 192.0.2.8' })).status).toBe(200);
  });

  it('behind a proxy that is not trusted are limited by the address of the proxy, whatever the header says', async () => {
    const { bearer } = site({ peer: '10.0.0.1' });
    for (let i = 0; i < 10; i++) expect((await bearer('a-guess', { 'x-forwarded-for': `192.0.2.${i}` })).status).toBe(401);
    expect((await bearer('token-of-ada-1', { 'x-forwarded-for': '198.51.100.1' })).status).toBe(429);
  });
});

describe('a trusted proxy', () => {
  const variables = { RELAY_USER_HEADER: 'X-Forwarded-User', RELAY_TRUSTED_PROXIES: '10.0.0.0/8, ::1', RELAY_USER_ADMINS: 'ada' };

  it.each(['10.1.2.3', '::ffff:10.1.2.3', '::1'])('names people from %s', async (peer) => {
    const { ask } = site({ variables, peer });
    expect(await (await ask('/who', { 'x-forwarded-user': 'ada' })).json()).toEqual({ name: 'ada', role: 'admin', via: 'proxy' });
    expect(await (await ask('/who', { 'x-forwarded-user': 'cyd' })).json()).toMatchObject({ name: 'cyd', role: 'viewer' });
    expect((await ask('/who', { 'x-forwarded-user': 'ada' }, 'POST')).status).toBe(403);
    expect((await ask('/who', { 'x-forwarded-user': 'ada', 'sec-fetch-site': 'same-origin' }, 'POST')).status).toBe(200);
    expect((await ask('/who')).status).toBe(401);
  });

  it('is nobody else', async () => {
    const { ask } = site({ variables, peer: '192.0.2.7' });
    expect((await ask('/who', { 'x-forwarded-user': 'ada' })).status).toBe(401);
  });
});

describe('on this machine', () => {
  const variables = {};

  it('a browser needs no token, where that is allowed', async () => {
    const { ask } = site({ variables, onThisMachine: 'viewer' });
    const links = [
      {},
      { 'sec-fetch-site': 'same-origin', referer: 'http://127.0.0.1:8787/models' },
      { 'sec-fetch-site': 'cross-site', referer: 'https://github.com/' },
    ];
    for (const headers of links) expect((await ask('/who', { host: '127.0.0.1:8787', ...headers })).status).toBe(200);
    for (const host of ['localhost:8787', '127.0.0.1:8787', '[::1]:8787']) {
      expect(await (await ask('/who', { host })).json()).toMatchObject({ role: 'viewer', via: 'open' });
      expect(await (await ask('/pages', { host })).text()).toBe('pages');
    }
  });

  it.each([
    [{ host: 'evil.example' }],
    [{ host: '127.0.0.1', 'x-forwarded-for': '192.0.2.1' }],
    [{ host: 'localhost', via: '1.1 proxy' }],
    // nginx puts its own target into `Host`: the page that asked is elsewhere.
    [{ host: '127.0.0.1', 'sec-fetch-site': 'same-origin', referer: 'https://relay.example.com/models' }],
    [{ host: '127.0.0.1', 'sec-fetch-site': 'same-origin', origin: 'https://relay.example.com' }],
  ])('a proxy or a name that was made to point here is none: %j', async (headers) => {
    const { ask } = site({ variables, onThisMachine: 'admin' });
    expect((await ask('/who', headers)).status).toBe(401);
    expect(await (await ask('/pages', headers)).text()).toBe('none');
  });

  it('a token is needed once there is one', async () => {
    const { ask } = site({ onThisMachine: 'admin' });
    expect((await ask('/who', { host: 'localhost' })).status).toBe(401);
  });

  it('there are no pages without a token elsewhere', async () => {
    const { ask } = site({ variables });
    expect(await (await ask('/pages', { host: 'localhost' })).text()).toBe('none');
    expect((await ask('/sign-in', { host: 'localhost' })).status).toBe(404);
  });
});
