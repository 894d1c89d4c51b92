import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { checkedWorkerConfig, STARTER } from './worker-config.ts';
import { ROOT, WRITTEN } from './wrangler.ts';

/**
 * `build.command` of wrangler.jsonc: whatever calls wrangler itself (`npx wrangler versions upload`, the previews of Workers
 * Builds) bundles a config that was checked. Only in Workers Builds, which sets WORKERS_CI, one without routes takes the place
 * of a missing wandb-relay.yaml.
 */
const config = await checkedWorkerConfig(process.env.WORKERS_CI === undefined ? undefined : join(ROOT, STARTER));
if (config !== undefined) {
  const folder = join(WRITTEN, 'config');
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'wandb-relay.yaml'), config.text);
}
