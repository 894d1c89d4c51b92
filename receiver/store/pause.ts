/** What is not sent until somebody resumes it. Events are accepted all the same. */
export type PauseScope = { readonly kind: 'everything' } | { readonly kind: 'route' | 'credential'; readonly name: string };

export interface Pause {
  readonly scope: PauseScope;
  /** Who paused it. */
  readonly by: string;
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly reason: string | null;
}

/** Where people pause and resume. `claim` takes nothing of what is paused; replays, approvals and updates of messages wait, too. */
export interface PauseStore {
  /** Pausing again what is paused changes nothing; false: it was paused. */
  pause(pause: Pause): Promise<boolean>;
  /** False: it was not paused. */
  resume(scope: PauseScope): Promise<boolean>;
  /** The oldest first. */
  pauses(): Promise<Pause[]>;
}
