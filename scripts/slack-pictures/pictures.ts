import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { openCamera } from '../camera.ts';
import { findChromium } from '../find-chromium.ts';
import { pageOf } from './page.ts';
import { fileOf, LARGEST, SIZES } from './picture-files.ts';
import { smallestPng } from './png.ts';
import { SCENES } from './scenes.ts';
import { READER } from './story.ts';

const HELP = `Draws the Slack messages of scripts/slack-pictures/scenes.ts as Slack would, for docs/slack.md.

npm run slack:pictures                      every picture, into docs/pictures
npm run slack:pictures -- failed home       these only
npm run slack:pictures -- --out /tmp/look   into another folder

It needs Chromium and two fonts; Debian: apt-get install chromium fonts-lato fonts-noto-color-emoji`;

const OPTIONS = { out: { type: 'string', default: 'docs/pictures' }, help: { type: 'boolean', default: false } } as const;

/** Draws the scenes; the exit code. */
async function main(args: readonly string[]): Promise<number> {
  let parsed: ReturnType<typeof parseArgs<{ options: typeof OPTIONS; allowPositionals: true }>>;
  try {
    parsed = parseArgs({ args: [...args], options: OPTIONS, allowPositionals: true });
  } catch (error) {
    return said(`${error instanceof Error ? error.message : String(error)}\n\n${HELP}`, 2);
  }
  const { values, positionals } = parsed;
  if (values.help) return said(HELP, 0);
  const unknown = positionals.find((name) => !SCENES.some((scene) => scene.name === name));
  if (unknown !== undefined) return said(`There is no scene ${unknown}. The scenes are: ${SCENES.map(({ name }) => name).join(', ')}.`, 2);
  const program = findChromium();
  if (program === undefined)
    return said('Chromium is not installed. Debian: apt-get install chromium fonts-lato fonts-noto-color-emoji', 1);
  mkdirSync(values.out, { recursive: true });
  const camera = await openCamera(program);
  let tooLarge = 0;
  try {
    for (const scene of SCENES.filter(({ name }) => positionals.length === 0 || positionals.includes(name))) {
      const page = pageOf(scene, READER);
      for (const size of SIZES) {
        const file = join(values.out, fileOf(scene, size));
        const png = smallestPng(await camera.picture(page, size.width, size.density), LARGEST);
        writeFileSync(file, png);
        tooLarge += Number(png.length > LARGEST);
        console.log(`${file}  ${Math.ceil(png.length / 1000)} KB${png.length > LARGEST ? `: more than ${LARGEST / 1000} KB` : ''}`);
      }
    }
  } finally {
    await camera.close();
  }
  return tooLarge === 0 ? 0 : 1;
}

function said(words: string, code: number): number {
  (code === 0 ? console.log : console.error)(words);
  return code;
}

process.exitCode = await main(process.argv.slice(2));
