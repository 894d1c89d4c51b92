import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT, WRANGLER, wranglerConfig } from './wrangler.ts';

/**
 * `npm run dev:worker`: the Worker on this machine, in workerd, without an account or the network. Without a .dev.vars it is a
 * sandbox with a random secret. Arguments are passed to wrangler (`npm run dev:worker -- --port 8799`).
 */
const variables = join(ROOT, '.dev.vars');
const given = process.argv.slice(2);
const state = given.includes('--persist-to') ? [] : ['--persist-to', join(ROOT, '.wrangler', 'state')];
const args = ['dev', '--config', wranglerConfig(), ...state, ...(existsSync(variables) ? ['--env-file', variables] : sandbox())];

function sandbox(): string[] {
  const secret = randomBytes(24).toString('hex');
  console.log('There is no .dev.vars, so this is a sandbox: it records dispatches instead of sending them. Send it an event:');
  const port = given.find((_, i) => given[i - 1] === '--port') ?? '8787';
  console.log(`WANDB_WEBHOOK_SECRET=${secret} npm run -s relay -- send-test --event add_artifact_alias --url http://localhost:${port}`);
  return ['--var', 'RELAY_SANDBOX:true', `WANDB_WEBHOOK_SECRET:${secret}`];
}

const child = spawn(WRANGLER, [...args, ...given], {
  cwd: ROOT,
  stdio: 'inherit',
  env: { ...process.env, WRANGLER_SEND_METRICS: 'false', CLOUDFLARE_CF_FETCH_ENABLED: 'false' },
});
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => child.kill(signal));
child.on('exit', (code) => {
  process.exitCode = code ?? 1;
});
