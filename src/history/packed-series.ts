import { deflateRawSync, inflateRawSync } from 'node:zlib';
import type { Series } from '../backtest/series.ts';

/**
 * A series as bytes: a line of text that says what it is, then three columns of doubles. Each column is stored byte plane by byte
 * plane, and steps and times as differences: then most planes are constant, and what is compressed is little more than the
 * digits of the values.
 */
export function packSeries({ axis, x, at, value }: Series, head: string): Buffer {
  const columns = [planesOf(differences(x)), planesOf(differences(at)), planesOf(value)];
  const packed = deflateRawSync(Buffer.concat(columns), { level: 1 });
  return Buffer.concat([Buffer.from(`${JSON.stringify({ head, axis, length: x.length })}\n`), packed]);
}

/** The series, or `undefined` when the bytes are about something else. Throws when they are damaged. */
export function unpackSeries(bytes: Buffer, head: string): Series | undefined {
  const end = bytes.indexOf(10);
  const about = JSON.parse(bytes.toString('utf8', 0, end)) as { head: string; axis: Series['axis']; length: number };
  if (about.head !== head) return undefined;
  const { length, axis } = about;
  const columns = inflateRawSync(bytes.subarray(end + 1));
  if (columns.length !== 24 * length) throw new Error('the file is damaged');
  const [, , , , , metric] = JSON.parse(head) as string[];
  const column = (index: number): Float64Array => doublesOf(columns.subarray(index * 8 * length, (index + 1) * 8 * length), length);
  return { metric: metric ?? '', axis, x: sums(column(0)), at: sums(column(1)), value: column(2) };
}

/** The bits of each value, exclusive-or with those of the one before: exact, unlike a subtraction. */
function differences(column: Float64Array): Float64Array {
  const words = new Uint32Array(column.buffer, column.byteOffset, 2 * column.length);
  const result = new Uint32Array(words.length);
  for (let i = 0; i < words.length; i++) result[i] = (words[i] ?? 0) ^ (i < 2 ? 0 : (words[i - 2] ?? 0));
  return new Float64Array(result.buffer);
}

function sums(column: Float64Array): Float64Array {
  const words = new Uint32Array(column.buffer, column.byteOffset, 2 * column.length);
  for (let i = 2; i < words.length; i++) words[i] = (words[i] ?? 0) ^ (words[i - 2] ?? 0);
  return column;
}

function planesOf(column: Float64Array): Buffer {
  const bytes = new Uint8Array(column.buffer, column.byteOffset, column.byteLength);
  const planes = Buffer.allocUnsafe(bytes.length);
  const { length } = column;
  for (let plane = 0; plane < 8; plane++) for (let i = 0; i < length; i++) planes[plane * length + i] = bytes[i * 8 + plane] ?? 0;
  return planes;
}

function doublesOf(planes: Buffer, length: number): Float64Array {
  const bytes = new Uint8Array(8 * length);
  for (let plane = 0; plane < 8; plane++) for (let i = 0; i < length; i++) bytes[i * 8 + plane] = planes[plane * length + i] ?? 0;
  return new Float64Array(bytes.buffer);
}
