/** What is not sent until somebody resumes it. Events are accepted all the same. */
export type PauseScope = { readonly kind: 'everything' } | { readonly kind: 'route' | 'credential'; readonly name: string };

export interface Pause {
  readonly scope: PauseScope;
  /** Who paused it. */
  readonly by: string;
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly reason: string | null;
  /** Of everything, after a restore: messages wait, too. */
  readonly messagesToo?: true;
}

/** Somebody ended a pause. */
export interface Resumed {
  readonly scope: PauseScope;
  /** When it was paused, and when it was resumed. Milliseconds since 1970. */
  readonly pausedAt: number;
  readonly at: number;
  readonly by: string;
}

/** Another key for each pause. */
export function pauseKey({ scope, at }: Pick<Pause, 'scope' | 'at'>): string {
  return `${scope.kind}/${scope.kind === 'everything' ? '' : scope.name}/${at}`;
}

/** How many deliveries were not delivered, by their state. */
export interface HeldBack {
  readonly pending: number;
  readonly in_flight: number;
  readonly held: number;
  /** Events whose routes were not tried yet: what they will send is not known. */
  readonly unrouted: number;
}

/** Where people pause and resume. `claim` takes nothing of what is paused; replays, approvals and updates of messages wait, too. */
export interface PauseStore {
  /** Pausing again what is paused changes nothing; false: it was paused. */
  pause(pause: Pause): Promise<boolean>;
  /** False: it was not paused. */
  resume(scope: PauseScope, by: string, at: number): Promise<boolean>;
  /** Who resumed what, for as long as that is news, the oldest first. */
  resumed(since: number): Promise<Resumed[]>;
  /**
   * The database was restored from a backup, and whatever it calls undelivered may have been sent since. Pauses everything,
   * messages too, until somebody resumes it, and notes for each delivery that is open that it may have been sent between its last
   * change and now: once resumed, the relay looks for its run or message before it sends. No receiver may be running.
   */
  holdRestored(hold: Pick<Pause, 'by' | 'at' | 'reason'>): Promise<HeldBack>;
  /** The oldest first. */
  pauses(): Promise<Pause[]>;
}
