import { mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { type Browser, chromium } from 'playwright-core';
import { messageOf } from '../../src/lib/error-message.ts';
import { findChromium, launchOptions, NO_CHROMIUM } from '../find-chromium.ts';
import { smallestPng } from '../slack-pictures/png.ts';
import { NOW, TOKENS } from './acme.ts';
import { LARGEST, SCENES, type Scene } from './scenes.ts';
import { type Told, tellStory } from './story.ts';
import { startWorld } from './world.ts';

const HELP = `Takes pictures of the receiver's pages after two days of the same made-up events, for README.md and docs/pages.md.

npm run pages:pictures                         every picture, into docs/pictures
npm run pages:pictures -- events event         these only
npm run pages:pictures -- --out /tmp/look      into another folder
npm run pages:pictures -- --serve              shows the pages instead, until you press Ctrl+C

It needs Chromium; Debian: apt-get install chromium`;

const OPTIONS = {
  out: { type: 'string', default: 'docs/pictures' },
  serve: { type: 'boolean', default: false },
  help: { type: 'boolean', default: false },
} as const;

async function main(args: readonly string[]): Promise<number> {
  let parsed: ReturnType<typeof parseArgs<{ options: typeof OPTIONS; allowPositionals: true }>>;
  try {
    parsed = parseArgs({ args: [...args], options: OPTIONS, allowPositionals: true });
  } catch (error) {
    return said(`${messageOf(error)}\n\n${HELP}`, 2);
  }
  const { values, positionals } = parsed;
  if (values.help) return said(HELP, 0);
  const unknown = positionals.find((name) => !SCENES.some((scene) => scene.name === name));
  if (unknown !== undefined)
    return said(`There is no picture ${unknown}. The pictures are: ${SCENES.map(({ name }) => name).join(', ')}.`, 2);
  if (values.serve) return serve();
  const program = findChromium();
  if (program === undefined) return said(NO_CHROMIUM, 1);
  const out = resolve(values.out);
  mkdirSync(out, { recursive: true });
  const wanted = SCENES.filter(({ name }) => positionals.length === 0 || positionals.includes(name));
  return takeAll(wanted, program, out);
}

async function takeAll(scenes: readonly Scene[], program: string, out: string): Promise<number> {
  const world = await startWorld();
  const browser = await chromium.launch(launchOptions(program));
  let tooLarge = 0;
  try {
    const told = await tellStory(world);
    const url = await world.open({ isStanding: true });
    for (const scene of scenes) {
      const file = join(out, `pages-${scene.name}.png`);
      const png = smallestPng(await picture(browser, url, scene, told), LARGEST);
      writeFileSync(file, png);
      tooLarge += Number(png.length > LARGEST);
      console.log(`${file}  ${Math.ceil(png.length / 1000)} KB${png.length > LARGEST ? `: more than ${LARGEST / 1000} KB` : ''}`);
    }
  } finally {
    await browser.close();
    await world.close();
  }
  return tooLarge === 0 ? 0 : 1;
}

async function picture(browser: Browser, url: string, { path, width, height, scheme }: Scene, told: Told): Promise<Buffer> {
  const context = await browser.newContext({
    viewport: { width, height },
    colorScheme: scheme,
    deviceScaleFactor: 1.5,
    timezoneId: 'Europe/Berlin',
    locale: 'en-GB',
    extraHTTPHeaders: { authorization: `Bearer ${TOKENS.ben}` },
  });
  const page = await context.newPage();
  await page.clock.setFixedTime(NOW);
  await page.goto(`${url}${path(told)}`);
  if (path(told) === '/') await page.getByText('Live', { exact: true }).waitFor();
  const whole = await page.evaluate<number>('document.documentElement.scrollHeight');
  const png = await page.screenshot({ fullPage: true, clip: { x: 0, y: 0, width, height: Math.min(height, whole) } });
  await context.close();
  return png;
}

/** For people who want to look around. */
async function serve(): Promise<number> {
  const world = await startWorld();
  await tellStory(world);
  console.log(`${await world.open()}  sign in with one of these tokens: ${Object.values(TOKENS).join(', ')}`);
  await new Promise((ended) => process.once('SIGINT', ended).once('SIGTERM', ended));
  await world.close();
  return 0;
}

function said(words: string, code: number): number {
  (code === 0 ? console.log : console.error)(words);
  return code;
}

process.exitCode = await main(process.argv.slice(2));
