import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { printerOf } from '../../receiver/cli/printer.ts';
import { runProgram } from '../../receiver/cli/program.ts';
import { startWandb } from '../../test/stand-ins/wandb-server.ts';
import { findChromium, type Look, openCamera } from '../slack-pictures/chromium.ts';
import { smallestPng } from '../slack-pictures/png.ts';
import { CONFIG, NOW, trainingWorld } from './training.ts';

const HELP = `Runs "wandb-relay backtest" against the W&B stand-in and takes pictures of its report, for docs/engine.md.

npm run backtest:pictures                        into docs/pictures
npm run backtest:pictures -- --out /tmp/look     into another folder, with the report and the text beside them

It needs Chromium; Debian: apt-get install chromium`;

/** Bytes of one picture. */
const LARGEST = 120_000;

const PICTURES: readonly { readonly name: string; readonly width: number; readonly look: Look }[] = [
  { name: 'backtest-report', width: 1080, look: { height: 1180 } },
  { name: 'backtest-report-dark', width: 1080, look: { height: 1180, scheme: 'dark' } },
  { name: 'backtest-report-phone', width: 390, look: { height: 1180 } },
];

/** Runs the command; what it printed, and the report. */
async function runBacktest(): Promise<{ readonly text: string; readonly report: string }> {
  const folder = mkdtempSync(join(tmpdir(), 'wandb-relay-backtest-'));
  const server = await startWandb({ world: trainingWorld(), now: () => new Date(NOW) });
  let [text, complaints] = ['', ''];
  try {
    writeFileSync(join(folder, 'wandb-relay.yaml'), CONFIG);
    const printer = printerOf(
      (line) => {
        text += line;
      },
      (line) => {
        complaints += line;
      },
    );
    const code = await runProgram(
      {
        ...printer,
        variables: { WANDB_API_KEY: server.apiKey, WANDB_BASE_URL: server.url, RELAY_CACHE: join(folder, 'cache') },
        cwd: folder,
        writeLog: () => undefined,
        user: undefined,
        terminal: false,
        now: () => NOW,
        random: Math.random,
        randomBytes: () => new Uint8Array(),
        fetch,
        stopped: () => new Promise(() => undefined),
      },
      '0.0.0',
      ['backtest', '--report', 'report.html'],
    );
    if (code !== 0) throw new Error(complaints);
    return { text, report: readFileSync(join(folder, 'report.html'), 'utf8') };
  } finally {
    await server.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function main(): Promise<number> {
  const { values } = parseArgs({ options: { out: { type: 'string' }, help: { type: 'boolean', default: false } } });
  if (values.help) {
    console.log(HELP);
    return 0;
  }
  const program = findChromium();
  if (program === undefined) {
    console.error('Chromium is not installed. Debian: apt-get install chromium');
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
