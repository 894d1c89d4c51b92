import type { Told } from './story.ts';

/** A picture of a page, as ben sees it. */
export interface Scene {
  /** The file is `pages-NAME.png`. */
  readonly name: string;
  readonly path: (told: Told) => string;
  /** CSS pixels: a desktop or a phone. */
  readonly width: 1120 | 390;
  /** At most so much of the page, from its top. CSS pixels. */
  readonly height: number;
  readonly scheme: 'light' | 'dark';
}

const DESKTOP = { width: 1120, height: 1250, scheme: 'light' } as const;
const PHONE = { width: 390, height: 844, scheme: 'light' } as const;

/** A new page joins with a line or two. */
export const SCENES: readonly Scene[] = [
  { name: 'events', path: () => '/', ...DESKTOP },
  { name: 'events-dark', path: () => '/', ...DESKTOP, scheme: 'dark' },
  { name: 'events-phone', path: () => '/', ...PHONE },
  { name: 'event', path: ({ rerun }) => `/events/${rerun}`, ...DESKTOP },
  { name: 'approval-phone', path: ({ held }) => `/events/${held}`, ...PHONE, scheme: 'dark' },
];

/** Bytes of one picture. */
export const LARGEST = 150_000;
