import type { NumberReader } from '../number-store.ts';
import type { Window } from './window.ts';

/**
 * A monotonic queue: the places of those values that are, or can still become, the greatest of the window. Reads the values
 * from a ring that its owner writes, where the value of index `i` is at `i % size`.
 */
export class ExtremeQueue {
  private readonly table: Float64Array;
  private readonly ring: number;
  private readonly queue: number;
  private readonly size: number;
  /** -1: of the negated values, so that the greatest is the least. */
  private readonly sign: 1 | -1;
  private first = 0;
  private length = 0;

  constructor(table: Float64Array, places: { readonly ring: number; readonly queue: number }, size: number, of: 'min' | 'max') {
    this.table = table;
    this.ring = places.ring;
    this.queue = places.queue;
    this.size = size;
    this.sign = of === 'max' ? 1 : -1;
  }

  /** Takes the value that was written at `index`. */
  push(index: number): void {
    const { table, ring, queue, size, sign } = this;
    if (this.length > 0 && (table[queue + this.first] as number) <= index - size) {
      this.first = this.first + 1 === size ? 0 : this.first + 1;
      this.length -= 1;
    }
    const value = sign * (table[ring + (index % size)] as number);
    if (Number.isNaN(value)) return;
    while (this.length > 0) {
      const last = table[queue + ((this.first + this.length - 1) % size)] as number;
      if (sign * (table[ring + (last % size)] as number) > value) break;
      this.length -= 1;
    }
    table[queue + ((this.first + this.length) % size)] = index;
    this.length += 1;
  }

  /** The least or greatest value; what a NaN in the window means is the owner's. */
  value(): number {
    if (this.length === 0) return Number.NaN;
    const index = this.table[this.queue + this.first] as number;
    return this.table[this.ring + (index % this.size)] as number;
  }

  reset(): void {
    this.first = 0;
    this.length = 0;
  }

  save(out: number[]): void {
    out.push(this.first, this.length);
    for (let place = 0; place < this.size; place += 1) out.push(this.table[this.queue + place] as number);
  }

  restore(saved: NumberReader): void {
    this.first = saved.next();
    this.length = saved.next();
    saved.fill(this.table, this.queue, this.size);
  }
}

/** The ring that extreme queues read: the last `size` values, and whether a NaN is among them. */
export class ValueRing {
  private readonly table: Float64Array;
  private readonly offset: number;
  private readonly size: number;
  private count = 0;
  private lastNaN = Number.NEGATIVE_INFINITY;

  constructor(table: Float64Array, offset: number, size: number) {
    this.table = table;
    this.offset = offset;
    this.size = size;
  }

  /** Writes the next value; returns its index. */
  push(value: number): number {
    const index = this.count;
    this.table[this.offset + (index % this.size)] = value;
    if (Number.isNaN(value)) this.lastNaN = index;
    this.count += 1;
    return index;
  }

  /** Full, and without a NaN. */
  get isComplete(): boolean {
    return this.count >= this.size && this.count - this.lastNaN > this.size;
  }

  /** The value that the next one replaces; NaN while the ring is not full. */
  oldest(): number {
    return this.count < this.size ? Number.NaN : (this.table[this.offset + (this.count % this.size)] as number);
  }

  get isFull(): boolean {
    return this.count >= this.size;
  }

  reset(): void {
    this.count = 0;
    this.lastNaN = Number.NEGATIVE_INFINITY;
  }

  save(out: number[]): void {
    out.push(this.count, this.lastNaN);
    for (let place = 0; place < this.size; place += 1) out.push(this.table[this.offset + place] as number);
  }

  restore(saved: NumberReader): void {
    this.count = saved.next();
    this.lastNaN = saved.next();
    saved.fill(this.table, this.offset, this.size);
  }
}

/** The least or the greatest of the last `size` values. */
export class ExtremeWindow implements Window {
  private readonly ring: ValueRing;
  private readonly queue: ExtremeQueue;

  /** How many numbers of the table it uses. */
  static slots(size: number): number {
    return 2 * size;
  }

  constructor(table: Float64Array, offset: number, size: number, of: 'min' | 'max') {
    this.ring = new ValueRing(table, offset, size);
    this.queue = new ExtremeQueue(table, { ring: offset, queue: offset + size }, size, of);
  }

  push(value: number): number {
    this.queue.push(this.ring.push(value));
    return this.ring.isComplete ? this.queue.value() : Number.NaN;
  }

  reset(): void {
    this.ring.reset();
    this.queue.reset();
  }

  save(out: number[]): void {
    this.ring.save(out);
    this.queue.save(out);
  }

  restore(saved: NumberReader): void {
    this.ring.restore(saved);
    this.queue.restore(saved);
  }
}
