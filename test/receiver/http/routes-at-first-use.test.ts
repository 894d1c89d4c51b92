import { Hono } from 'hono';
import { describe, expect, it } from 'vitest';
import { NotLoadedError } from '../../../receiver/first-use.ts';
import { type RequestVariables, requestLog } from '../../../receiver/http/request-log.ts';
import { routesAtFirstUse } from '../../../receiver/http/routes-at-first-use.ts';

/** An app with such routes at a path and others behind them, as a receiver has them; and what it logged. */
function appWith(load: () => Promise<Hono<RequestVariables>>) {
  const lines: object[] = [];
  const add = (fields: object) => void lines.push(fields);
  const app = new Hono<RequestVariables>({ strict: false });
  app.use(requestLog({ debug: add, info: add, warn: add, error: add }, () => 0));
  app.route('/relay/later', routesAtFirstUse({ path: '/relay/later', what: 'what comes later', load }));
  app.get('/relay/later/behind', (c) => c.text('behind'));
  app.notFound((c) => c.text('not here', 404));
  app.onError((error, c) => c.text(error instanceof NotLoadedError ? error.message : `a bug: ${error.message}`, 503));
  return { app, lines };
}

function routes(): Hono<RequestVariables> {
  const later = new Hono<RequestVariables>();
  later.get('/', (c) => c.text('the root'));
  later.get('/of/:name', (c) => {
    c.get('logFields').source = c.req.param('name');
    return c.text(`${c.req.path}, ${c.env?.peer ?? 'nobody'}`, 200, { 'x-kept': 'yes' });
  });
  later.post('/echo', async (c) => c.text(await c.req.text(), 201));
  later.get('/stranger', (c) => c.notFound());
  later.get('/fails', () => {
    throw new Error('of a page');
  });
  return later;
}

describe('routes at their first use', () => {
  it('are loaded once, by the first request for them', async () => {
    let loads = 0;
    const { app } = appWith(async () => {
      loads++;
      return routes();
    });
    expect(await (await app.request('/relay')).text()).toBe('not here');
    expect(loads).toBe(0);
    const both = await Promise.all([app.request('/relay/later'), app.request('/relay/later/of/a')]);
    expect(both.map(({ status }) => status)).toEqual([200, 200]);
    expect(loads).toBe(1);
  });

  it('answer as if they had been there from the beginning', async () => {
    const { app, lines } = appWith(async () => routes());
    for (const path of ['/relay/later', '/relay/later/']) expect(await (await app.request(path)).text()).toBe('the root');
    const named = await app.request('/relay/later/of/ada', {}, { peer: '192.0.2.1' });
    expect([await named.text(), named.headers.get('x-kept')]).toEqual(['/relay/later/of/ada, 192.0.2.1', 'yes']);
    expect(lines.at(-1)).toMatchObject({ status: 200, source: 'ada' });
    const echo = await app.request('/relay/later/echo', { method: 'POST', body: 'what was sent' });
    expect([echo.status, await echo.text()]).toEqual([201, 'what was sent']);
    const head = await app.request('/relay/later/of/ada', { method: 'HEAD' });
    expect([head.status, await head.text(), head.headers.get('x-kept')]).toEqual([200, '', 'yes']);
  });

  it('leave to others what they do not answer', async () => {
    const { app } = appWith(async () => routes());
    expect(await (await app.request('/relay/later/behind')).text()).toBe('behind');
    for (const path of ['/relay/later/nothing', '/relay/later/stranger']) {
      const answer = await app.request(path);
      expect([answer.status, await answer.text()]).toEqual([404, 'not here']);
      expect((await app.request(path, { method: 'HEAD' })).status).toBe(404);
    }
  });

  it('fail with the error of their own, or with why they cannot be loaded', async () => {
    const { app } = appWith(async () => routes());
    expect(await (await app.request('/relay/later/fails')).text()).toBe('a bug: of a page');
    const broken = appWith(() => Promise.reject(new Error('no such file'))).app;
    const answer = await broken.request('/relay/later');
    expect([answer.status, await answer.text()]).toEqual([503, expect.stringMatching(/^what comes later cannot be loaded: no such file/)]);
  });
});
