import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { aboutModel, TOKENS } from '../../../../scripts/pages-pictures/acme.ts';
import { type Told, tellStory } from '../../../../scripts/pages-pictures/story.ts';
import { startWorld, type World } from '../../../../scripts/pages-pictures/world.ts';
import { axeFinds, sticksOut, tabStops, type Visit, visit } from './browser.ts';
import { PAGES } from './browser-pages.ts';

const LONG = `${'a_very_long_name_without_any_break'.repeat(9)}<b>"&`;

let world: World;
let told: Told;
let long: string;
let url: string;

beforeAll(async () => {
  world = await startWorld();
  told = await tellStory(world);
  long = await world.event(aboutModel('add_artifact_alias', LONG, 'v1', LONG, { alias: 'production' }));
  url = await world.open({ isStanding: true });
});
afterAll(() => world.close());

/** What is wrong with the page as it stands, in light and in the dark. */
async function faultsOf({ page, complaints }: Visit): Promise<string[]> {
  const faults: string[] = [];
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme });
    faults.push(...(await axeFinds(page)).map((fault) => `${colorScheme}: ${fault}`));
  }
  return [...faults, ...complaints(), ...(await sticksOut(page)).map((what) => `it sticks out: ${what}`)];
}

const WIDTHS = [1200, 390] as const;

describe.concurrent('pages', () => {
  it.each(WIDTHS)('have no faults that axe finds, in light and dark, and fit: %i wide', async (width) => {
    const visited = await visit(url, { as: 'ada', width });
    const faults: Record<string, string[]> = {};
    for (const { name, path, status = 200 } of [...PAGES, { name: 'long names', path: () => `/events/${long}` }]) {
      expect([name, await visited.go(path(told))]).toEqual([name, status]);
      const found = await faultsOf(visited);
      if (found.length > 0) faults[name] = found;
    }
    expect(faults).toEqual({});
    await visited.context.close();
  });

  it.each(WIDTHS)('sign-in has none either, also when the token is wrong: %i wide', async (width) => {
    const visited = await visit(url, { width });
    await visited.go('/sign-in');
    expect(await faultsOf(visited)).toEqual([]);
    await visited.page.getByLabel('Token').fill('wrong');
    await visited.page.keyboard.press('Enter');
    await visited.page.getByRole('alert').waitFor();
    expect(await faultsOf(visited)).toEqual([]);
    await visited.context.close();
  });

  it('say the same without script', async () => {
    const visited = await visit(url, { as: 'ada', script: false, width: 390 });
    for (const { path, status = 200 } of PAGES) {
      expect(await visited.go(path(told))).toBe(status);
      expect(await visited.page.locator('main h1').innerText()).not.toBe('');
      expect(await sticksOut(visited.page)).toEqual([]);
      expect(visited.complaints()).toEqual([]);
    }
    await visited.context.close();
  });

  it('have no change to make for those who only read', async () => {
    const visited = await visit(url, { as: 'viewer' });
    for (const { name, path } of PAGES) {
      await visited.go(path(told));
      // A simulation changes nothing.
      const forms = await visited.page.locator('main form[method=post]:not([action*="/simulate"])').count();
      expect([name, forms]).toEqual([name, 0]);
    }
    await visited.context.close();
  });
});

describe.concurrent('by keyboard', () => {
  it('the first stop skips to the content', async () => {
    const { page, context, go } = await visit(url, { as: 'ada' });
    await go('/');
    await page.keyboard.press('Tab');
    const skip = page.getByText('Skip to the content');
    expect((await skip.boundingBox())?.x).toBeGreaterThanOrEqual(0);
    await page.keyboard.press('Enter');
    expect(page.url()).toContain('#content');
    await page.keyboard.press('Tab');
    expect(await page.evaluate('document.activeElement.closest("main") !== null')).toBe(true);
    await context.close();
  });

  it.each(WIDTHS)('everything is reached in the order of the page, and the focus is seen: %i wide', async (width) => {
    const { page, context, go } = await visit(url, { as: 'ada', width });
    await go('/');
    const stops = await tabStops(page, 40);
    const names = stops.map(({ what }) => what);
    const wanted = [
      'a Skip to the content',
      'a wandb-relay',
      'a Events',
      'a Pauses',
      'button Sign out',
      'a 1failed',
      'button Replay',
      'input Text',
      'select State',
      'summary More filters',
      'button Filter',
    ];
    const places = wanted.map((what) => names.indexOf(what));
    if (width === 1200) expect(places).toEqual(places.toSorted((a, b) => a - b));
    expect(wanted.filter((_what, i) => places[i] === -1)).toEqual([]);
    expect(stops.filter(({ isVisible }) => !isVisible)).toEqual([]);
    await context.close();
  });

  it('Enter sends the filter, and the sign-in form', async () => {
    const { page, context, go } = await visit(url);
    await go('/?state=failed');
    await page.keyboard.type(TOKENS.ada);
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Events that match' }).waitFor();
    expect(page.url()).toBe(`${url}/?state=failed`);
    await page.getByLabel('Text').fill('speech');
    await page.keyboard.press('Enter');
    await page.waitForURL(/text=speech/);
    await context.close();
  });
});
