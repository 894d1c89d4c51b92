import { ageOf } from '../../src/lib/clock.ts';

/** A source that was removed counts for so long after it was heard of. Milliseconds. */
const COUNTS_MS = 120_000;
/** While it sends it is heard of this often. Milliseconds. */
const REPEAT_MS = 60_000;
/** Sending waits no longer for the others to know. Milliseconds. */
const ANSWER_LIMIT_MS = 2_000;

export interface SharedPaceOptions {
  /** Whose object this is. */
  readonly source: string;
  /** The sources that are configured. */
  readonly sources: readonly string[];
  readonly now: () => number;
  /** Tells the object of another source until when `source` counts; resolves with how many sources share the pace. */
  readonly tell: (other: string, until: number) => Promise<number>;
}

/** Among how many sources GitHub's limit is shared out. */
export interface SharedPace {
  sharing(): number;
  /** A source that was removed says that it sends; returns how many share from now on. */
  heardOf(source: string, until: number): number;
  /** Before something is sent to GitHub. Says so to the others, when this source is one that they do not count by themselves. */
  beforeSending(): Promise<void>;
}

/**
 * Counts the sources that share GitHub's limit: all that are configured and, as long as they send, those whose secret was
 * removed. These still deliver what they have acknowledged, and nothing in the configuration names them, so they tell the
 * others. An object that has ended meanwhile hears of it again within a minute.
 */
export function sharedPace({ source, sources, now, tell }: SharedPaceOptions): SharedPace {
  const removed = new Map<string, number>();
  const isConfigured = sources.includes(source);
  let toldAt = Number.NEGATIVE_INFINITY;
  let told = sources.length + 1;

  const sharing = (): number => {
    if (!isConfigured) return told;
    // A clock that was put back does not make anybody count for longer.
    for (const [name, until] of removed) if (until <= now() || until > now() + 2 * COUNTS_MS) removed.delete(name);
    return sources.length + removed.size;
  };
  return {
    sharing,
    heardOf: (name, until) => {
      if (!sources.includes(name)) removed.set(name, until);
      return sharing();
    },
    beforeSending: async () => {
      if (isConfigured || ageOf(toldAt, now()) < REPEAT_MS) return;
      toldAt = now();
      const answers = sources.map((other) => answered(tell(other, now() + COUNTS_MS)));
      told = Math.max(sources.length + 1, ...(await Promise.all(answers)));
    },
  };
}

/** 0 without an answer in time. */
async function answered(answer: Promise<number>): Promise<number> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<number>((resolve) => {
    timer = setTimeout(resolve, ANSWER_LIMIT_MS, 0);
  });
  try {
    return await Promise.race([answer, late]);
  } catch {
    return 0;
  } finally {
    clearTimeout(timer);
  }
}
