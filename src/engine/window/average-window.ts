import type { NumberReader } from '../number-store.ts';
import type { Window } from './window.ts';

/**
 * The average of the last `size` values.
 *
 * Values are taken in blocks of `size`. A window is the end of the block before and the beginning of this one: when a block is
 * full, the sums of all its ends are made once, and the sum of the beginning grows with each value (van Herk, Gil and Werman's
 * scheme). So a value that has left the window has no effect on it. Sums are of two doubles, the second being the error of the
 * first (Knuth's TwoSum): 1e16, 1 and -1e16 give 1.
 */
export class AverageWindow implements Window {
  private readonly table: Float64Array;
  private readonly sums: number;
  private readonly errors: number;
  private readonly size: number;
  private position = 0;
  private isFull = false;
  private sum = 0;
  private error = 0;

  /** How many numbers of the table it uses. */
  static slots(size: number): number {
    return 2 * size;
  }

  /** @param offset where its part of the table begins */
  constructor(table: Float64Array, offset: number, size: number) {
    this.table = table;
    this.sums = offset;
    this.errors = offset + size;
    this.size = size;
  }

  push(value: number): number {
    this.table[this.sums + this.position] = value;
    const before = this.sum;
    const sum = before + value;
    const added = sum - before;
    this.error += before - (sum - added) + (value - added);
    this.sum = sum;
    this.position += 1;
    if (this.position === this.size) {
      const whole = total(this.sum, this.error);
      this.sumTheEnds();
      this.isFull = true;
      return whole / this.size;
    }
    return this.isFull ? this.ofBothBlocks() / this.size : Number.NaN;
  }

  reset(): void {
    this.position = 0;
    this.isFull = false;
    this.sum = 0;
    this.error = 0;
  }

  save(out: number[]): void {
    out.push(this.position, this.isFull ? 1 : 0, this.sum, this.error);
    for (let index = 0; index < 2 * this.size; index += 1) out.push(this.table[this.sums + index] as number);
  }

  restore(saved: NumberReader): void {
    this.position = saved.next();
    this.isFull = saved.next() === 1;
    this.sum = saved.next();
    this.error = saved.next();
    saved.fill(this.table, this.sums, 2 * this.size);
  }

  /** Where the two sums cancel, their sum is exact, so the errors that are added last are enough. */
  private ofBothBlocks(): number {
    const end = this.table[this.sums + this.position] as number;
    const endError = this.table[this.errors + this.position] as number;
    return total(end + this.sum, endError + this.error);
  }

  /** Replaces each value of the block that is now full by the sum from there to the block's end. */
  private sumTheEnds(): void {
    const { table, sums, errors } = this;
    let sum = 0;
    let error = 0;
    for (let index = this.size - 1; index >= 0; index -= 1) {
      const value = table[sums + index] as number;
      const next = sum + value;
      const added = next - sum;
      error += sum - (next - added) + (value - added);
      sum = next;
      table[sums + index] = sum;
      table[errors + index] = error;
    }
    this.position = 0;
    this.sum = 0;
    this.error = 0;
  }
}

/** The error of a sum that is infinite is NaN, and means nothing. */
function total(sum: number, error: number): number {
  const both = sum + error;
  return Number.isNaN(both) ? sum : both;
}
