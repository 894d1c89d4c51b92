import { crc32, deflateSync, inflateSync } from 'node:zlib';

/** An image of pixels, three bytes each. */
interface Pixels {
  readonly width: number;
  readonly height: number;
  readonly rgb: Uint8Array;
}

const SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
/** The most that a palette has room for, and fewer where the picture would be too large. */
const COLOURS = [256, 128, 64, 32];

/** The picture with as many colours as fit into so many bytes; with the fewest, when none do. */
export function smallestPng(png: Buffer, bytes: number): Buffer {
  let small = png;
  for (const colours of COLOURS) {
    small = smallPng(png, colours);
    if (small.length <= bytes) break;
  }
  return small;
}

/**
 * The same picture with some colours only: some percent of the size for screenshots, which have few colours. Takes 8-bit RGB
 * or RGBA that is not interlaced (W3C, "Portable Network Graphics"), as Chromium writes it.
 */
export function smallPng(png: Buffer, colours = 256): Buffer {
  const { width, height, rgb } = decode(png);
  const { palette, indexOf } = paletteOf(rgb, colours);
  const rows = Buffer.alloc(height * (width + 1));
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) rows[y * (width + 1) + 1 + x] = indexOf(colourAt(rgb, y * width + x));
  }
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 3, 0, 0, 0], 8);
  const parts = [
    chunk('IHDR', header),
    chunk('PLTE', palette),
    chunk('IDAT', deflateSync(rows, { level: 9 })),
    chunk('IEND', Buffer.alloc(0)),
  ];
  return Buffer.concat([SIGNATURE, ...parts]);
}

function decode(png: Buffer): Pixels {
  if (!png.subarray(0, 8).equals(SIGNATURE)) throw new Error('this is no PNG');
  const [width, height] = [png.readUInt32BE(16), png.readUInt32BE(20)];
  const [depth, type, , , interlaced] = png.subarray(24, 29);
  if (depth !== 8 || (type !== 2 && type !== 6) || interlaced !== 0) throw new Error('this PNG is of another kind than Chromium writes');
  const data: Buffer[] = [];
  for (let at = 8; at < png.length; at += 12 + png.readUInt32BE(at)) {
    if (png.toString('latin1', at + 4, at + 8) === 'IDAT') data.push(png.subarray(at + 8, at + 8 + png.readUInt32BE(at)));
  }
  return { width, height, rgb: unfiltered(inflateSync(Buffer.concat(data)), width, height, type === 2 ? 3 : 4) };
}

/** Undoes the filter of each row, and drops the alpha of pixels that are opaque anyway. */
function unfiltered(raw: Buffer, width: number, height: number, size: number): Uint8Array {
  const stride = width * size;
  const rgb = new Uint8Array(width * height * 3);
  let above = new Uint8Array(stride);
  for (let y = 0; y < height; y += 1) {
    const start = y * (stride + 1);
    const row = Uint8Array.from(raw.subarray(start + 1, start + 1 + stride));
    const filter = raw[start] ?? 0;
    for (let i = 0; i < stride; i += 1) {
      const left = i < size ? 0 : (row[i - size] ?? 0);
      const upLeft = i < size ? 0 : (above[i - size] ?? 0);
      row[i] = (row[i] ?? 0) + predicted(filter, left, above[i] ?? 0, upLeft);
    }
    for (let x = 0; x < width; x += 1) rgb.set(row.subarray(x * size, x * size + 3), (y * width + x) * 3);
    above = row;
  }
  return rgb;
}

function predicted(filter: number, left: number, up: number, upLeft: number): number {
  if (filter < 4) return [0, left, up, (left + up) >> 1][filter] ?? 0;
  const estimate = left + up - upLeft;
  const [a, b, c] = [Math.abs(estimate - left), Math.abs(estimate - up), Math.abs(estimate - upLeft)];
  if (a <= b && a <= c) return left;
  return b <= c ? up : upLeft;
}

function colourAt(rgb: Uint8Array, pixel: number): number {
  return ((rgb[pixel * 3] ?? 0) << 16) | ((rgb[pixel * 3 + 1] ?? 0) << 8) | (rgb[pixel * 3 + 2] ?? 0);
}

/** The most frequent colours; each other one becomes the nearest of them. */
function paletteOf(rgb: Uint8Array, most: number): { readonly palette: Buffer; readonly indexOf: (colour: number) => number } {
  const counts = new Map<number, number>();
  for (let pixel = 0; pixel < rgb.length / 3; pixel += 1) {
    const colour = colourAt(rgb, pixel);
    counts.set(colour, (counts.get(colour) ?? 0) + 1);
  }
  const kept = [...counts].toSorted(([, a], [, b]) => b - a).slice(0, most);
  const colours = kept.map(([colour]) => colour);
  const known = new Map(colours.map((colour, index) => [colour, index]));
  const indexOf = (colour: number): number => {
    const index = known.get(colour) ?? nearest(colour, colours);
    known.set(colour, index);
    return index;
  };
  return { palette: Buffer.from(colours.flatMap((colour) => [colour >> 16, (colour >> 8) & 255, colour & 255])), indexOf };
}

function nearest(colour: number, colours: readonly number[]): number {
  const distance = (other: number): number =>
    [16, 8, 0].reduce((sum, shift) => sum + (((colour >> shift) & 255) - ((other >> shift) & 255)) ** 2, 0);
  return colours.reduce((best, other, index) => (distance(other) < distance(colours[best] ?? 0) ? index : best), 0);
}

function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(data.length);
  sum.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, sum]);
}
