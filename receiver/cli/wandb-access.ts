import { setTimeout as sleep } from 'node:timers/promises';
import { apiKeyPage } from '../../src/event/wandb-links.ts';
import { connect } from '../../src/sync/commands.ts';
import type { WandbClient } from '../../src/wandb/client.ts';
import { readEnvironment } from '../environment.ts';
import type { CommandIo } from './output.ts';

export interface WandbAccess {
  readonly client: WandbClient;
  readonly baseUrl: string;
}

/** W&B's API for a command; `undefined`, and said why, without a key. */
export function connectOrComplain(io: CommandIo): WandbAccess | undefined {
  const environment = readEnvironment(io.variables);
  if (!environment.ok) {
    for (const line of environment.error) io.complain(line);
    return undefined;
  }
  const { wandbApiKey: apiKey, wandbBaseUrl: baseUrl, warnings } = environment.value;
  io.complain(...warnings.filter((warning) => /^WANDB_(API_KEY|BASE_URL):/.test(warning)));
  if (apiKey === undefined) {
    io.complain(`WANDB_API_KEY: is not set: set it to the key of a W&B user of the team. W&B shows a new key once: ${apiKeyPage(baseUrl)}`);
    return undefined;
  }
  const { fetch, now, random, complain: log } = io;
  return { baseUrl, client: connect({ apiKey, baseUrl, fetch, now, random, sleep: (ms) => sleep(ms), log }) };
}
