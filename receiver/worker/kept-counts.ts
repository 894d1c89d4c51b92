import type { Family } from '../metrics/families.ts';
import { type KeptCounts, type KeptMetrics, keptMetrics } from '../metrics/kept-metrics.ts';
import type { KeyValues } from './key-values.ts';

const KEY = 'counts';
/** After a change, so long others are waited for: all of them are one row that is written. Milliseconds. */
const FLUSH_MS = 5_000;
/** Counts are written only where somebody has asked for them so lately. Milliseconds. */
const ASKED_MS = 24 * 3_600_000;
/** And that somebody asked is written so often. Milliseconds. */
const ASKED_AGAIN_MS = 3_600_000;

interface Kept {
  readonly counts: KeptCounts;
  /** When somebody asked, milliseconds since 1970. */
  readonly askedAt: number;
}

/** The counts of an object, which outlive its memory as long as somebody asks for them. */
export interface KeptObjectCounts {
  readonly metrics: KeptMetrics;
  /** Somebody asks for them: from now on they are kept. */
  asked(): Promise<void>;
}

/** @param build is shown with the counts */
export async function keptCounts(
  storage: KeyValues,
  now: () => number,
  build: Family,
  failed: (error: unknown) => void,
): Promise<KeptObjectCounts> {
  const kept = await storage.get<Kept>(KEY);
  let askedAt = kept?.askedAt ?? Number.NEGATIVE_INFINITY;
  let timer: NodeJS.Timeout | undefined;
  const flush = async (): Promise<void> => {
    clearTimeout(timer);
    timer = undefined;
    try {
      await storage.put(KEY, { counts: metrics.counts(), askedAt } satisfies Kept);
    } catch (error) {
      failed(error);
    }
  };
  const metrics = keptMetrics(kept?.counts, () => {
    if (now() - askedAt < ASKED_MS) timer ??= setTimeout(() => void flush(), FLUSH_MS);
  });
  return {
    metrics: { ...metrics, families: () => [build, ...metrics.families()] },
    asked: async () => {
      const isNews = now() - askedAt >= ASKED_AGAIN_MS || now() < askedAt;
      if (!isNews) return;
      askedAt = now();
      await flush();
    },
  };
}
