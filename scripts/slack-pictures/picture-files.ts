import type { Scene } from './scene.ts';

export interface PictureSize {
  readonly suffix: string;
  /** CSS pixels. */
  readonly width: number;
  /** Pixels for each of CSS's. */
  readonly density: number;
}

/** A desktop and a phone. */
export const SIZES: readonly PictureSize[] = [
  { suffix: '', width: 720, density: 1.5 },
  { suffix: '-phone', width: 390, density: 1.5 },
];

/** Bytes of one picture. */
export const LARGEST = 60_000;

export function fileOf(scene: Pick<Scene, 'name'>, { suffix }: Pick<PictureSize, 'suffix'>): string {
  return `slack-${scene.name}${suffix}.png`;
}
