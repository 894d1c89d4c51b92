import { parseArgs } from 'node:util';

export const STORE_KINDS = ['sqlite', 'postgres'] as const;
export type StoreKind = (typeof STORE_KINDS)[number];

export interface TortureOptions {
  readonly stores: readonly StoreKind[];
  readonly seed: number;
  /** Of each store. */
  readonly events: number;
  /** Of each store. */
  readonly kills: number;
  /** For starting, sending and killing; what is not done by then is not done. */
  readonly minutes: number;
  /** Longest time for what waits to be sent afterwards, in milliseconds. */
  readonly drainMs: number;
  /** How many clock jumps there are, and how often the store is taken away. */
  readonly disturbances: number;
  /** How many bursts of webhooks there are, besides the events. */
  readonly bursts: number;
  /** Where the result is written as JSON. */
  readonly json: string | undefined;
}

/** What a form is unless an option says otherwise. The short one is over within a minute: a busy machine does less. */
const FORMS = {
  long: { events: 10_000, kills: 500, minutes: 60, drainMs: 300_000, disturbances: 12, bursts: 20 },
  short: { events: 240, kills: 14, minutes: 0.5, drainMs: 12_000, disturbances: 1, bursts: 2 },
} as const;

export const USAGE = `npm run torture -- [--short] [--store sqlite|postgres|both] [--seed N] [--events N] [--kills N] [--minutes N]
                   [--disturbances N] [--bursts N] [--json FILE]`;

/** @throws an error whose message says which option is wrong */
export function readOptions(words: readonly string[], newSeed: () => number): TortureOptions {
  const { values } = parseArgs({
    args: [...words],
    options: {
      short: { type: 'boolean', default: false },
      store: { type: 'string', default: 'both' },
      seed: { type: 'string' },
      events: { type: 'string' },
      kills: { type: 'string' },
      minutes: { type: 'string' },
      disturbances: { type: 'string' },
      bursts: { type: 'string' },
      json: { type: 'string' },
    },
  });
  const form = FORMS[values.short ? 'short' : 'long'];
  const stores = STORE_KINDS.filter((kind) => values.store === 'both' || values.store === kind);
  if (stores.length === 0) throw new Error(`--store: "${values.store}" is none of sqlite, postgres, both`);
  return {
    stores,
    seed: numberFrom('seed', values.seed) ?? newSeed(),
    events: numberFrom('events', values.events) ?? form.events,
    kills: numberFrom('kills', values.kills) ?? form.kills,
    minutes: numberFrom('minutes', values.minutes) ?? form.minutes,
    drainMs: form.drainMs,
    disturbances: numberFrom('disturbances', values.disturbances) ?? form.disturbances,
    bursts: numberFrom('bursts', values.bursts) ?? form.bursts,
    json: values.json,
  };
}

function numberFrom(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const number = Number(text);
  if (text.trim() === '' || !Number.isFinite(number) || number < 0) throw new Error(`--${name}: "${text}" is not a number from 0`);
  return number;
}
