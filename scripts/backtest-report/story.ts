import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { printerOf } from '../../receiver/cli/printer.ts';
import { runProgram } from '../../receiver/cli/program.ts';
import { startWandb } from '../../test/stand-ins/wandb-server.ts';
import type { Look } from '../camera.ts';
import { CONFIG, NOW, trainingWorld } from './training.ts';

/** Bytes of one picture. */
export const LARGEST = 120_000;

/** On a desktop, in the dark, on a phone: the top of the report. */
export const PICTURES: readonly { readonly name: string; readonly width: number; readonly look: Look }[] = [
  { name: 'backtest-report', width: 1080, look: { height: 1180 } },
  { name: 'backtest-report-dark', width: 1080, look: { height: 1180, scheme: 'dark' } },
  { name: 'backtest-report-phone', width: 390, look: { height: 1180 } },
];

/** Runs the command; what it printed, and the report. */
export async function runBacktest(): Promise<{ readonly text: string; readonly report: string }> {
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
