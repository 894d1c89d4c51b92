import { join } from 'node:path';
import type { Config } from '../../src/config/config.ts';
import { relayPayload, substituteVariables } from '../../src/event/relay-payload.ts';
import { SAMPLE_VALUES } from '../../src/event/sample-values.ts';
import type { Result } from '../../src/lib/result.ts';
import { signBody } from '../../src/lib/signature.ts';
import { type Environment, isLoopback } from '../environment.ts';
import { isOpen } from '../webhook/authenticate.ts';
import { loadConfig } from './load-config.ts';
import type { CommandIo } from './output.ts';
import { packageRoot } from './package-root.ts';

/** The example routes, which the sandbox runs when there is no config file. */
export function sandboxConfig(): Result<Config, string[]> {
  const loaded = loadConfig(packageRoot(), join('examples', 'wandb-relay.yaml'));
  if (loaded === undefined) throw new Error('examples/wandb-relay.yaml is missing from the package');
  return loaded;
}

/** A sandbox without a secret gets one for this run, so that its requests are signed like real ones. */
export function withSandboxSecret(environment: Environment, io: Pick<CommandIo, 'randomBytes'>): Environment {
  if (!isOpen(environment.authentication)) return environment;
  const secret = Buffer.from(io.randomBytes(24)).toString('hex');
  return {
    ...environment,
    authentication: { sources: new Map([['', { secrets: [secret], tokens: [] }]]) },
    secrets: [...environment.secrets, secret],
  };
}

/**
 * What the sandbox says when it is ready: a request that can be pasted into another terminal.
 *
 * @param configFile the user's own; `undefined` when the example's routes run
 */
export function sandboxBanner(environment: Environment, url: string, configFile: string | undefined, dedupeWindowMs: number): string[] {
  const body = JSON.stringify(substituteVariables(relayPayload('add_artifact_alias', 'deploy-production'), SAMPLE_VALUES));
  const [source, access] = [...environment.authentication.sources][0] ?? ['', undefined];
  const path = source === '' ? '' : `/${source.toLowerCase().replaceAll('_', '-')}`;
  const headers = [`-H 'Content-Type: application/json'`];
  if (access?.secrets[0] !== undefined) headers.push(`-H 'X-Wandb-Signature: ${signBody(body, access.secrets[0])}'`);
  // The token itself is not printed: it may be a real one.
  const variable = `WANDB_WEBHOOK_TOKEN${source === '' ? '' : `_${source}`}`;
  if (access?.tokens[0] !== undefined) headers.push(`-H "Authorization: Bearer \${${variable}%%,*}"`);
  const routes = configFile ?? 'examples/wandb-relay.yaml';
  return [
    '',
    `wandb-relay is running as a sandbox: ${configFile === undefined ? 'nothing is configured, so it' : 'it'} listens on this machine only`,
    `and writes down the dispatches of the routes in ${routes} instead of sending them.`,
    '',
    'Send it an event, signed as W&B signs it: paste this into another terminal.',
    '',
    `curl -sS ${url}/webhooks/wandb${path} ${headers.join(' ')} -d '${body}'`,
    '',
    `${configFile === undefined ? 'The dispatch then shows up below' : 'If a route matches, its dispatch shows up below'}. The same event once more within ${dedupeWindowMs / 1000} seconds is a duplicate.`,
    // Elsewhere the pages need somebody who signs in.
    ...(isLoopback(environment.host) && environment.access.people.length === 0 ? [`To look around, open ${url}/ in a browser.`] : []),
    'Stop with Ctrl-C. To send for real, see "Set up" in README.md.',
    '',
  ];
}
