import type { SqlDriver } from './driver.ts';

interface Slot {
  readonly at: number;
  readonly setAt: number;
}

/**
 * What only the process that sends has to know: how long its leases last, and when each credential may be used next. A SQLite
 * database has one such process at a time, so neither needs an index or a row. After a restart leases are read from the rows
 * once, and a pace begins again. Times are milliseconds since 1970.
 */
export class Sending {
  /** When the lease of a delivery runs out, by its id; not read yet while `undefined`. */
  #leases: Map<string, number> | undefined;
  readonly #slots = new Map<string, Slot>();

  leases(driver: SqlDriver): ReadonlyMap<string, number> {
    return this.#known(driver);
  }

  leased(driver: SqlDriver, id: string, until: number): void {
    this.#known(driver).set(id, until);
  }

  settled(id: string): void {
    this.#leases?.delete(id);
  }

  /** What is in the rows counts: something has failed, or was changed there. */
  readAgain(): void {
    this.#leases = undefined;
  }

  /** When a credential may be used next. A slot that a clock set that was ahead is as far away as it was then. */
  slot(credential: string, now: number, toleranceMs: number): number {
    const slot = this.#slots.get(credential);
    if (slot === undefined) return 0;
    if (slot.setAt <= now + toleranceMs) return slot.at;
    this.takeSlot(credential, now, slot.at - slot.setAt);
    return now + slot.at - slot.setAt;
  }

  takeSlot(credential: string, now: number, paceMs: number): void {
    this.#slots.set(credential, { at: now + paceMs, setAt: now });
  }

  /** When a credential may be used next, as it was planned. */
  plannedSlot(credential: string): number {
    return this.#slots.get(credential)?.at ?? 0;
  }

  #known(driver: SqlDriver): Map<string, number> {
    this.#leases ??= new Map(
      driver
        .rows<{ id: string; lease_until: number }>(
          `SELECT id, COALESCE(lease_until, 0) AS lease_until FROM deliveries WHERE is_head = 1 AND state = 'in_flight'`,
        )
        .map(({ id, lease_until }) => [id, lease_until]),
    );
    return this.#leases;
  }
}
