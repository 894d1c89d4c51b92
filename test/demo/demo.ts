import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { renderTable } from '../../receiver/cli/output.ts';
import { startGitHub } from '../stand-ins/github.ts';
import { type ReceiverProcess, runCommand, startReceiver } from '../stand-ins/receiver-process.ts';
import { startWandb } from '../stand-ins/wandb-server.ts';
import { DEMO_CONFIG, DEMO_REPOSITORIES, DEMO_SECRET, DEMO_TOKEN, DEMO_WORKFLOWS, demoScenes } from './scenes.ts';

/**
 * `npm run demo`: the whole way of webhooks through a real receiver to a stand-in for GitHub, with what goes wrong in
 * between. Exits 0 only if all of it happened as it should.
 */
const folder = mkdtempSync(join(tmpdir(), 'wandb-relay-demo-'));
const github = await startGitHub({ repositories: DEMO_REPOSITORIES, workflows: DEMO_WORKFLOWS, tokens: { [DEMO_TOKEN]: 'acme' } });
const wandb = await startWandb();
let receiver: ReceiverProcess | undefined;

try {
  writeFileSync(join(folder, 'wandb-relay.yaml'), DEMO_CONFIG);
  const start = () =>
    startReceiver({
      cwd: folder,
      environment: { WANDB_WEBHOOK_SECRET: DEMO_SECRET, GITHUB_TOKEN: DEMO_TOKEN, GITHUB_API_URL: github.url },
    });
  receiver = await start();
  console.log(`A receiver at ${receiver.url}, a stand-in for GitHub at ${github.url}, one for W&B at ${wandb.url}.\n`);

  const rows: string[][] = [];
  let failed = 0;
  const access = { WANDB_API_KEY: wandb.apiKey, WANDB_BASE_URL: wandb.url, GITHUB_REPOSITORY: 'acme/models' };
  const stage = {
    github,
    wandb,
    command: (...words: string[]) => runCommand(words, { cwd: folder, environment: access }),
    receiver: () => receiver as ReceiverProcess,
    restart: async () => {
      await receiver?.end('SIGKILL');
      receiver = await start();
    },
  };
  for (const scene of demoScenes) {
    process.stdout.write(process.stdout.isTTY ? `\r\x1b[2K… ${scene.title}` : `… ${scene.title}\n`);
    let happened: string;
    let mark = 'ok';
    try {
      happened = await scene.play(stage);
    } catch (error) {
      failed++;
      mark = 'FAILED';
      happened = error instanceof Error ? error.message : String(error);
    }
    rows.push([mark, scene.title, happened]);
  }
  const code = await receiver.end('SIGTERM');
  if (code !== 0) failed++;
  rows.push([code === 0 ? 'ok' : 'FAILED', 'SIGTERM', `the receiver finished and exited with ${code}`]);

  if (process.stdout.isTTY) process.stdout.write('\r\x1b[2K');
  console.log(`\n${renderTable(['', 'WHAT WAS SENT', 'WHAT HAPPENED'], rows)}\n`);
  console.log(failed === 0 ? `All ${rows.length} as it should be.` : `${failed} of ${rows.length} went wrong.`);
  process.exitCode = failed === 0 ? 0 : 1;
} finally {
  await receiver?.end('SIGKILL');
  await github.close();
  await wandb.close();
  rmSync(folder, { recursive: true, force: true });
}
