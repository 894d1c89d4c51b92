/** What the relay's own engine knows of the run of an event. Fields that are not known are absent. */
export type RunFacts = {
  /** The run's name for people; `run` is its id. */
  readonly display_name?: string;
  /** The step of the value that was compared. */
  readonly step?: number;
  /** From its start to its last heartbeat. */
  readonly duration_seconds?: number;
  /** When the condition was met, or ended: ISO 8601, UTC. */
  readonly at?: string;
};

/** The fields of `RunFacts`, as they are called in templates and in the payload. */
export const RUN_FIELDS = ['display_name', 'step', 'duration_seconds', 'at'] as const satisfies readonly (keyof RunFacts)[];
