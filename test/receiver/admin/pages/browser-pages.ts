import type { Told } from '../../../../scripts/pages-pictures/story.ts';

/** A page that is looked at in every scheme and width. */
export interface LookedAt {
  readonly name: string;
  readonly path: (told: Told) => string;
  /** Default 200. */
  readonly status?: number;
}

/** Every page, with something on it. A new page joins with a line. */
export const PAGES: readonly LookedAt[] = [
  { name: 'events', path: () => '/' },
  { name: 'events that match', path: () => '/?type=add_artifact_alias&state=delivered&collection=resnet50' },
  { name: 'no event matches', path: () => '/?collection=nothing' },
  { name: 'a failed event', path: ({ failed }) => `/events/${failed}` },
  { name: 'an event that awaits approval', path: ({ held }) => `/events/${held}` },
  { name: 'an event with two runs', path: ({ rerun }) => `/events/${rerun}` },
  { name: 'an event without a route', path: ({ unmatched }) => `/events/${unmatched}` },
  { name: 'an event of a metric', path: ({ metric }) => `/events/${metric}` },
  { name: 'no such event', path: () => '/events/nothing', status: 404 },
  { name: 'a bulk change', path: () => '/deliveries/change?do=replay&state=failed' },
  { name: 'pauses', path: () => '/pauses' },
  { name: 'models', path: () => '/models' },
  { name: 'no model matches', path: () => '/models?collection=nothing' },
  { name: 'the history of an alias', path: () => '/models/history?collection=resnet50&alias=production' },
  { name: 'routes', path: () => '/routes' },
  { name: 'a route', path: () => '/routes/deploy-production' },
  { name: 'no such route', path: () => '/routes/nothing', status: 404 },
  { name: 'automations', path: () => '/automations' },
  { name: 'an automation that the relay evaluates', path: () => '/automations/loss-too-high' },
  { name: 'simulate', path: () => '/simulate' },
  { name: 'an example that is simulated', path: () => '/simulate?type=add_artifact_alias' },
  { name: 'an event that is simulated', path: ({ failed }) => `/simulate?event=${failed}` },
];
