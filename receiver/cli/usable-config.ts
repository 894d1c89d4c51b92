import type { Config } from '../../src/config/config.ts';
import { err, ok, type Result } from '../../src/lib/result.ts';
import { compileRoute } from '../../src/route/route.ts';
import { alertProblems, configWarnings, credentialProblems } from '../config-checks.ts';
import type { ReceiverConfig } from '../config-in-use.ts';
import { type Environment, GITHUB_API_URL } from '../environment.ts';
import { type ConfigReload, type ConfigReloadOptions, createConfigReload, type UsableConfig } from './config-reload.ts';
import { checkConfig } from './load-config.ts';

/** What a receiver has started with. */
export interface RunningConfig {
  readonly environment: Environment;
  readonly config: Config;
  /** What the config file said; `undefined`: the example's routes run, because there is none. */
  readonly text: string | undefined;
  readonly sandbox: boolean;
}

/** More writes per second than this are over what api.github.com publishes: 900 points a minute, a write counts 5. */
const PUBLISHED_WRITES_PER_SECOND = 3;

/** Whether a receiver of this environment can work by a config; the same when it starts and when the config is read again. */
export function usableConfig(config: Config, environment: Environment, sandbox: boolean): Result<UsableConfig, string[]> {
  const problems = sandbox ? [] : [...credentialProblems(environment, config, '"serve --sandbox"'), ...alertProblems(environment, config)];
  if (problems.length > 0) return err(problems);
  const tooFast = isTooFast(config, environment);
  return ok({
    config,
    warnings: [
      ...(tooFast
        ? [`settings.github_writes_per_second is over GitHub's published limit; ${PUBLISHED_WRITES_PER_SECOND} a second are sent`]
        : []),
      ...configWarnings(config, environment, sandbox),
    ],
  });
}

/** What a receiver of this environment takes from a config. */
export function receiverConfig(config: Config, environment: Environment): ReceiverConfig {
  const { settings } = config;
  return {
    routes: config.routes.map(compileRoute),
    settings: isTooFast(config, environment) ? { ...settings, githubWritesPerSecond: PUBLISHED_WRITES_PER_SECOND } : settings,
    organization: config.organization,
    watch: { automations: config.automations, entity: config.entity },
    digests: { definitions: config.digests, entity: config.entity },
  };
}

function isTooFast({ settings }: Config, { githubApiUrl }: Environment): boolean {
  return githubApiUrl === GITHUB_API_URL && settings.githubWritesPerSecond > PUBLISHED_WRITES_PER_SECOND;
}

/** Reads the config again when its file changes; `undefined`: there is no file. */
export function reloadOf(
  { environment, config, text, sandbox }: RunningConfig,
  options: Pick<ConfigReloadOptions, 'cwd' | 'now' | 'log' | 'replace'>,
): ConfigReload | undefined {
  if (text === undefined) return undefined;
  const { configPath: file } = environment;
  const read: ConfigReloadOptions['read'] = (changed) => {
    const checked = checkConfig(changed, file);
    return checked.ok ? usableConfig(checked.value, environment, sandbox) : checked;
  };
  return createConfigReload({ ...options, file, first: { config, text }, read });
}
