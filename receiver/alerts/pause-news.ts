import { type Pause, type PauseScope, pauseKey } from '../store/pause.ts';

/** People paused something, or resumed it. */
export interface PauseNews {
  readonly pause: Pick<Pause, 'scope' | 'at' | 'by' | 'reason'>;
  readonly isResumed: boolean;
  /** Left out: a receiver before this version, which does not note it, resumed it. */
  readonly resumedBy?: string;
}

/** `everything`, `the route deploy`, `the credential slack:#ml`. */
export function scopeWords(scope: PauseScope): string {
  return scope.kind === 'everything' ? 'everything' : `the ${scope.kind} ${scope.name}`;
}

/** What changed between two looks. What was paused before the first look is news as well: it may have been paused meanwhile. */
export function pauseChanges(before: readonly Pause[], after: readonly Pause[]): PauseNews[] {
  const had = new Set(before.map(pauseKey));
  const has = new Set(after.map(pauseKey));
  return [
    ...before.filter((pause) => !has.has(pauseKey(pause))).map((pause) => ({ pause, isResumed: true })),
    ...after.filter((pause) => !had.has(pauseKey(pause))).map((pause) => ({ pause, isResumed: false })),
  ];
}
