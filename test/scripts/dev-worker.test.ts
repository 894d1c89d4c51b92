import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { projectCopy } from '../stand-ins/project-copy.ts';
import { aliasBody, signedHeaders } from '../stand-ins/wandb-sender.ts';

interface DevWorker {
  /** Waits for a text in what it prints, and resolves with the group of it. */
  heard(text: RegExp): Promise<string>;
  stop(): Promise<void>;
}

/** `npm run dev:worker` in a checkout. */
function devWorker(project: string): DevWorker {
  const script = join(project, 'scripts', 'dev-worker.ts');
  const child = spawn(process.execPath, [script, '--port', '0', '--inspector-port', '0'], {
    cwd: project,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const stop = async () => {
    if (child.exitCode === null && child.kill('SIGTERM')) await once(child, 'exit');
  };
  onTestFinished(stop);
  let output = '';
  const heard = (text: RegExp): Promise<string> =>
    new Promise((resolve, reject) => {
      const look = () => {
        const found = text.exec(output)?.[1];
        if (found !== undefined) resolve(found);
      };
      child.stdout.on('data', look);
      child.stderr.on('data', look);
      child.on('exit', () => reject(new Error(output)));
      look();
    });
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (data) => (output += String(data)));
  return { heard, stop };
}

async function sendEvent(url: string, secret: string) {
  const body = JSON.stringify(aliasBody('v12'));
  const answer = await fetch(`${url}/webhooks/wandb`, { method: 'POST', body, headers: signedHeaders(body, secret) });
  return [answer.status, await answer.json()];
}

test('npm run dev:worker is a sandbox with nothing configured, and sends for real with a .dev.vars', { timeout: 120_000 }, async () => {
  const project = projectCopy();
  // Variables of a receiver on this machine are none of the Worker's.
  writeFileSync(join(project, '.env'), 'DATABASE_URL=file:relay.db\nGITHUB_TOKEN=of-another-receiver\n');
  const accepted = [202, expect.objectContaining({ status: 'accepted' })];

  const sandbox = devWorker(project);
  const secret = await sandbox.heard(/WANDB_WEBHOOK_SECRET=(\w+) /);
  expect(await sendEvent(await sandbox.heard(/Ready on (http:\S+)/), secret)).toEqual(accepted);
  expect(await sandbox.heard(/(dispatch recorded, not sent \(sandbox\))/)).toBeTruthy();
  const [url, token] = [await sandbox.heard(/Ready on (http:\S+)/), await sandbox.heard(/sign in with the token (\w+)/)];
  const page = await fetch(`${url}/`, { headers: { authorization: `Bearer ${token}` } });
  expect([page.status, (await page.text()).includes('/events/')]).toEqual([200, true]);
  await sandbox.stop();

  const live = { WANDB_WEBHOOK_SECRET: 'a-secret-of-a-test', GITHUB_TOKEN: 'ghp_of_a_test', GITHUB_API_URL: 'http://127.0.0.1:9' };
  // There are no jurisdictions on a developer's machine.
  const lines = Object.entries({ ...live, RELAY_JURISDICTION: 'eu' }).map(([name, value]) => `${name}=${value}`);
  writeFileSync(join(project, '.dev.vars'), lines.join('\n'));
  const real = devWorker(project);
  // The same event is new to the live receiver.
  expect(await sendEvent(await real.heard(/Ready on (http:\S+)/), live.WANDB_WEBHOOK_SECRET)).toEqual(accepted);
  expect(await real.heard(/(GitHub could not be reached)/)).toBeTruthy();
});
