import type { OnFailure, Route } from './route.ts';

/** Who is told of a route's failures. */
export interface AlertPolicy extends OnFailure {
  /** Where failures are told that no channel of the route shows; `null`: nowhere. */
  readonly channel: string | null;
}

/** For a route that nobody said anything about. */
export const DEFAULT_ALERT_POLICY: AlertPolicy = { mention: [], broadcast: true, channel: null };

/** By the name of a route; a route that the config no longer has gets the default. */
export type AlertPolicyOf = (route: string) => AlertPolicy;

/** @param channel of `alerts.slack` */
export function alertPolicies(routes: readonly Pick<Route, 'name' | 'onFailure'>[], channel: string | null): AlertPolicyOf {
  const known = new Map(routes.map(({ name, onFailure }) => [name, { ...onFailure, channel }]));
  return (route) => known.get(route) ?? { ...DEFAULT_ALERT_POLICY, channel };
}
