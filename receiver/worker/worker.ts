import type { ObjectNamespace } from 'cloudflare:workers';
import { redactorOf } from '../../src/lib/redact.ts';
import { consoleLogger } from './console-log.ts';
import configText from './deployed-config.ts';
import { front } from './front.ts';
import { relayObject } from './relay-object.ts';
import { bundledConfig, setUp } from './setup.ts';
import { unavailable } from './unavailable.ts';

/** Entry on Cloudflare Workers: `npx wrangler deploy`, see wrangler.jsonc. */

type Env = Readonly<Record<string, unknown>> & { readonly RELAY: ObjectNamespace };

const now = () => Date.now();
const config = bundledConfig(configText);

export const RelayObject = relayObject(config, now);

let app: ReturnType<typeof front> | undefined;

/** Bindings are the same for as long as this instance lives. */
function appFor(env: Env): ReturnType<typeof front> | undefined {
  if (app !== undefined) return app;
  const setup = setUp(config, env);
  if (!setup.ok) {
    for (const line of setup.error) console.error(JSON.stringify({ level: 'error', msg: line }));
    return undefined;
  }
  const log = consoleLogger(console, redactorOf(setup.value.environment.secrets).text, now);
  for (const warning of setup.value.warnings) log.warn({}, warning);
  app = front({ setup: setup.value, objects: env.RELAY, log, now });
  return app;
}

// biome-ignore lint/style/noDefaultExport: the runtime looks for the handler there
export default {
  fetch: async (request: Request, env: Env): Promise<Response> => (await appFor(env)?.fetch(request)) ?? unavailable(),
};
