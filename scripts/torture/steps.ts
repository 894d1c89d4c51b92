/** The steps of an event's way at which a receiver is killed. */
export const STEPS = ['before-commit', 'after-commit', 'after-claim', 'after-send'] as const;
export type Step = (typeof STEPS)[number];

export const STEP_TEXTS: Readonly<Record<Step, string>> = {
  'before-commit': 'before the commit of an acceptance',
  'after-commit': 'after the commit, before the answer',
  'after-claim': 'after the claim, before the send',
  'after-send': "after GitHub's answer, before settling",
};

/** What the harness says to a receiver's process (`inside-receiver.ts`). */
export type Command =
  /** Ends itself with SIGKILL at the next time it reaches the step. */
  | { readonly do: 'kill-at'; readonly step: Step }
  /** From now on its wall clock is so many milliseconds ahead of the machine's. */
  | { readonly do: 'set-clock'; readonly aheadMs: number }
  /** From now on its SQLite files cannot grow, or can again. */
  | { readonly do: 'set-disk'; readonly full: boolean };

/** Environment variables with which a process starts as a command left the one before it. */
export const CLOCK_VARIABLE = 'TORTURE_CLOCK_AHEAD_MS';
export const DISK_VARIABLE = 'TORTURE_DISK_FULL';
