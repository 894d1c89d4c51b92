import { describe, expect, it } from 'vitest';
import type { Store } from '../../../../receiver/store/store.ts';
import { aliasBody, relayBody } from '../../../stand-ins/wandb-sender.ts';
import { nothingFollows, reportOf } from '../../store/conversation-samples.ts';
import { claim, succeed } from '../../store/samples.ts';
import { type TestPages, testPages } from './pages-in-test.ts';

const HOSTILE = '<script>alert("1")</script>';
const MINUTE = 60_000;

interface Promotion {
  readonly collection?: string;
  readonly alias?: string;
  /** How its run ends; left out: nothing is sent. */
  readonly conclusion?: string;
}

/** A version gets an alias, and what that dispatches runs. */
async function promote(pages: TestPages, version: string, { collection, alias, conclusion }: Promotion = {}): Promise<string> {
  const { store, clock, post } = pages;
  clock.now += MINUTE;
  const { body } = await post(aliasBody(version, collection, alias));
  if (conclusion !== undefined) await run(store, clock.now, conclusion);
  return String(body.id);
}

async function run(store: Store, now: number, conclusion: string): Promise<void> {
  for (const claimed of await claim(store, now)) {
    await succeed(store, claimed, now);
    const url = `https://github.com/acme/deploy/actions/runs/${claimed.id}`;
    const report = reportOf('completed', {
      runId: claimed.id,
      url,
      title: `Deploy (${claimed.id})`,
      createdAt: now,
      endedAt: now,
      conclusion,
    });
    await store.recordRuns([report], now, nothingFollows);
  }
}

const unescaped = (address: string): string => address.replaceAll('&amp;', '&');

/** The address of the history of the only alias. */
async function historyOf({ store }: TestPages, more: Readonly<Record<string, string>> = {}): Promise<string> {
  const [view] = await store.aliases({ limit: 1 });
  return `/models/history?${new URLSearchParams({ collection: view?.collection ?? '', alias: view?.alias ?? '', ...more })}`;
}

/** The form of the page that asks whether to roll back. */
async function askedFor(pages: TestPages, to: string, as: 'ada' | 'shared' = 'ada') {
  const [view] = await pages.store.aliases({ limit: 1 });
  const names = { collection: view?.collection ?? '', alias: view?.alias ?? '', key: view?.key ?? '', to };
  const asked = await pages.get(`/models/rollback?${new URLSearchParams({ ...names, reason: 'the loss\nwent up' })}`, as);
  const seen = /name="seen" value="([^"]*)"/.exec(asked.text)?.[1]?.replaceAll('&quot;', '"') ?? '';
  return { ...asked, fields: { ...names, seen } };
}

describe('/models', () => {
  it('says what to do where nothing is known, and where nothing matches', async () => {
    const { get } = await testPages();
    expect((await get('/models')).text).toContain('wandb-relay where entity/project/collection --verify');
    expect((await get('/models?collection=none')).text).toContain('No alias matches');
  });

  it('shows the state, the versions, who, since when and what was replaced, with links', async () => {
    const pages = await testPages();
    await promote(pages, 'v11', { conclusion: 'success' });
    const id = await promote(pages, 'v12', { conclusion: 'failure' });
    await promote(pages, 'v3', { alias: 'guarded' });
    await promote(pages, 'v4', { alias: 'nobody-asks' });
    const { text } = await pages.get('/models');
    const rows = text.split('<tr>').slice(2);
    expect(rows.map((row) => /badge \w+">([^<]+)/.exec(row)?.[1])).toEqual(['not dispatched', 'awaiting approval', 'failed']);
    expect(rows[2]).toMatch(/v12<\/strong>.*replaced v11.*class="version behind">v11<.*not v12/s);
    expect(rows[2]).toContain(`href="/events/${id}"`);
    expect(rows[2]).toMatch(/href="https:\/\/github.com\/acme\/deploy\/actions\/runs\/[^"]+"/);
    expect(rows[2]).toContain('href="https://wandb.example/orgs/acme-inc/registry/model');
    expect(rows[2]).toContain('data-label="By">ada<');
    expect(unescaped(rows[2] ?? '')).toContain(
      'href="/models/history?collection=acme%2Fwandb-registry-model%2Fresnet50&alias=production&key=',
    );
  });

  it('finds by what the address says, the latest change first, and pages go on where the last one ended', async () => {
    const pages = await testPages();
    for (let i = 0; i < 32; i++) await promote(pages, 'v1', { collection: `model-${i}` });
    await promote(pages, 'v1', { collection: 'BERT', alias: 'staging' });
    const first = (await pages.get('/models?alias=production')).text;
    expect([first.includes('model-31 '), first.includes('model-2 '), first.includes('model-1 '), first.includes('BERT')]).toEqual([
      true,
      true,
      false,
      false,
    ]);
    const older = unescaped(/rel="next" href="([^"]+)"/.exec(first)?.[1] ?? '');
    expect(older).toContain('alias=production');
    const second = (await pages.get(older)).text;
    expect([second.includes('model-1 '), second.includes('model-0 '), second.includes('model-2 ')]).toEqual([true, true, false]);
    expect(second).not.toContain('rel="next"');
    expect((await pages.get('/models?collection=registry-model/bert')).text).toContain('BERT');
    expect((await pages.get('/models?before=nonsense')).text).toContain('BERT');
  });

  it('shows names from outside as text', async () => {
    const pages = await testPages();
    await promote(pages, HOSTILE, { collection: HOSTILE, alias: HOSTILE });
    await pages.post(relayBody('run_state', { run_name: HOSTILE }));
    const [view] = await pages.store.aliases({ limit: 1 });
    expect(view?.collection).toBe(HOSTILE);
    const key = { key: view?.key ?? '', to: HOSTILE };
    for (const path of [
      '/models',
      `/models?collection=${encodeURIComponent(HOSTILE)}`,
      await historyOf(pages),
      `/models/rollback?${new URLSearchParams(key)}`,
      '/simulate',
    ]) {
      const { text } = await pages.get(path);
      expect(text).toContain('&lt;script&gt;alert');
      expect(text).not.toContain('<script>alert');
    }
  });
});

describe('/models/history', () => {
  it('shows each step of an alias, by its names alone', async () => {
    const pages = await testPages();
    await promote(pages, 'v11', { conclusion: 'success' });
    await promote(pages, 'v12', { conclusion: 'failure' });
    const { status, text } = await pages.get(await historyOf(pages));
    expect(status).toBe(200);
    expect(text).toMatch(/v12<\/span><span class="badge bad">failed.*replaced v11.*v11<\/span><span class="badge good">deployed/s);
    expect(text).toContain('<b>v12</b><span>has production in W&amp;B');
    expect((await pages.get('/models/history?collection=none&alias=production')).status).toBe(404);
    expect((await pages.get('/models/history')).status).toBe(404);
  });

  it('lets people choose where several collections have the name', async () => {
    const pages = await testPages();
    await promote(pages, 'v1');
    await pages.post({ ...aliasBody('v8'), entity_name: 'other' });
    const { text } = await pages.get('/models/history?collection=resnet50&alias=production');
    const links = [...text.matchAll(/href="(\/models\/history[^"]+)"/g)].map(([, link]) => unescaped(link ?? ''));
    expect(links).toHaveLength(2);
    expect((await pages.get(links[0] ?? '')).text).toContain('id="history"');
  });

  it('says why a version cannot be rolled back to', async () => {
    const pages = await testPages();
    await promote(pages, 'v11', { conclusion: 'failure' });
    await promote(pages, 'v12', { conclusion: 'success' });
    const { text } = await pages.get(await historyOf(pages));
    expect(text).toContain('There is no version to go back to: no other one is known to have been deployed successfully.');
    expect(text).toContain('v12 has the alias: to send it again, replay its delivery');
    expect(text).toContain('v11 is not known to have been deployed successfully');
    expect(text).not.toContain('action="/models/rollback"');
    const { status, text: refused } = await askedFor(pages, 'v11');
    expect([status, refused.includes('V11 is not known to have been deployed successfully')]).toEqual([409, true]);
  });
});

describe('a rollback on the pages', () => {
  async function twoDeployed(): Promise<TestPages> {
    const pages = await testPages();
    await promote(pages, 'v10', { conclusion: 'success' });
    await promote(pages, 'v11', { conclusion: 'success' });
    await promote(pages, 'v12', { conclusion: 'failure' });
    return pages;
  }

  it('says first what exactly will be sent, and stores nothing for that', async () => {
    const pages = await twoDeployed();
    const history = (await pages.get(await historyOf(pages))).text;
    expect(history).toMatch(/<option value="v11">v11, which is deployed now<\/option><option value="v10">v10, deployed 2027-[^<]+ UTC</);
    const before = (await pages.store.events({ limit: 99 })).length;
    const { status, text } = await askedFor(pages, 'v10');
    expect(status).toBe(200);
    expect(text).toContain('one dispatch of route deploy');
    expect(text).toContain('POST https://api.github.com/repos/acme/deploy/dispatches');
    expect(text).toContain('&quot;rollback&quot;: true');
    expect(text).toContain('The alias in W&amp;B stays on v12');
    expect(text).toContain('value="the loss went up"');
    expect((await pages.store.events({ limit: 99 })).length).toBe(before);
  });

  it('is made by the person, with the reason, and shown where it is followed', async () => {
    const pages = await twoDeployed();
    const { fields } = await askedFor(pages, 'v10');
    pages.clock.now += MINUTE;
    const done = await pages.send('/models/rollback', { ...fields, reason: 'the loss\nwent up' });
    expect(done.status).toBe(303);
    const { text } = await pages.get(done.location ?? '');
    expect(text).toContain('The rollback is under way.');
    expect(text).toContain('rolled back by ada, by the pages: the loss went up');
    expect(text).toContain('In W&amp;B production stays on v12');
    const id = /\/events\/([^?]+)/.exec(done.location ?? '')?.[1] ?? '';
    expect((await pages.store.event(id))?.event).toMatchObject({ version: 'v10', author: 'ada', rollback: true });
    expect((await pages.get(await historyOf(pages))).text).toMatch(/Rolled back to v10<\/span><span class="badge busy">waiting/);
    await run(pages.store, pages.clock.now, 'success');
    expect((await pages.get('/models')).text).toMatch(/class="version behind">v10</);
  });

  it('changes nothing where the alias has moved, or another version was deployed, since the page was shown', async () => {
    const pages = await twoDeployed();
    const { fields } = await askedFor(pages, 'v10');
    await promote(pages, 'v13');
    const before = (await pages.store.events({ limit: 99 })).length;
    const stale = await pages.send('/models/rollback', fields);
    expect([stale.status, stale.text.includes('The alias has moved since you looked: v13 has it now. Nothing was changed')]).toEqual([
      409,
      true,
    ]);
    const again = await askedFor(pages, 'v10');
    pages.clock.now += MINUTE;
    await run(pages.store, pages.clock.now, 'success');
    const late = await pages.send('/models/rollback', again.fields);
    expect([late.status, late.text.includes('Another version was deployed since you looked')]).toEqual([409, true]);
    expect((await pages.store.events({ limit: 99 })).length).toBe(before);
    for (const seen of ['', 'x', '{}', '{"version":"v13","since":"now","deployedAt":null}'])
      expect((await pages.send('/models/rollback', { ...fields, seen })).status).toBe(400);
  });

  it('twice to the same version is refused while the first is under way', async () => {
    const pages = await twoDeployed();
    const { fields } = await askedFor(pages, 'v10');
    expect((await pages.send('/models/rollback', fields)).status).toBe(303);
    const second = await pages.send('/models/rollback', fields);
    expect([second.status, second.text.includes('is under way already')]).toEqual([409, true]);
  });

  it('is one person’s where several share a token, and nobody’s who only reads', async () => {
    const pages = await twoDeployed();
    const { fields, text } = await askedFor(pages, 'v10', 'shared');
    expect(text).toMatch(/name="by"[^>]* required/);
    expect((await pages.send('/models/rollback', fields, 'shared')).status).toBe(400);
    const history = (await pages.get(await historyOf(pages), 'viewer')).text;
    expect([history.includes('action="/models/rollback"'), history.includes('could go back to v11, v10')]).toEqual([false, true]);
    expect((await pages.get(`/models/rollback?${new URLSearchParams(fields)}`, 'viewer')).status).toBe(403);
    expect((await pages.send('/models/rollback', fields, 'viewer')).status).toBe(403);
    const done = await pages.send('/models/rollback', { ...fields, by: 'grace' }, 'shared');
    expect(done.status).toBe(303);
    expect((await pages.get(done.location ?? '')).text).toContain('rolled back by grace, by the pages');
  });
});
