import { expect } from 'vitest';
import type { ClaimedDelivery, Settlement } from '../../../receiver/store/delivery.ts';
import type { Store } from '../../../receiver/store/store.ts';
import { APPROVAL } from './conversation-samples.ts';
import { accept, attemptAt, claim, deliveryOf, eventOf, firingOf, idsOf, SETTLE_MS, T0 } from './samples.ts';

export type Outcome = 'delivered' | 'failed' | 'ambiguous' | 'refused' | 'limited';
/** What can happen to a store; a `pick` chooses among what there is. */
export type Command =
  | { readonly do: 'accept'; readonly key: number; readonly latest: boolean /** Held when 0. */; readonly held: number }
  | { readonly do: 'claim'; readonly limit: number; readonly paceMs: number }
  | { readonly do: 'settle'; readonly pick: number; readonly outcome: Outcome; readonly delay: number }
  | { readonly do: 'wait'; readonly ms: number }
  | { readonly do: 'replay' | 'cancel' | 'approve'; readonly pick: number }
  | { readonly do: 'decide'; readonly pick: number; readonly approve: boolean }
  | { readonly do: 'expire' }
  | { readonly do: 'recover' };

const LEASE_MS = 6_000;
const EXPIRES_MS = 5_000;
const ROUTES = { latest: 'latest', fifo: 'fifo' } as const;

interface Known {
  readonly key: number;
  readonly credential: string;
  readonly latest: boolean;
  state: string;
  dueAt: number;
  lease: { readonly claimed: ClaimedDelivery; readonly until: number } | undefined;
  ambiguous: boolean;
  attempts: number;
  /** Was never held, or somebody let it go. */
  approved: boolean;
  /** When the question about it expires, while it is open. */
  askedUntil: number | undefined;
}

/** A store's promises in a few maps: each order key is a line, of which only the first may be claimed. */
export class StoreModel {
  readonly #store: Store;
  readonly #known = new Map<string, Known>();
  readonly #lines = new Map<number, string[]>();
  readonly #notBefore = new Map<string, number>();
  /** Ids in the order of acceptance, and of claims. */
  readonly accepted: string[] = [];
  readonly sent: string[] = [];
  #now = T0;

  constructor(store: Store) {
    this.#store = store;
  }

  keyOf(id: string): number {
    return this.#get(id).key;
  }

  async run(command: Command): Promise<void> {
    switch (command.do) {
      case 'accept':
        // Whether one that waits for an approval replaces older ones of `order: latest` is left open.
        return this.#accept(command.key, command.latest, command.held === 0 && !command.latest);
      case 'claim':
        return this.#claim(command.limit, command.paceMs);
      case 'settle':
        return this.#settle(command.pick, command.outcome, command.delay);
      case 'wait':
        this.#now += command.ms;
        return;
      case 'recover':
        return this.#recover();
      case 'decide':
        return this.#decide(command.pick, command.approve);
      case 'expire':
        return this.#expire();
      default:
        return this.#change(command.do, command.pick);
    }
  }

  /** The store agrees on every state, never has two of a key in flight, and is not due later than it could be. */
  async check(): Promise<void> {
    const views = await this.#store.deliveries({ limit: 1_000 });
    expect(Object.fromEntries(views.map(({ id, state }) => [id, state]))).toEqual(
      Object.fromEntries([...this.#known].map(([id, { state }]) => [id, state])),
    );
    const inFlight = views.filter(({ state }) => state === 'in_flight').map(({ id }) => this.keyOf(id));
    expect(new Set(inFlight).size).toBe(inFlight.length);
    const open = (await this.#store.openApprovals(1_000)).map(({ eventId, expiresAt }) => [eventId, expiresAt]);
    expect(Object.fromEntries(open)).toEqual(Object.fromEntries(this.#asked().map(([id, { askedUntil }]) => [eventIdOf(id), askedUntil])));
    const due = this.#heads().map((id) => this.#dueAt(id));
    if (due.length > 0) expect(await this.#store.nextDueAt()).toBeLessThanOrEqual(Math.min(...due));
  }

  /** When everything succeeds from here on, all is delivered but what was held or ended before. */
  async drain(): Promise<void> {
    const expected = [...this.#known].map(([id, { state }]) => [id, ['pending', 'in_flight'].includes(state) ? 'delivered' : state]);
    this.#now += LEASE_MS + 1;
    await this.#claim(100, 0);
    while (this.#leased().length > 0) await this.#settle(0, 'delivered', 0);
    for (let turn = 0; this.#heads().length > 0 || this.#leased().length > 0; turn++) {
      expect(turn).toBeLessThan(1_000);
      const next = await this.#store.nextDueAt();
      this.#now = Math.max(this.#now, next ?? 0);
      await this.#claim(100, 0);
      expect(this.#leased().length).toBeGreaterThan(0);
      while (this.#leased().length > 0) await this.#settle(0, 'delivered', 0);
    }
    await this.check();
    expect([...this.#known].map(([id, { state }]) => [id, state])).toEqual(expected);
    expect(await this.#store.nextDueAt()).toBeUndefined();
    for (const id of this.accepted) expect((await this.#store.delivery(id))?.attempts.length).toBe(this.#get(id).attempts);
  }

  async #accept(key: number, latest: boolean, held: boolean): Promise<void> {
    const id = `d${this.accepted.length}`;
    const route = latest ? ROUTES.latest : ROUTES.fifo;
    const credential = key === 0 ? 'a' : 'b';
    const state = held ? 'held' : 'pending';
    const delivery = deliveryOf(id, { route, credential, orderKey: `key ${key}`, replacesOlder: latest, state });
    const firing = { ...firingOf([delivery]), ...(held ? { approval: { ...APPROVAL, expiresMs: EXPIRES_MS } } : {}) };
    await accept(this.#store, eventOf(eventIdOf(id), { at: this.#now, subject: `key ${key}`, firings: [firing] }));
    for (const older of this.#known.values()) {
      if (older.key !== key || older.latest !== latest) continue;
      if (older.state === 'held' || (latest && older.state === 'pending'))
        Object.assign(older, { state: 'superseded', askedUntil: undefined });
    }
    this.accepted.push(id);
    this.#known.set(id, {
      key,
      credential,
      latest,
      state,
      dueAt: this.#now,
      lease: undefined,
      ambiguous: false,
      attempts: 0,
      approved: !held,
      askedUntil: held ? this.#now + EXPIRES_MS : undefined,
    });
    this.#tidy(key);
    if (!held) this.#line(key).push(id);
  }

  async #claim(limit: number, paceMs: number): Promise<void> {
    for (const id of this.#leased()) if ((this.#get(id).lease?.until ?? 0) < this.#now) this.#takeBack(id);
    const ready = this.#heads().filter((id) => this.#dueAt(id) <= this.#now);
    const claimed = await claim(this.#store, this.#now, { limit, paceMs, leaseMs: LEASE_MS });
    const credentials = new Set(ready.map((id) => this.#get(id).credential));
    expect(ready).toEqual(expect.arrayContaining(idsOf(claimed)));
    expect(claimed).toHaveLength(Math.min(limit, paceMs > 0 ? credentials.size : ready.length));
    if (paceMs > 0) expect(new Set(claimed.map(({ credential }) => credential)).size).toBe(claimed.length);
    for (const each of claimed) {
      const known = this.#get(each.id);
      expect([each.id, each.ambiguous]).toEqual([each.id, known.ambiguous]);
      known.state = 'in_flight';
      known.lease = { claimed: each, until: this.#now + LEASE_MS };
      this.#throttle(known.credential, this.#now + paceMs);
      this.sent.push(each.id);
    }
  }

  async #settle(pick: number, outcome: Outcome, delay: number): Promise<void> {
    const leased = this.#leased();
    if (leased.length === 0) return;
    const id = leased[pick % leased.length]!;
    const known = this.#get(id);
    const lease = known.lease!;
    const dueAt = this.#now + delay;
    const settlement = settlementOf(outcome, dueAt, known.ambiguous);
    const throttle = { credential: known.credential, until: dueAt, reason: 'limit' };
    const mine = await this.#store.settle(
      lease.claimed,
      attemptAt(this.#now, outcome),
      settlement,
      outcome === 'limited' ? throttle : undefined,
    );
    expect(mine).toBe(true);
    if (outcome === 'limited') this.#throttle(known.credential, dueAt);
    const replaced = settlement.state === 'pending' && known.latest && this.#newerWaits(id);
    Object.assign(known, { state: replaced ? 'superseded' : settlement.state, lease: undefined, attempts: known.attempts + 1 });
    if (settlement.state === 'pending') Object.assign(known, { dueAt, ambiguous: settlement.ambiguous });
    this.#tidy(known.key);
  }

  async #change(change: 'replay' | 'cancel' | 'approve', pick: number): Promise<void> {
    if (this.accepted.length === 0) return;
    const id = this.accepted[pick % this.accepted.length]!;
    const known = this.#get(id);
    const from = { replay: ['delivered', 'dead', 'superseded', 'cancelled'], cancel: ['held', 'pending', 'dead'], approve: ['held'] }[
      change
    ];
    // An older event's delivery in line behind a newer one is a case of its own.
    if (change === 'replay' && known.latest && this.#line(known.key).some((other) => this.#get(other).latest)) return;
    const [result] = await this.#store[change]([id], this.#now);
    expect(result?.done).toBe(from.includes(known.state));
    if (result?.done !== true) return;
    if (change === 'cancel') Object.assign(known, { state: 'cancelled', askedUntil: undefined });
    else if (change === 'replay' && !known.approved) Object.assign(known, { state: 'held', askedUntil: this.#now + EXPIRES_MS });
    else this.#release(id);
    this.#tidy(known.key);
  }

  async #decide(pick: number, approve: boolean): Promise<void> {
    if (this.accepted.length === 0) return;
    const id = this.accepted[pick % this.accepted.length]!;
    const known = this.#get(id);
    const until = known.askedUntil;
    const result = await this.#store.decide({
      eventId: eventIdOf(id),
      route: known.latest ? ROUTES.latest : ROUTES.fifo,
      decision: approve ? 'approved' : 'rejected',
      by: 'ada',
      at: this.#now,
    });
    expect(result.done).toBe(until !== undefined && this.#now < until);
    if (until === undefined) return;
    if (result.done) expect(result.deliveries).toEqual([id]);
    if (result.done && approve) this.#release(id);
    else Object.assign(known, { state: 'cancelled', askedUntil: undefined });
    this.#tidy(known.key);
  }

  async #expire(): Promise<void> {
    const due = this.#asked().filter(([, { askedUntil }]) => askedUntil <= this.#now);
    expect(await this.#store.expireApprovals(this.#now)).toBe(due.length);
    for (const [id] of due) Object.assign(this.#get(id), { state: 'cancelled', askedUntil: undefined });
  }

  /** To the end of its line. */
  #release(id: string): void {
    const known = this.#get(id);
    Object.assign(known, { state: 'pending', approved: true, dueAt: this.#now, ambiguous: false, askedUntil: undefined });
    this.#line(known.key).push(id);
  }

  async #recover(): Promise<void> {
    const leased = this.#leased();
    const claims = leased.map((id) => this.#get(id).lease!.claimed);
    expect(await this.#store.recoverInFlight(this.#now)).toBe(leased.length);
    for (const id of leased) this.#takeBack(id);
    for (const each of claims) {
      expect(await this.#store.settle(each, attemptAt(this.#now, 'delivered'), { state: 'delivered', run: null })).toBe(false);
    }
  }

  #takeBack(id: string): void {
    const known = this.#get(id);
    const dueAt = this.#now + SETTLE_MS;
    Object.assign(known, { state: 'pending', lease: undefined, ambiguous: true, dueAt, attempts: known.attempts + 1 });
  }

  #newerWaits(id: string): boolean {
    const line = this.#line(this.keyOf(id));
    return line.slice(line.indexOf(id) + 1).some((other) => this.#get(other).latest);
  }

  #tidy(key: number): void {
    const waits = (id: string) => ['pending', 'in_flight'].includes(this.#get(id).state);
    this.#lines.set(key, this.#line(key).filter(waits));
  }

  /** The first of each line, where it is not in flight. */
  #heads(): string[] {
    return [...this.#lines.values()].flatMap((line) => line.slice(0, 1)).filter((id) => this.#get(id).state === 'pending');
  }

  #leased(): string[] {
    return [...this.#known].filter(([, { lease }]) => lease !== undefined).map(([id]) => id);
  }

  #asked(): [string, Known & { readonly askedUntil: number }][] {
    return [...this.#known].filter((entry): entry is [string, Known & { askedUntil: number }] => entry[1].askedUntil !== undefined);
  }

  #dueAt(id: string): number {
    const { credential, dueAt } = this.#get(id);
    return Math.max(dueAt, this.#notBefore.get(credential) ?? 0);
  }

  #throttle(credential: string, until: number): void {
    this.#notBefore.set(credential, Math.max(until, this.#notBefore.get(credential) ?? 0));
  }

  #line(key: number): string[] {
    const line = this.#lines.get(key) ?? [];
    this.#lines.set(key, line);
    return line;
  }

  #get(id: string): Known {
    const known = this.#known.get(id);
    if (known === undefined) throw new Error(`the store made ${id} up`);
    return known;
  }
}

function eventIdOf(delivery: string): string {
  return `event of ${delivery}`;
}

function settlementOf(outcome: Outcome, dueAt: number, ambiguous: boolean): Settlement {
  if (outcome === 'delivered') return { state: 'delivered', run: null };
  if (outcome === 'refused') return { state: 'dead', reason: 'no such repository' };
  return { state: 'pending', dueAt, ambiguous: ambiguous || outcome === 'ambiguous', reason: outcome };
}
