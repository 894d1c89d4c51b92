import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { renderTable } from '../../receiver/cli/output.ts';
import { startGitHub } from '../../test/stand-ins/github.ts';
import { startPostgres } from '../../test/stand-ins/postgres.ts';
import { type ReceiverProcess, runCommand, startReceiver } from '../../test/stand-ins/receiver-process.ts';
import { startSlack } from '../../test/stand-ins/slack.ts';
import { slackInteractions } from '../../test/stand-ins/slack-interactions.ts';
import { startWandb } from '../../test/stand-ins/wandb-server.ts';
import { DEMO_CONFIG, DEMO_REPOSITORIES, DEMO_SECRET, DEMO_TOKEN, DEMO_WORKFLOWS, demoScenes } from './scenes.ts';
import { DEMO_CHANNEL, slackScenes } from './slack-scenes.ts';
import { startWorkerReceiver } from './worker-receiver.ts';

/**
 * `npm run demo`: the whole way of webhooks through a real receiver to stand-ins for GitHub and Slack, with what goes wrong
 * in between. Exits 0 only if all of it happened as it should. `--postgres` runs it on a PostgreSQL server instead of
 * SQLite, `--worker` on Cloudflare's runtime.
 */
const GITHUB_SECRET = 'a-webhook-secret-for-the-demo-only';
const SIGNING_SECRET = 'a-signing-secret-for-the-demo-only';
const folder = mkdtempSync(join(tmpdir(), 'wandb-relay-demo-'));
/** How far GitHub's clock is ahead, so that runs take their minutes. */
let ahead = 0;
const github = await startGitHub({
  repositories: DEMO_REPOSITORIES,
  workflows: DEMO_WORKFLOWS,
  tokens: { [DEMO_TOKEN]: 'acme' },
  now: () => Date.now() + ahead,
});
const slack = await startSlack({ channels: [DEMO_CHANNEL], users: ['ada', 'bob'] });
const wandb = await startWandb();
const isWorker = process.argv.includes('--worker');
const database = process.argv.includes('--postgres') ? await startPostgres() : undefined;
let receiver: ReceiverProcess | undefined;

try {
  writeFileSync(join(folder, 'wandb-relay.yaml'), DEMO_CONFIG);
  const environment = {
    WANDB_WEBHOOK_SECRET: DEMO_SECRET,
    GITHUB_TOKEN: DEMO_TOKEN,
    GITHUB_API_URL: github.url,
    GITHUB_WEBHOOK_SECRET: GITHUB_SECRET,
    SLACK_BOT_TOKEN: slack.botToken,
    SLACK_SIGNING_SECRET: SIGNING_SECRET,
    SLACK_API_URL: slack.apiUrl,
    ...(database === undefined ? {} : { DATABASE_URL: await database.newDatabase() }),
  };
  const start = isWorker ? startWorkerReceiver : startReceiver;
  receiver = await start({ cwd: folder, environment });
  const { url } = receiver;
  github.sendWebhooksTo({ url: `${url}/webhooks/github`, secret: GITHUB_SECRET });
  console.log(`A receiver at ${url}; stand-ins for GitHub at ${github.url}, for Slack at ${slack.apiUrl}, for W&B at ${wandb.url}.\n`);

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
      receiver = await start({ cwd: folder, environment: { ...environment, PORT: new URL(url).port } });
    },
    slack,
    from: slackInteractions({
      request: (path, init) => fetch(`${url}${path}`, init),
      signingSecret: SIGNING_SECRET,
      now: Date.now,
      responseUrl: slack.responseUrl,
      triggerId: slack.triggerId,
    }),
    people: { ada: { id: slack.userId('ada'), name: 'ada' }, bob: { id: slack.userId('bob'), name: 'bob' } },
    later: (milliseconds: number) => {
      ahead += milliseconds;
    },
    say: (lines: readonly string[]) => {
      if (process.stdout.isTTY && !said) process.stdout.write('\n');
      said = true;
      for (const line of lines) console.log(`    ${line}`);
    },
  };
  let said = false;
  for (const scene of [...demoScenes, ...slackScenes]) {
    process.stdout.write(process.stdout.isTTY ? `\r\x1b[2K… ${scene.title}` : `… ${scene.title}\n`);
    said = false;
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
  // What ends there is wrangler.
  if (!isWorker) {
    if (code !== 0) failed++;
    rows.push([code === 0 ? 'ok' : 'FAILED', 'SIGTERM', `the receiver finished and exited with ${code}`]);
  }

  if (process.stdout.isTTY) process.stdout.write('\r\x1b[2K');
  console.log(`\n${renderTable(['', 'WHAT WAS SENT', 'WHAT HAPPENED'], rows).join('\n')}\n`);
  console.log(failed === 0 ? `All ${rows.length} as it should be.` : `${failed} of ${rows.length} went wrong.`);
  process.exitCode = failed === 0 ? 0 : 1;
} finally {
  await receiver?.end('SIGKILL');
  await github.close();
  await slack.close();
  await wandb.close();
  await database?.remove();
  rmSync(folder, { recursive: true, force: true });
}
