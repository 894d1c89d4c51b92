/** `unknown`: it could not be checked, and that alone is nothing wrong. */
export type CheckState = 'ok' | 'warning' | 'problem' | 'unknown';

export type CheckArea = 'environment' | 'config' | 'store' | 'clock' | 'proxy' | 'github' | 'workflow' | 'slack' | 'wandb' | 'url';

/** What was found out about one thing: one line for a person. */
export interface Check {
  readonly area: CheckArea;
  /** What was checked: a repository, a channel, a file. */
  readonly subject: string;
  readonly state: CheckState;
  /** What is right, or what is wrong and what to do. */
  readonly detail: string;
}

/** A maker of checks about one thing. */
export function checksOf(area: CheckArea, subject: string): (state: CheckState, detail: string) => Check {
  return (state, detail) => ({ area, subject, state, detail });
}
