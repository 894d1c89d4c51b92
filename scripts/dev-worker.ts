import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { checkedWorkerConfig, EXAMPLE } from './worker-config.ts';
import { becomeWrangler, ROOT, temporaryWranglerConfig, WRITTEN } from './wrangler.ts';

/**
 * `npm run dev:worker`: the Worker on this machine, in workerd, without an account or the network. Without a .dev.vars it is a
 * sandbox with a random secret. What each stores is in a folder of its own. Arguments are passed to wrangler
 * (`npm run dev:worker -- --port 8799`).
 */
const given = process.argv.slice(2);
const config = await checkedWorkerConfig(join(ROOT, EXAMPLE));
if (config !== undefined) {
  const variables = join(ROOT, '.dev.vars');
  const isSandbox = !existsSync(variables);
  if (config.name === EXAMPLE) console.log(`There is no wandb-relay.yaml, so the routes are those of ${EXAMPLE}.`);
  const isGiven = (flag: string) => given.some((word) => word === flag || word.startsWith(`${flag}=`));
  const state = isGiven('--persist-to') ? [] : ['--persist-to', join(WRITTEN, isSandbox ? 'sandbox-state' : 'state')];
  const file = isSandbox ? sandboxVariables() : variables;
  // Local workerd has one place for all objects. A blank value counts as not set.
  const words = ['--config', temporaryWranglerConfig(config.module), ...state, '--env-file', file, '--var', 'RELAY_JURISDICTION:'];
  becomeWrangler(['dev', ...words, ...given]);
}

/** Writes the variables of a sandbox, and prints how to send it an event and where to look at it. A file, so that no .env of the folder is read as well. */
function sandboxVariables(): string {
  const secret = randomBytes(24).toString('hex');
  const token = randomBytes(12).toString('hex');
  console.log('There is no .dev.vars, so this is a sandbox: it records dispatches instead of sending them. Send it an event:');
  const port = given.find((_, i) => given[i - 1] === '--port') ?? '8787';
  console.log(`WANDB_WEBHOOK_SECRET=${secret} npm run -s relay -- send-test --event add_artifact_alias --url http://localhost:${port}`);
  console.log(`Look at it at http://localhost:${port}/ and sign in with the token ${token}`);
  mkdirSync(WRITTEN, { recursive: true });
  const file = join(WRITTEN, `sandbox-${process.pid}.vars`);
  writeFileSync(file, `RELAY_SANDBOX=true\nWANDB_WEBHOOK_SECRET=${secret}\nRELAY_ADMIN_TOKEN=${token}\n`, { mode: 0o600 });
  process.on('exit', () => rmSync(file, { force: true }));
  return file;
}
