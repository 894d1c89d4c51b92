import { describe, expect, it } from 'vitest';
import { SAMPLE_TYPES } from '../../../../receiver/admin/sample-body.ts';
import { SECRET } from '../../../stand-ins/receiver-in-process.ts';
import { aliasBody } from '../../../stand-ins/wandb-sender.ts';
import { accept, eventOf } from '../../store/samples.ts';
import { type TestPages, testPages } from './pages-in-test.ts';

const HOSTILE = '<script>alert("1")</script></textarea>';

const simulated = ({ send }: TestPages, body: unknown, as?: 'ada' | 'viewer', source_name = 'default') =>
  send('/simulate', { body: typeof body === 'string' ? body : JSON.stringify(body), source_name }, as);

describe('/simulate', () => {
  it('has an example of each type, which is understood as that type', async () => {
    const { get } = await testPages();
    const empty = (await get('/simulate')).text;
    expect(empty).toContain('No event has come yet');
    expect(empty).not.toContain('id="result"');
    for (const type of SAMPLE_TYPES) {
      const { status, text } = await get(`/simulate?type=${type}`);
      expect([status, text.includes(`<dt>type</dt><dd>${type}</dd>`)]).toEqual([200, true]);
    }
  });

  it('shows how it was understood, which routes match and why not, and the exact requests; it stores nothing', async () => {
    const pages = await testPages();
    const { status, text } = await simulated(pages, aliasBody('v7'));
    expect(status).toBe(200);
    expect(text).toContain('resnet50 v7 → production: 1 of 3 routes matches. Nothing was sent, and nothing was stored.');
    expect(text).toContain('alias is &quot;production&quot;, wanted &quot;guarded&quot;');
    expect(text).toContain('POST https://api.github.com/repos/acme/deploy/dispatches');
    expect(text).toContain('&quot;event_type&quot;: &quot;model-production&quot;');
    expect(text).toContain('&quot;version&quot;: &quot;v7&quot;');
    expect([await pages.store.events({ limit: 9 }), await pages.store.aliases({ limit: 9 })]).toEqual([[], []]);
  });

  it('shows what waits for an approval, the question itself, and the text of messages', async () => {
    const pages = await testPages();
    const held = (await simulated(pages, aliasBody('v7', 'resnet50', 'guarded'))).text;
    expect(held).toMatch(/badge wait">awaiting approval.*Somebody must approve it first, in #ml/s);
    expect(held).toMatch(/slack:#ml.*<div class="message">.*\[Approve\]/s);
    const message = (await simulated(pages, aliasBody('v7', 'resnet50', 'talk'))).text;
    expect(message).toMatch(/<div class="message">.*resnet50 v7 → talk/s);
    expect(message).toContain('POST https://slack.com/api/chat.postMessage');
  });

  it('says what the version would replace now', async () => {
    const pages = await testPages();
    await pages.post(aliasBody('v6'));
    const { text } = await simulated(pages, aliasBody('v7'));
    expect(text).toContain('History of resnet50 → production</a>');
    expect(text).toMatch(/&quot;replaces&quot;: {\s+&quot;version&quot;: &quot;v6&quot;/);
  });

  it('takes an event that came, as it was understood then', async () => {
    const pages = await testPages();
    const { body } = await pages.post({ ...aliasBody('v7'), huge: 1 }, { path: '/webhooks/wandb' });
    const id = String(body.id);
    expect((await pages.get(`/events/${id}`)).text).toContain(`href="/simulate?event=${id}"`);
    const { status, text } = await pages.get(`/simulate?event=${id}`);
    expect(status).toBe(200);
    expect(text).toContain('1 of 3 routes matches');
    expect(text).toMatch(/<textarea[^>]*>{\n {2}&quot;relay&quot;: 1,/);
    expect(text).toContain(`<option value="${id}" selected>`);
    const gone = await pages.get('/simulate?event=none');
    expect([gone.status, gone.text.includes('There is no such event any more')]).toEqual([404, true]);
  });

  it('asks no route about a digest', async () => {
    const pages = await testPages();
    await accept(pages.store, eventOf('of-a-digest', { event: { type: 'digest', source: 'default', automation: 'weekly' } }));
    const { text } = await pages.get('/simulate?event=of-a-digest');
    expect([text.includes('No route is asked about it.'), text.includes('id="planned"')]).toEqual([true, false]);
  });

  it('says where a body is not JSON, and keeps it', async () => {
    const pages = await testPages();
    const { status, text } = await simulated(pages, '{\r\n  "event": "add_artifact_alias",\r\n  oops\r\n}');
    expect(status).toBe(400);
    expect(text).toMatch(/not the JSON that was expected: line 3, column 3: [a-z ]+\./);
    expect(text).toContain('oops');
    expect((await simulated(pages, ' ')).text).toContain('There is no body');
    expect((await simulated(pages, '{}')).text).toContain('The Test button');
    expect((await simulated(pages, aliasBody('v1'), 'ada', 'No Source')).status).toBe(400);
  });

  it('takes as much as the webhook does', async () => {
    const pages = await testPages();
    const most = 256 * 1024;
    const body = (length: number) => `{"event":"run_state","note":"${'€'.repeat(10)}${'x'.repeat(length - 63)}"}`.padEnd(length - 20, ' ');
    const [fits, not] = [body(most), `${body(most)}${' '.repeat(40)}`];
    expect([Buffer.byteLength(fits) <= most, Buffer.byteLength(not) > most]).toEqual([true, true]);
    expect((await simulated(pages, fits)).status).toBe(200);
    for (const large of [not, 'x'.repeat(4 * most)]) {
      const { status, text } = await simulated(pages, large);
      expect([status, text.includes('at most 262,144 bytes (settings.max_body_bytes)')]).toEqual([413, true]);
    }
  });

  it('shows what is pasted as text, and no secret', async () => {
    const pages = await testPages();
    for (const body of [aliasBody('v1', HOSTILE), `${HOSTILE} is not JSON`]) {
      const { text } = await simulated(pages, body);
      expect(text).toContain('&lt;script&gt;alert');
      expect(text).not.toContain('<script>alert');
      expect(text.match(/<\/textarea>/g)).toHaveLength(1);
    }
    for (const body of [aliasBody('v1', SECRET), `{"note": "${SECRET.replace('a-', '\\u0061-')}"}`, `${SECRET} is not JSON`]) {
      const { text } = await simulated(pages, body);
      expect(text).toContain('[redacted]');
      expect(text).not.toContain(SECRET);
    }
    expect((await simulated(pages, aliasBody('v1'), 'ada', SECRET)).text).not.toContain(SECRET);
  });

  it('is for those who only read as well, but not for another site', async () => {
    const pages = await testPages();
    expect((await simulated(pages, aliasBody('v7'), 'viewer')).text).toContain('1 of 3 routes matches');
    const origin = { origin: pages.url };
    const token = { next: '/simulate', token: 'token-of-viewers' };
    const signedIn = await fetch(`${pages.url}/sign-in`, {
      method: 'POST',
      body: new URLSearchParams(token),
      headers: origin,
      redirect: 'manual',
    });
    const cookie = signedIn.headers.get('set-cookie')?.split(';')[0] ?? '';
    const sentBy = async (headers: Record<string, string>) => {
      const body = new URLSearchParams({ body: JSON.stringify(aliasBody('v7')) });
      return (await fetch(`${pages.url}/simulate`, { method: 'POST', body, headers: { cookie, ...headers }, redirect: 'manual' })).status;
    };
    expect([await sentBy(origin), await sentBy({ origin: 'https://evil.example' }), await sentBy({})]).toEqual([200, 403, 403]);
  });

  it('keeps the links of its forms below the base path', async () => {
    const { get } = await testPages({ basePath: '/ml/relay' });
    for (const path of ['/simulate?type=add_artifact_alias', '/models'])
      expect((await get(path)).text).not.toMatch(/(?:href|action|src)="\/(?!ml\/relay)/);
  });
});
