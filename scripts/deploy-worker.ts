import { join } from 'node:path';
import { checkedWorkerConfig, STARTER } from './worker-config.ts';
import { becomeWrangler, ROOT, temporaryWranglerConfig } from './wrangler.ts';

/**
 * `npm run deploy:worker`: checks the config, bundles it with the Worker, and deploys. Arguments are passed to wrangler
 * (`npm run deploy:worker -- --dry-run`). `--starter`: without a wandb-relay.yaml it deploys one that has no routes yet.
 */
const given = process.argv.slice(2).filter((word) => word !== '--starter');
const starter = process.argv.includes('--starter') ? join(ROOT, STARTER) : undefined;
const config = await checkedWorkerConfig(starter);
if (config !== undefined) {
  const what =
    config.name === STARTER ? ': there is no wandb-relay.yaml yet. It has no routes, so everything is stored and nothing is sent' : '';
  console.log(`Deploying with ${config.name}${what}.`);
  becomeWrangler(['deploy', '--config', temporaryWranglerConfig(config.module), ...given]);
}
