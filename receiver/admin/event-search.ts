import type { DeliveryState, EventOutcome } from '../store/delivery.ts';
import type { EventSearch } from '../store/search.ts';
import { timeOf } from './requests.ts';

/** Filters as the API has them. */
export interface SearchQuery {
  readonly type?: string | undefined;
  readonly source_name?: string | undefined;
  readonly collection?: string | undefined;
  readonly alias?: string | undefined;
  readonly run?: string | undefined;
  readonly route?: string | undefined;
  readonly state?: readonly DeliveryState[] | undefined;
  readonly outcome?: readonly EventOutcome[] | undefined;
  readonly since?: string | undefined;
  readonly until?: string | undefined;
  readonly text?: string | undefined;
}

export function searchOf(query: SearchQuery, now: number): EventSearch {
  const { type, source_name: source, collection, alias, run, route, state: states, outcome: outcomes, text } = query;
  const [since, until] = [query.since, query.until].map((time) => (time === undefined ? undefined : timeOf(time, now)));
  return {
    ...(type === undefined ? {} : { type }),
    ...(source === undefined ? {} : { source }),
    ...(collection === undefined ? {} : { collection }),
    ...(alias === undefined ? {} : { alias }),
    ...(run === undefined ? {} : { run }),
    ...(route === undefined ? {} : { route }),
    ...(states === undefined ? {} : { states }),
    ...(outcomes === undefined ? {} : { outcomes }),
    ...(since === undefined ? {} : { since }),
    ...(until === undefined ? {} : { until }),
    ...(text === undefined ? {} : { text }),
  };
}
