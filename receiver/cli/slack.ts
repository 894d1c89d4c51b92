import { stringify } from 'yaml';
import { wandbAppUrl } from '../../src/event/wandb-links.ts';
import { basePathFrom, wandbBaseUrlFrom } from '../environment.ts';
import { slackManifest } from '../slack/manifest.ts';
import { manifestNeeds } from '../slack/manifest-needs.ts';
import { loadConfig } from './load-config.ts';
import type { CommandIo, ExitCode } from './output.ts';

export interface SlackManifestOptions {
  readonly url: string | undefined;
  readonly socketMode: boolean;
  readonly name: string;
  readonly config: string;
}

/** `wandb-relay slack manifest`: what Slack's "Create New App", "From a manifest" takes. */
export function printManifest(io: CommandIo, options: SlackManifestOptions): ExitCode {
  const { url, socketMode } = options;
  if (url !== undefined && socketMode)
    return refuse(io, 'slack manifest: --url and --socket-mode exclude each other: in Socket Mode Slack needs no address');
  const basePath = basePathFrom(io.variables);
  if (url === undefined && !socketMode) {
    return refuse(
      io,
      `slack manifest: name the address at which Slack reaches the receiver, --url https://relay.example.com${basePath}, or use --socket-mode`,
    );
  }
  const loaded = loadConfig(io.cwd, options.config);
  if (loaded !== undefined && !loaded.ok) {
    for (const line of loaded.error) io.complain(line);
    return 1;
  }
  const manifest = slackManifest({
    name: options.name,
    connection: url === undefined ? 'socket-mode' : { url: withBasePath(url, basePath) },
    ...(loaded === undefined ? { people: [] } : manifestNeeds(loaded.value, wandbAppUrl(wandbBaseUrlFrom(io.variables)))),
  });
  if (!manifest.ok) return refuse(io, `slack manifest: ${manifest.error}`);
  if (loaded === undefined) {
    io.complain(
      `${options.config}: there is no such file: made for a config that names no user groups (else the scope usergroups:read is needed)`,
    );
  }
  io.printDocument(stringify(manifest.value, { lineWidth: 0 }).trimEnd());
  return 0;
}

/** An address without a path is that of the host: the receiver is at its base path. */
function withBasePath(url: string, basePath: string): string {
  return URL.canParse(url) && new URL(url).pathname === '/' ? new URL(basePath, url).href : url;
}

function refuse(io: CommandIo, why: string): ExitCode {
  io.complain(why);
  return 1;
}
