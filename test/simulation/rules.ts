import type { Accepted, ClaimedDelivery, DeliveryState, NewEvent, Settlement, Throttle } from '../../receiver/store/delivery.ts';
import type { SqlDriver } from '../../receiver/store/sqlite/driver.ts';
import { DEFAULT_RETRY_POLICY } from '../../src/lib/retry.ts';
import type { ModelledGitHub } from './modelled-github.ts';
import type { Trace } from './trace.ts';

/**
 * What the store has promised, checked at every call. Times are the simulation's own, which no clock of a process changes; what
 * depends on time is not checked across a moment at which a clock was set.
 */

interface Known {
  readonly id: string;
  readonly eventId: string;
  readonly key: string;
  readonly credential: string;
  readonly route: string;
  state: DeliveryState;
  /** May have had its effect: it has to be claimed as ambiguous. */
  ambiguous: boolean;
  lease: { readonly token: string; readonly until: Moment } | undefined;
  /** When it may be tried again. */
  due: Moment | undefined;
}

/** A time, and how often clocks had been set by then. */
export interface Moment {
  readonly at: number;
  readonly settings: number;
}

/** How the outbox called `settle`. */
export interface SettleCall {
  readonly claim: Pick<ClaimedDelivery, 'id' | 'leaseToken'>;
  readonly settlement: Settlement;
  readonly throttle: Throttle | undefined;
  /** By the clock of the process. */
  readonly now: number;
  /** The same moment. */
  readonly calledAt: Moment;
}

/** From which state a delivery may come to which in one transaction. Nothing replays here, so what is finished stays so. */
const MOVES: Readonly<Record<DeliveryState, readonly DeliveryState[]>> = {
  pending: ['in_flight', 'superseded', 'cancelled'],
  in_flight: ['pending', 'delivered', 'dead', 'superseded'],
  held: ['pending', 'superseded', 'cancelled'],
  delivered: [],
  dead: [],
  superseded: [],
  cancelled: [],
};

export class Rules {
  readonly #trace: Trace;
  readonly #github: ModelledGitHub;
  readonly #database: SqlDriver;
  readonly #known = new Map<string, Known>();
  /** By order key, in the order in which they are to be sent. */
  readonly #lines = new Map<string, Known[]>();
  readonly #latest = new Map<string, { readonly id: string; readonly bodyHash: string; readonly moment: Moment }>();
  readonly #fired = new Map<string, Moment>();
  readonly #throttledUntil = new Map<string, Moment>();
  readonly #nextSlot = new Map<string, Moment>();
  readonly #decided = new Set<string>();
  readonly #deciding = new Set<string>();
  #settings = 0;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(database: SqlDriver, github: ModelledGitHub, trace: Trace) {
    this.#database = database;
    this.#github = github;
    this.#trace = trace;
  }

  /** Lets a call of the store and its check end before the next call begins: otherwise a check may see what came after. */
  inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
    const result = this.#turn.then(work);
    this.#turn = result.catch(() => undefined);
    return result;
  }

  /** The clock of a process was set: what is to happen when is not known any more. */
  clockWasSet(): void {
    this.#settings++;
  }

  /** Held deliveries, with their events. */
  held(): { readonly id: string; readonly eventId: string; readonly route: string }[] {
    return [...this.#known.values()].filter(({ state }) => state === 'held');
  }

  pending(): string[] {
    return [...this.#known.values()].filter(({ state }) => state === 'pending').map(({ id }) => id);
  }

  unfinished(): string[] {
    return [...this.#known.values()].filter(({ state }) => state === 'pending' || state === 'in_flight').map(({ id }) => id);
  }

  isLeasedByAnother(id: string, leaseToken: string): boolean {
    const lease = this.#known.get(id)?.lease;
    return lease !== undefined && lease.token !== leaseToken;
  }

  async accepted(event: NewEvent, result: Accepted, dedupeWindowMs: number): Promise<void> {
    const latest = this.#latest.get(event.subjectKey);
    const isSame = latest?.bodyHash === event.bodyHash;
    if (latest === undefined || !isSame) this.#expect(result.status === 'accepted', `${event.id} is taken for a duplicate of nothing`);
    else if (this.#isComparable(latest.moment)) {
      const isDuplicate = Date.now() - latest.moment.at < dedupeWindowMs;
      this.#expect((result.status === 'duplicate') === isDuplicate, `${event.id} is ${isDuplicate ? 'not ' : ''}taken for a duplicate`);
    }
    if (result.status === 'duplicate') return;
    this.#latest.set(event.subjectKey, { id: event.id, bodyHash: event.bodyHash, moment: this.moment() });
    const stored = new Set(result.deliveries.map(({ id }) => id));
    for (const firing of event.firings) {
      const fires = firing.deliveries.some(({ id }) => stored.has(id));
      this.#checkCooldown(event.id, firing.cooldownKey, firing.cooldownMs, fires);
      if (!fires) continue;
      for (const delivery of firing.deliveries) {
        const known: Known = {
          id: delivery.id,
          eventId: event.id,
          key: delivery.orderKey,
          credential: delivery.credential,
          route: delivery.route,
          state: delivery.state,
          ambiguous: false,
          lease: undefined,
          due: undefined,
        };
        this.#known.set(known.id, known);
        if (known.state === 'pending') this.#line(known.key).push(known);
      }
    }
    await this.inspect();
  }

  async claimed(claims: readonly ClaimedDelivery[], leaseMs: number, paceMs: number): Promise<void> {
    const claimedIds = new Set(claims.map(({ id }) => id));
    const states = this.#storedStates();
    for (const known of this.#known.values()) {
      if (known.lease === undefined || (states.get(known.id) === 'in_flight' && !claimedIds.has(known.id))) continue;
      this.#expect(!this.#isBefore(known.lease.until), `the lease of ${known.id} was taken before its end`);
      this.#loseLease(known);
    }
    for (const claim of claims) {
      const known = this.#known.get(claim.id);
      this.#expect(known !== undefined, `${claim.id} was claimed, and nobody accepted it`);
      if (known === undefined) continue;
      this.#expect(claim.ambiguous === known.ambiguous, `${claim.id} was claimed as ${claim.ambiguous ? '' : 'not '}ambiguous`);
      this.#expect(known.due === undefined || !this.#isBefore(known.due), `${claim.id} was claimed before its time`);
      for (const times of [this.#throttledUntil, this.#nextSlot]) {
        const next = times.get(claim.credential);
        this.#expect(next === undefined || !this.#isBefore(next), `${claim.id} was claimed while ${claim.credential} had to wait`);
      }
      known.due = undefined;
      known.lease = { token: claim.leaseToken, until: this.moment(leaseMs) };
      keepLater(this.#nextSlot, claim.credential, this.moment(paceMs));
    }
    await this.inspect();
  }

  /** @param calledAt when the outbox decided, in the simulation's time; `now` is the same moment by the outbox's clock */
  async settled(call: SettleCall, isMine: boolean): Promise<void> {
    const { claim, settlement, throttle, now, calledAt } = call;
    const known = this.#known.get(claim.id);
    if (known === undefined) return;
    const holds = known.lease?.token === claim.leaseToken;
    this.#expect(
      isMine === holds,
      `${claim.id} was ${isMine ? '' : 'not '}settled with ${holds ? 'the lease that holds' : 'a lease that was lost'}`,
    );
    if (isMine) {
      known.lease = undefined;
      if (settlement.state === 'pending') {
        known.ambiguous = settlement.ambiguous;
        known.due = { ...calledAt, at: calledAt.at + settlement.dueAt - now };
      }
      if (throttle !== undefined)
        keepLater(this.#throttledUntil, known.credential, { ...calledAt, at: calledAt.at + throttle.until - now });
    }
    await this.inspect();
  }

  /** A process has started that is the only one, and has taken up what was in flight. */
  async recovered(count: number): Promise<void> {
    const leased = [...this.#known.values()].filter(({ state }) => state === 'in_flight');
    this.#expect(count === leased.length, `${count} deliveries were taken up, and ${leased.length} were in flight`);
    for (const known of leased) this.#loseLease(known);
    // The pace is kept in memory.
    this.#nextSlot.clear();
    await this.inspect();
  }

  /** A decision about the event is under way: what it releases may be claimed before its answer is known here. */
  deciding(eventId: string): void {
    this.#deciding.add(eventId);
  }

  async decided(eventId: string, isDone: boolean, approved: readonly string[]): Promise<void> {
    this.#expect(!isDone || !this.#decided.has(eventId), `the approval of ${eventId} was decided twice`);
    if (isDone) this.#decided.add(eventId);
    for (const id of approved) this.#release(id);
    await this.inspect();
  }

  /** Holds what the store says against what it may say after what it said before. */
  async inspect(): Promise<void> {
    const states = this.#storedStates();
    this.#expect(states.size === this.#known.size, `${states.size} deliveries are stored, ${this.#known.size} were accepted`);
    for (const known of this.#known.values()) {
      const state = states.get(known.id);
      this.#expect(state !== undefined, `${known.id} is lost`);
      if (state === undefined || state === known.state) continue;
      if (known.state === 'held' && state === 'in_flight' && this.#deciding.has(known.eventId)) {
        this.#release(known.id);
        known.state = 'pending';
      }
      this.#expect(MOVES[known.state].includes(state), `${known.id} went from ${known.state} to ${state}`);
      this.#trace.add(`${known.id}: ${known.state} → ${state}`);
      known.state = state;
      if (state === 'delivered') this.#expect(this.#github.effects.includes(known.id), `${known.id} is delivered, and GitHub never got it`);
    }
    for (const [key, line] of this.#lines) this.#inspectLine(key, line);
  }

  /** First effects come in the order of the line, but for what was finished without one. */
  checkOrderOfEffects(): void {
    const firsts = [...new Set(this.#github.effects)];
    for (const [key, line] of this.#lines) {
      const places = line.map(({ id }) => firsts.indexOf(id)).filter((place) => place >= 0);
      this.#expect(
        places.every((place, i) => i === 0 || place > (places[i - 1] ?? 0)),
        `the deliveries of ${key} arrived out of order`,
      );
    }
  }

  /** Straight from the table: it is read after every call of the store. */
  #storedStates(): Map<string, DeliveryState> {
    const rows = this.#database.rows<{ id: string; state: DeliveryState }>('SELECT id, state FROM deliveries');
    return new Map(rows.map(({ id, state }) => [id, state]));
  }

  #inspectLine(key: string, line: readonly Known[]): void {
    const unfinished = line.filter(({ state }) => state === 'pending' || state === 'in_flight');
    const inFlight = unfinished.filter(({ state }) => state === 'in_flight');
    this.#expect(inFlight.length <= 1, `${inFlight.map(({ id }) => id).join(' and ')} of ${key} are in flight at once`);
    const [first] = unfinished;
    for (const { id } of inFlight) this.#expect(id === first?.id, `${id} is in flight, and ${first?.id} is before it in ${key}`);
  }

  #checkCooldown(eventId: string, key: string | null, cooldownMs: number, fires: boolean): void {
    if (key === null) {
      this.#expect(fires, `a route did not fire for ${eventId}`);
      return;
    }
    const last = this.#fired.get(key);
    if (last === undefined || this.#isComparable(last)) {
      const isCooling = last !== undefined && Date.now() - last.at < cooldownMs;
      this.#expect(fires !== isCooling, `a route ${fires ? 'fired for' : 'did not fire for'} ${eventId}, against its cooldown`);
    }
    if (fires) this.#fired.set(key, this.moment());
  }

  #loseLease(known: Known): void {
    known.lease = undefined;
    known.ambiguous = true;
    // Its run is looked for when GitHub can have listed it.
    known.due = this.moment(DEFAULT_RETRY_POLICY.settleMs);
    this.#github.becameUnclear(known.id);
  }

  #release(id: string): void {
    const known = this.#known.get(id);
    if (known !== undefined && !this.#line(known.key).includes(known)) this.#line(known.key).push(known);
  }

  #line(key: string): Known[] {
    const line = this.#lines.get(key) ?? [];
    this.#lines.set(key, line);
    return line;
  }

  moment(afterMs = 0): Moment {
    return { at: Date.now() + afterMs, settings: this.#settings };
  }

  #isComparable(moment: Moment): boolean {
    return moment.settings === this.#settings;
  }

  /** True only when it is certain. */
  #isBefore(moment: Moment): boolean {
    return this.#isComparable(moment) && Date.now() < moment.at;
  }

  #expect(holds: boolean, rule: string): void {
    this.#trace.expect(holds, rule);
  }
}

function keepLater(times: Map<string, Moment>, credential: string, next: Moment): void {
  const kept = times.get(credential);
  if (kept === undefined || kept.settings !== next.settings || kept.at < next.at) times.set(credential, next);
}
