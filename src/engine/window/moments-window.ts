import type { NumberReader } from '../number-store.ts';

/**
 * The mean and the standard deviation of the last `size` values, in the blocks of `AverageWindow`. Within a block by Welford's
 * method; the end of one block and the beginning of the next are merged by Chan's. Both are stable, and equal values have a
 * deviation of exactly zero.
 */
export class MomentsWindow {
  private readonly table: Float64Array;
  private readonly means: number;
  private readonly squares: number;
  private readonly size: number;
  private position = 0;
  private isFull = false;
  private blockMean = 0;
  private blockSquares = 0;

  /** How many numbers of the table it uses. */
  static slots(size: number): number {
    return 2 * size;
  }

  constructor(table: Float64Array, offset: number, size: number) {
    this.table = table;
    this.means = offset;
    this.squares = offset + size;
    this.size = size;
  }

  push(value: number): void {
    this.table[this.means + this.position] = value;
    this.position += 1;
    const away = value - this.blockMean;
    this.blockMean += away / this.position;
    this.blockSquares += away * (value - this.blockMean);
    if (this.position < this.size) return;
    this.summarizeTheEnds();
    this.isFull = true;
  }

  /** NaN while the window is not full or has a NaN in it. */
  mean(): number {
    if (!this.isFull) return Number.NaN;
    const end = this.table[this.means + this.position] as number;
    return this.position === 0 ? end : end + ((this.blockMean - end) * this.position) / this.size;
  }

  /** Of the population: the squares are divided by `size`. NaN as `mean`, and with an infinity in the window. */
  deviation(): number {
    if (!this.isFull) return Number.NaN;
    const end = this.table[this.squares + this.position] as number;
    if (this.position === 0) return Math.sqrt(end / this.size);
    const apart = this.blockMean - (this.table[this.means + this.position] as number);
    const between = (apart * apart * this.position * (this.size - this.position)) / this.size;
    return Math.sqrt((end + this.blockSquares + between) / this.size);
  }

  reset(): void {
    this.position = 0;
    this.isFull = false;
    this.blockMean = 0;
    this.blockSquares = 0;
  }

  save(out: number[]): void {
    out.push(this.position, this.isFull ? 1 : 0, this.blockMean, this.blockSquares);
    for (let index = 0; index < 2 * this.size; index += 1) out.push(this.table[this.means + index] as number);
  }

  restore(saved: NumberReader): void {
    this.position = saved.next();
    this.isFull = saved.next() === 1;
    this.blockMean = saved.next();
    this.blockSquares = saved.next();
    saved.fill(this.table, this.means, 2 * this.size);
  }

  private summarizeTheEnds(): void {
    const { table, means, squares } = this;
    let mean = 0;
    let sum = 0;
    for (let index = this.size - 1, count = 1; index >= 0; index -= 1, count += 1) {
      const value = table[means + index] as number;
      const away = value - mean;
      mean += away / count;
      sum += away * (value - mean);
      table[means + index] = mean;
      table[squares + index] = sum;
    }
    this.position = 0;
    this.blockMean = 0;
    this.blockSquares = 0;
  }
}
