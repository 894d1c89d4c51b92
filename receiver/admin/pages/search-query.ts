import { EVENT_TYPES } from '../../../src/event/event.ts';
import { parseDuration } from '../../../src/lib/duration.ts';
import type { DeliveryState, EventOutcome } from '../../store/delivery.ts';
import type { EventSearch } from '../../store/search.ts';

/** The filters of the list of events, as they stand in its address. */
export interface EventQuery {
  /** As they were given, for links and for the form. */
  readonly given: Readonly<Record<string, string>>;
  readonly search: EventSearch;
  readonly before: number | undefined;
}

const NAMES = ['type', 'source_name', 'collection', 'alias', 'run', 'route', 'state', 'since', 'until', 'text'] as const;

/** The words for states in the address, and the stored states that they stand for. */
export const STATE_WORDS: Readonly<
  Record<string, { readonly states?: readonly DeliveryState[]; readonly outcomes?: readonly EventOutcome[]; readonly label: string }>
> = {
  open: { label: 'not delivered', states: ['pending', 'in_flight', 'dead', 'held'] },
  failed: { label: 'failed', states: ['dead'] },
  held: { label: 'awaiting approval', states: ['held'] },
  pending: { label: 'waiting or retrying', states: ['pending', 'in_flight'] },
  delivered: { label: 'delivered', states: ['delivered'] },
  superseded: { label: 'superseded', states: ['superseded'] },
  cancelled: { label: 'cancelled', states: ['cancelled'] },
  unmatched: { label: 'no route', outcomes: ['unmatched'] },
  duplicate: { label: 'duplicate', outcomes: ['duplicate'] },
};

/** Reads the filters. What is no filter, or no value of one, counts as not given: an old link shows more, never an error. */
export function readEventQuery(query: URLSearchParams, now: number): EventQuery {
  const given: Record<string, string> = {};
  for (const name of NAMES) {
    const value = query.get(name)?.trim() ?? '';
    if (value !== '' && value.length <= 200) given[name] = value;
  }
  const type = EVENT_TYPES.find((one) => one === given.type);
  const state = given.state === undefined || !Object.hasOwn(STATE_WORDS, given.state) ? undefined : STATE_WORDS[given.state];
  const [since, until] = [timeOf(given.since, now), timeOf(given.until, now)];
  const before = query.get('before');
  const search: EventSearch = {
    ...(type === undefined ? {} : { type }),
    ...(given.source_name === undefined ? {} : { source: given.source_name }),
    ...(given.collection === undefined ? {} : { collection: given.collection }),
    ...(given.alias === undefined ? {} : { alias: given.alias }),
    ...(given.run === undefined ? {} : { run: given.run }),
    ...(given.route === undefined ? {} : { route: given.route }),
    ...(state?.states === undefined ? {} : { states: state.states }),
    ...(state?.outcomes === undefined ? {} : { outcomes: state.outcomes }),
    ...(since === undefined ? {} : { since }),
    ...(until === undefined ? {} : { until }),
    ...(given.text === undefined ? {} : { text: given.text }),
  };
  return { given, search, before: before !== null && /^\d{1,15}$/.test(before) ? Number(before) : undefined };
}

/** A duration ago, or a time. */
function timeOf(text: string | undefined, now: number): number | undefined {
  if (text === undefined) return undefined;
  const age = parseDuration(text);
  if (age !== undefined) return now - age;
  const time = /^\d{4}-\d{2}-\d{2}/.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(time) ? undefined : time;
}
