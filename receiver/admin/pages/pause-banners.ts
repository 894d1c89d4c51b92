import { durationWords } from '../../../src/lib/duration.ts';
import type { Pause, PauseScope, PauseStore } from '../../store/pause.ts';
import type { Banner } from './page.ts';

/** What is paused, in words: `Everything`, `Route deploy`. */
export function scopeWords(scope: PauseScope): string {
  if (scope.kind === 'everything') return 'Everything';
  return `${scope.kind === 'route' ? 'Route' : 'Credential'} ${scope.name}`;
}

const LINK = { path: '/pauses', text: 'Pauses' } as const;
/** More are counted. */
const NAMED = 3;

/** What everybody must know while something is paused: one banner for all of it. */
export function bannersOf(pauses: readonly Pause[], now: number): Banner[] {
  // What holds everything, messages too, says all that there is to say.
  const first = pauses.find(({ messagesToo }) => messagesToo === true) ?? pauses[0];
  if (first === undefined) return [];
  if (pauses.length === 1 || first.messagesToo === true) {
    const reason = first.reason === null ? '' : ` (${first.reason})`;
    const text = `${scopeWords(first.scope)}${first.messagesToo === true ? ', messages too,' : ''} is paused by ${first.by}, since ${durationWords(now - first.at)}${reason}. Events are still accepted.`;
    return [{ kind: 'wait', text, link: LINK }];
  }
  const names = pauses.slice(0, NAMED).map(({ scope }) => (scope.kind === 'everything' ? 'everything' : `${scope.kind} ${scope.name}`));
  const more = pauses.length > NAMED ? ` and ${pauses.length - NAMED} more` : '';
  return [{ kind: 'wait', text: `Paused: ${names.join(', ')}${more}. Events are still accepted.`, link: LINK }];
}

/** So long an answer of the store counts. Milliseconds. */
const CACHE_MS = 2_000;

export interface PauseBanners {
  banners(): Promise<readonly Banner[]>;
  /** Something was changed here: the next page asks the store. */
  forget(): void;
}

/** The banners of every page; the store is asked at most once in two seconds. */
export function pauseBanners(store: Pick<PauseStore, 'pauses'>, now: () => number): PauseBanners {
  let last: { readonly at: number; readonly pauses: Promise<readonly Pause[]> } | undefined;
  return {
    banners: async () => {
      const age = last === undefined ? Number.POSITIVE_INFINITY : now() - last.at;
      if (last === undefined || age < 0 || age >= CACHE_MS) {
        const asked = { at: now(), pauses: store.pauses() };
        asked.pauses.catch(() => {
          if (last === asked) last = undefined;
        });
        last = asked;
      }
      return bannersOf(await last.pauses, now());
    },
    forget: () => {
      last = undefined;
    },
  };
}
