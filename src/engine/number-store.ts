/** The numbers of an evaluation as text, exact to the bit: JSON has no NaN and no infinities. Little-endian doubles in base64. */
export function encodeNumbers(numbers: readonly number[]): string {
  return Buffer.from(Float64Array.from(numbers).buffer).toString('base64');
}

/** The numbers of such a text; none when it is no such text. */
export function decodeNumbers(text: string): Float64Array {
  const bytes = Uint8Array.from(Buffer.from(text, 'base64'));
  return new Float64Array(bytes.buffer, 0, Math.floor(bytes.length / Float64Array.BYTES_PER_ELEMENT));
}

/** Reads saved numbers in the order in which they were written. What is missing is NaN. */
export class NumberReader {
  private readonly numbers: Float64Array;
  private place = 0;

  constructor(numbers: Float64Array) {
    this.numbers = numbers;
  }

  next(): number {
    const number = this.numbers[this.place] ?? Number.NaN;
    this.place += 1;
    return number;
  }

  /** Fills a part of a table. */
  fill(table: Float64Array, from: number, count: number): void {
    for (let index = 0; index < count; index += 1) table[from + index] = this.next();
  }
}
