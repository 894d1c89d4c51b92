/** A problem that people hear of in a thread, because a message that is edited notifies nobody. */
export interface Alert {
  /** `not_dispatched`: the dispatch failed permanently. `run_missing`: it was sent, and its run did not appear. */
  readonly problem: 'not_dispatched' | 'run_missing';
  /** The delivery's target: `repository_dispatch:acme/deploy`. */
  readonly target: string;
  readonly route: string;
  /** As it was noted: neither escaped nor shortened. */
  readonly reason: string;
}
