import type { Config } from '../../src/config/config.ts';
import { wandbHosts } from '../../src/event/read-wandb-link.ts';
import type { ManifestOptions } from './manifest.ts';

/** What a config needs of the Slack app besides what every config needs. */
export function manifestNeeds(
  config: Pick<Config, 'routes' | 'settings'>,
  wandbAppUrl: string,
): Pick<ManifestOptions, 'people' | 'unfurlDomains' | 'directMessages'> {
  return {
    people: peopleOf(config),
    unfurlDomains: config.settings.slackUnfurl ? wandbHosts(wandbAppUrl) : [],
    directMessages: config.routes.some(({ notify }) => notify !== undefined),
  };
}

/** Everybody whom the config lets decide or step in. */
function peopleOf({ routes, settings }: Pick<Config, 'routes' | 'settings'>): string[] {
  return [...routes.flatMap(({ approval }) => approval?.by ?? []), ...(settings.slackOperators ?? [])];
}
