import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { inject } from 'vitest';
import { TOKENS } from '../../../../scripts/pages-pictures/acme.ts';

/** How somebody looks at the pages. */
export interface View {
  /** Who is signed in; left out: nobody. */
  readonly as?: keyof typeof TOKENS;
  /** CSS pixels; default: a desktop. */
  readonly width?: 1200 | 390;
  readonly scheme?: 'light' | 'dark';
  /** Whether scripts run; default true. */
  readonly script?: boolean;
  /** Default: UTC. */
  readonly zone?: string;
}

/** A tab, and what went wrong in it. */
export interface Visit {
  readonly page: Page;
  readonly context: BrowserContext;
  /** Where the receiver listens, with its base path. */
  readonly url: string;
  /** Goes to a path of the receiver; the status. */
  go(path: string): Promise<number>;
  /** Errors of the console, violations of the content security policy, and scripts that failed, since the last call. */
  complaints(): string[];
}

let browser: Promise<Browser> | undefined;

/** The one of the whole run. It ends with the run. */
function sharedBrowser(): Promise<Browser> {
  browser ??= fetch(inject('sharedBrowser')).then(async (answer) => {
    const text = await answer.text();
    if (!answer.ok) throw new Error(text);
    return chromium.connect(text);
  });
  return browser;
}

/** A browser of somebody's own: nothing is shared with other visits. */
export async function visit(url: string, { as, width = 1200, scheme = 'light', script = true, zone = 'UTC' }: View = {}): Promise<Visit> {
  const context = await (await sharedBrowser()).newContext({
    viewport: { width, height: 900 },
    colorScheme: scheme,
    javaScriptEnabled: script,
    timezoneId: zone,
    locale: 'en-GB',
  });
  context.setDefaultTimeout(20_000);
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on('console', (message) => {
    // A page that says what is wrong with a request has a status of its own.
    if (message.type() === 'error' && !/status of 4\d\d/.test(message.text())) complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(String(error)));
  const go = async (path: string): Promise<number> => (await page.goto(`${url}${path}`))?.status() ?? 0;
  const visited = { page, context, url, go, complaints: () => complaints.splice(0) };
  if (as !== undefined) await signIn(visited, TOKENS[as]);
  return visited;
}

export async function signIn({ page, go }: Pick<Visit, 'page' | 'go'>, token: string): Promise<void> {
  await go('/sign-in');
  await page.getByLabel('Token').fill(token);
  await page.getByRole('button', { name: 'Sign in' }).click();
}

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

interface Violation {
  readonly id: string;
  readonly help: string;
  readonly nodes: readonly { readonly html: string; readonly failureSummary?: string }[];
}

/** What axe has to say about the page as it is, all of its rules: one line each. */
export async function axeFinds(page: Page): Promise<string[]> {
  // Half a megabyte: once for a page, however often it is looked at.
  if (!(await page.evaluate<boolean>('"axe" in globalThis'))) await page.evaluate(AXE);
  const violations = await page.evaluate<Violation[]>(
    'axe.run(document, { resultTypes: ["violations"] }).then(({ violations }) => violations)',
  );
  return violations.map(
    ({ id, help, nodes }) =>
      `${id}: ${help}: ${nodes.map((node) => `${node.html.slice(0, 160)} ${node.failureSummary ?? ''}`).join(' | ')}`,
  );
}

/** What sticks out of the window sideways, also where a card cuts it off: the first such elements. A part that scrolls by itself is none. */
export function sticksOut(page: Page): Promise<string[]> {
  return page.evaluate<string[]>(STICKS_OUT);
}

const STICKS_OUT = `(() => {
  const scrolls = (at) => at !== null && at !== document.body && (/auto|scroll/.test(getComputedStyle(at).overflowX) || scrolls(at.parentElement));
  const out = [...document.querySelectorAll('body *')].filter((at) => at.getBoundingClientRect().right > innerWidth + 1 && !scrolls(at));
  const wide = document.documentElement.scrollWidth - document.documentElement.clientWidth;
  return [...(wide > 0 ? ['the page, by ' + wide + ' pixels'] : []), ...out.slice(0, 3).map((at) => at.outerHTML.slice(0, 160))];
})()`;

/** What the Tab key reaches, in order: the element and its words, and whether the focus can be seen there. */
export async function tabStops(page: Page, presses: number): Promise<{ readonly what: string; readonly isVisible: boolean }[]> {
  await page.evaluate(REMEMBER_STOPS);
  for (let i = 0; i < presses; i++) await page.keyboard.press('Tab');
  return page.evaluate('globalThis.stops');
}

const REMEMBER_STOPS = `
globalThis.stops = [];
document.addEventListener('focusin', ({ target: at }) => {
  const style = getComputedStyle(at);
  const box = at.getBoundingClientRect();
  const words = at.closest('label')?.firstChild?.textContent ?? at.textContent;
  const isSeen = box.width > 0 && box.left >= 0 && box.right <= innerWidth + 1;
  stops.push({
    what: at.tagName.toLowerCase() + ' ' + words.trim().slice(0, 60),
    isVisible: isSeen && style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) > 0,
  });
});`;
