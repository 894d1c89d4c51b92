import type { Arrival, Disturbance, Kill, Ledger, Mood, StoredRecord, StoredState } from './ledger.ts';
import { STEP_TEXTS } from './steps.ts';

/** Why a delivery took effect more than once. Pure. */

export interface Repeat {
  readonly id: string;
  /** `undefined`: nothing that was done explains it, so the product sent it again by itself. */
  readonly cause: string | undefined;
  /** Both arrivals, for whoever looks into it. */
  readonly detail: string;
}

/** Answers from which nobody can know that the dispatch took effect. */
const AMBIGUOUS: Partial<Readonly<Record<Mood, string>>> = {
  'accepted-502': 'accepted, answered 502',
  'accepted-reset': 'accepted, connection reset',
  'accepted-hang': 'accepted, no answer',
};

/** An exit is noticed a little later than it happens, and so is a jump. Milliseconds. */
const NOTICED_LATE_MS = 1_000;
/** Close to the receiver's limit of ten seconds for one request: the answer was there, and the machine too busy to see it in time. */
const GAVE_UP_MS = 9_500;

/** Every arrival after the first of its delivery, with its cause. */
export function repeatsOf(ledger: Pick<Ledger, 'arrivals' | 'kills' | 'disturbances'>, records: StoredState['records']): Repeat[] {
  const effects = ledger.arrivals.filter(({ tookEffect }) => tookEffect);
  return [...Map.groupBy(effects, ({ deliveryId }) => deliveryId)].flatMap(([id, arrivals]) =>
    arrivals.slice(1).map((again, i): Repeat => {
      const first = arrivals[i] as Arrival;
      return { id, cause: causeOf(first, again, ledger, records.get(id)), detail: `${describe(first)}; again ${describe(again)}` };
    }),
  );
}

function causeOf(
  first: Arrival,
  again: Arrival,
  { kills, disturbances }: Pick<Ledger, 'kills' | 'disturbances'>,
  record: StoredRecord | undefined,
): string | undefined {
  const attempts = record?.attempts ?? [];
  // Once a success is in its log, whatever happens later is no reason to send it again.
  if (attempts.filter(({ outcome }) => outcome === 'delivered' || outcome === 'found').length > 1) return undefined;
  const unclear = attempts.filter(({ outcome }) => outcome === 'ambiguous');
  if (unclear.length === 0) return undefined;
  const ambiguous = AMBIGUOUS[first.mood];
  if (ambiguous !== undefined) return ambiguous;
  const kill = kills.find((each) => each.receiver === first.receiver && isBetween(each.at, first, again));
  if (kill !== undefined) return describeKill(kill);
  const disturbance = disturbances.find((each) => overlaps(each, first, again));
  if (disturbance !== undefined) return disturbance.detail;
  return unclear.some(({ durationMs }) => durationMs >= GAVE_UP_MS) ? 'the machine was too busy to see the answer in time' : undefined;
}

function isBetween(at: number, first: Arrival, again: Arrival): boolean {
  return at >= first.at && at <= again.at + NOTICED_LATE_MS;
}

/** A store that cannot be written, or a clock that jumps, while the outcome is to be stored. */
function overlaps({ kind, from, until }: Disturbance, first: Arrival, again: Arrival): boolean {
  return kind === 'clock' ? isBetween(from, first, again) : from <= again.at && until + NOTICED_LATE_MS >= first.at;
}

function describeKill({ cause }: Kill): string {
  return cause === 'random' ? 'killed at a random moment' : `killed ${STEP_TEXTS[cause]}`;
}

function describe({ receiver, at, mood, answered }: Arrival): string {
  return `from ${receiver} at ${new Date(at).toISOString()} (${mood}${answered ? '' : ', not answered'})`;
}
