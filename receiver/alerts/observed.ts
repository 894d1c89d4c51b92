import { DEFAULT_SOURCE } from '../../src/event/event.ts';
import type { Environment } from '../environment.ts';

/** What one receiver has seen while it works: nothing of it is stored, and its size is bounded. */
export interface Observed {
  /** An attempt to deliver has ended. `credential`: whose it was. */
  attempted(credential: string, outcome: string, status: number | null): void;
  /** A webhook was answered. */
  answered(source: string, status: number): void;
  /** GitHub's or W&B's refusal of the credential itself: `true` refused, `false` it was taken since; `undefined`: nothing is known. */
  isRefused(service: 'github' | 'wandb'): boolean | undefined;
  /** How many requests of a source failed authentication in the last minutes. */
  refusalsOf(source: string): number;
}

/** Refusals of a source count for so long. Milliseconds. */
const COUNTED_MS = 5 * 60_000;
/** More than so many are counted as so many: memory is constant. */
const MOST_COUNTED = 1_000;

/** The names of the sources that have a secret, as they are in addresses. */
export function sourcesOf({ authentication }: Pick<Environment, 'authentication'>): string[] {
  return [...authentication.sources.keys()].map((name) => (name === '' ? DEFAULT_SOURCE : name.toLowerCase().replaceAll('_', '-')));
}

/** @param sources names of the sources that have a secret; what is sent to another one is nobody's mistake that could be fixed here */
export function observe(sources: readonly string[], now: () => number): Observed {
  const refused = new Map<'github' | 'wandb', boolean>();
  const refusals = new Map<string, number[]>(sources.map((source) => [source, []]));
  const recent = (source: string): number[] => (refusals.get(source) ?? []).filter((at) => at <= now() && now() - at < COUNTED_MS);
  return {
    attempted: (credential, outcome, status) => {
      const service = credential.startsWith('github') ? 'github' : credential === 'wandb' ? 'wandb' : undefined;
      if (service === undefined) return;
      if (outcome === 'refused' && status === 401) refused.set(service, true);
      else if (outcome === 'delivered') refused.set(service, false);
    },
    answered: (source, status) => {
      const times = refusals.get(source);
      if (times === undefined || status !== 401) return;
      if (times.length >= MOST_COUNTED) times.splice(0, times.length, ...recent(source).slice(-MOST_COUNTED / 2));
      times.push(now());
    },
    isRefused: (service) => refused.get(service),
    refusalsOf: (source) => recent(source).length,
  };
}
