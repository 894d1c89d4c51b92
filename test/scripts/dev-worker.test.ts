import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { temporaryFolder } from '../stand-ins/temporary-folder.ts';
import { aliasBody, signedHeaders } from '../stand-ins/wandb-sender.ts';

test('npm run dev:worker runs the bundled Worker as a sandbox, with nothing configured', { timeout: 60_000 }, async () => {
  const script = join(import.meta.dirname, '..', '..', 'scripts', 'dev-worker.ts');
  const child = spawn(process.execPath, [script, '--port', '0', '--inspector-port', '0', '--persist-to', temporaryFolder()], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  onTestFinished(async () => {
    if (child.exitCode === null && child.kill('SIGTERM')) await once(child, 'exit');
  });
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

  const secret = await heard(/WANDB_WEBHOOK_SECRET=(\w+) /);
  const url = await heard(/Ready on (http:\S+)/);
  const body = JSON.stringify(aliasBody('v12'));
  const answer = await fetch(`${url}/webhooks/wandb`, { method: 'POST', body, headers: signedHeaders(body, secret) });

  expect([answer.status, await answer.json()]).toEqual([202, expect.objectContaining({ status: 'accepted' })]);
  expect(await heard(/(dispatch recorded, not sent \(sandbox\))/)).toBeTruthy();
});
