import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { aboutModel, aboutRun, HOUR, NOW, TOKENS } from '../../../../scripts/pages-pictures/acme.ts';
import { startWorld, type World } from '../../../../scripts/pages-pictures/world.ts';
import { signIn, visit } from './browser.ts';

/** Below a path, because most cookies and links that go wrong go wrong there. */
const BASE_PATH = '/ml/relay';

let world: World;
let url: string;
let eventId: string;

beforeAll(async () => {
  world = await startWorld({ since: NOW - HOUR, basePath: BASE_PATH });
  eventId = await world.event(aboutModel('create_artifact', 'resnet50', 'v1', 'ada'));
  await world.until(NOW);
  url = await world.open();
});
afterAll(() => world.close());

describe('a session', () => {
  it('begins with the right token only, leads to where one wanted to go, and ends by signing out', async () => {
    const { page, context, go } = await visit(url);
    await go(`/events/${eventId}`);
    expect(new URL(page.url()).pathname).toBe(`${BASE_PATH}/sign-in`);
    await page.getByLabel('Token').fill('ada');
    await page.getByRole('button', { name: 'Sign in' }).click();
    expect(await page.getByRole('alert').innerText()).toContain('No such token');
    await page.getByLabel('Token').fill(TOKENS.ada);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('heading', { level: 1, name: 'resnet50 v1 created' }).waitFor();
    const [cookie] = await context.cookies();
    expect(cookie).toMatchObject({ httpOnly: true, sameSite: 'Strict', path: BASE_PATH });
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByLabel('Token').waitFor();
    expect(await context.cookies()).toEqual([]);
    await go('/');
    expect(new URL(page.url()).pathname).toBe(`${BASE_PATH}/sign-in`);
    await context.close();
  });

  it('shows a shared token’s role, and a person’s name', async () => {
    for (const [as, words] of [
      ['viewer', 'viewer (reads only)'],
      ['ben', 'ben'],
    ] as const) {
      const { page, context } = await visit(url, { as });
      expect(await page.locator('.who span').innerText()).toBe(words);
      await context.close();
    }
  });
});

describe('times', () => {
  const at = new Date(NOW - HOUR);

  it('are in the reader’s zone with script, exact when one points at them or taps', async () => {
    const { page, context, go } = await visit(url, { as: 'ada', zone: 'Asia/Tokyo', width: 390 });
    await page.clock.setFixedTime(NOW);
    await go('/?type=create_artifact');
    const time = page.locator('td.when time');
    expect(await time.innerText()).toBe('17:00:00');
    expect(await time.getAttribute('title')).toContain(at.toISOString());
    await time.click();
    expect(await time.innerText()).toMatch(/27 Nov 2026.*17:00:00.*2026-11-27T08:00:00\.000Z/s);
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(390);
    await time.click();
    expect(await time.innerText()).toBe('17:00:00');
    await context.close();
  });

  it('are UTC without script', async () => {
    const { page, context, go } = await visit(url, { as: 'ada', zone: 'Asia/Tokyo', script: false });
    await go('/?type=create_artifact');
    expect(await page.locator('td.when time').innerText()).toBe('2026-11-27 08:00:00 UTC');
    expect(await page.locator('td.when time').getAttribute('title')).toBe(at.toISOString());
    await context.close();
  });
});

describe('live', () => {
  it('a new event is there without a reload, and what somebody types stays', async () => {
    const { page, context, go, complaints } = await visit(url, { as: 'ada' });
    await go('/');
    await page.getByText('Live', { exact: true }).waitFor();
    await page.evaluate('globalThis.isStillHere = true');
    await page.getByLabel('Text').fill('half a wo');
    await world.event(aboutRun('run_state', 'nightly-7', 'grace', { run_status: 'failed' }));
    await page.locator('table.events').getByText('Run nightly-7 failed').waitFor();
    expect(await page.evaluate('globalThis.isStillHere')).toBe(true);
    expect(await page.getByLabel('Text').inputValue()).toBe('half a wo');
    expect(complaints()).toEqual([]);
    await context.close();
  });

  it('does not take a button away from under somebody’s finger, and catches up afterwards', async () => {
    const { page, context, go } = await visit(url, { as: 'ada' });
    await go('/');
    await page.getByText('Live', { exact: true }).waitFor();
    await page.locator('td.what a').first().focus();
    const answered = page.waitForResponse((response) => response.url() === `${url}/`);
    await world.event(aboutRun('run_state', 'nightly-8', 'grace', { run_status: 'failed' }));
    await answered;
    expect(await page.evaluate('document.activeElement.closest("td") !== null')).toBe(true);
    await page.getByLabel('Text').focus();
    await page.locator('table.events').getByText('Run nightly-8 failed').waitFor();
    await context.close();
  });

  it('asks again by itself where nothing tells it', async () => {
    const polling = await startWorld({ since: NOW, polls: true });
    try {
      const { page, context, go } = await visit(await polling.open(), { as: 'ada' });
      await page.clock.install();
      await go('/');
      await page.getByText('Updates every 10 s').waitFor();
      await polling.event(aboutRun('run_state', 'nightly-9', 'grace', { run_status: 'failed' }));
      await page.clock.fastForward(10_000);
      await page.clock.fastForward(1_000);
      await page.locator('table.events').getByText('Run nightly-9 failed').waitFor();
      await context.close();
    } finally {
      await polling.close();
    }
  });

  it('ends with the session, and says so', async () => {
    const { page, context, go } = await visit(url, { as: 'ben' });
    await go('/');
    await page.getByText('Live', { exact: true }).waitFor();
    world.moveTo(world.now() + 13 * HOUR);
    await page.getByText('Not connected: reload the page').waitFor();
    await page.reload();
    await page.getByLabel('Token').waitFor();
    await signIn({ page, go }, TOKENS.ben);
    await page.getByText('Live', { exact: true }).waitFor();
    await context.close();
  });
});
