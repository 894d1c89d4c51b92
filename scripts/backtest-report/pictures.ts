import { mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { openCamera } from '../camera.ts';
import { findChromium, NO_CHROMIUM } from '../find-chromium.ts';
import { smallestPng } from '../slack-pictures/png.ts';
import { LARGEST, PICTURES, runBacktest } from './story.ts';

const HELP = `Runs "wandb-relay backtest" against the W&B stand-in and takes pictures of its report, for docs/engine.md.

npm run backtest:pictures                        into docs/pictures
npm run backtest:pictures -- --out /tmp/look     into another folder, with the report and the text beside them

It needs Chromium; Debian: apt-get install chromium`;

async function main(): Promise<number> {
  const { values } = parseArgs({ options: { out: { type: 'string' }, help: { type: 'boolean', default: false } } });
  if (values.help) {
    console.log(HELP);
    return 0;
  }
  const program = findChromium();
  if (program === undefined) {
    console.error(NO_CHROMIUM);
    return 1;
  }
  const out = resolve(values.out ?? 'docs/pictures');
  mkdirSync(out, { recursive: true });
  const { text, report } = await runBacktest();
  if (values.out !== undefined) {
    writeFileSync(join(out, 'backtest-report.html'), report);
    writeFileSync(join(out, 'backtest.txt'), text);
  }
  const camera = await openCamera(program);
  try {
    for (const { name, width, look } of PICTURES) {
      const png = smallestPng(await camera.picture(report, width, 1.5, look), LARGEST);
      writeFileSync(join(out, `${name}.png`), png);
      console.log(`${join(out, `${name}.png`)}  ${Math.ceil(png.length / 1000)} KB`);
    }
  } finally {
    await camera.close();
  }
  return 0;
}

process.exitCode = await main();
