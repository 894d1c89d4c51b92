import { didYouMean } from '../../src/lib/nearest-word.ts';
import type { DeliveryState } from '../store/delivery.ts';

/** Deliveries in these states still have something to be held back. */
export const STILL_TO_SEND: readonly DeliveryState[] = ['pending', 'in_flight', 'held'];

/**
 * Why a route cannot be paused; `undefined`: it can. A name that is misspelled would hold back nothing, and whoever paused it would
 * believe otherwise. A route that the config no longer has may still have something to send.
 *
 * @param routes the names of the config's routes
 * @param hasMore whether the store has something to send for a route of this name
 */
export async function pauseProblem(name: string, routes: readonly string[], hasMore: () => Promise<boolean>): Promise<string | undefined> {
  if (routes.includes(name) || (await hasMore())) return undefined;
  return `no route of the config is called "${name}"${didYouMean(name, routes)}, and nothing of one waits`;
}
