import type { RelayEvent } from '../event/event.ts';

/** What people are told in a reply of its own, because a message that is edited notifies nobody. Facts; Slack's words are its target's. */
export interface Alert {
  /**
   * `not_dispatched`: the dispatch failed permanently. `run_missing`: it was sent, and its run did not appear. `run_failed`: its
   * run ended, and not with success. `resolved`: a later run of the same route and subject succeeded, or, when no run can be
   * followed, a later dispatch was sent. `not_asked`: nobody can decide, because the question could not be asked. `not_posted`: a
   * message that asks nothing could not be posted.
   */
  readonly problem: 'not_dispatched' | 'run_missing' | 'run_failed' | 'resolved' | 'not_asked' | 'not_posted';
  /** The delivery's target: `repository_dispatch:acme/deploy`; of `not_asked` and `not_posted`, the channel: `slack:#ml-deploys`. */
  readonly target: string;
  readonly route: string;
  /** As it was noted: neither escaped nor shortened. */
  readonly reason: string;
  /** What it is about. Older versions stored alerts without it, and without what follows. */
  readonly subject?: AlertSubject;
  /** The run that ended. */
  readonly run?: AlertRun;
  /** Slack ids of people and groups who must know; blank: the author of the event. */
  readonly mention?: readonly string[];
  /** A reply that is shown in the channel as well. */
  readonly broadcast?: boolean;
  /** Of `not_asked`: the deliveries that wait for the decision. */
  readonly deliveries?: readonly string[];
}

/** The fields of an event that name it. */
export type AlertSubject = Pick<
  RelayEvent,
  'source' | 'type' | 'collection' | 'version' | 'artifact' | 'alias' | 'tag' | 'run' | 'display_name' | 'metric' | 'author' | 'automation'
>;

/** How a run ended. Times are milliseconds since 1970. */
export interface AlertRun {
  readonly url: string | null;
  /** The service's own term, such as `failure`. */
  readonly conclusion: string | null;
  readonly attempt: number;
  readonly startedAt: number | null;
  readonly endedAt: number | null;
  /** Left out where nobody could tell. */
  readonly failed?: FailedJob;
}

/** Where in a run it went wrong. */
export interface FailedJob {
  readonly job: string;
  readonly step: string | null;
  readonly url: string | null;
}

/** The part of an event that an alert keeps. */
export function alertSubjectOf(event: RelayEvent): AlertSubject {
  const { source, type, collection, version, artifact, alias, tag, run, display_name, metric, author, automation } = event;
  const named = { collection, version, artifact, alias, tag, run, display_name, metric, author, automation };
  return { source, type, ...(Object.fromEntries(Object.entries(named).filter(([, value]) => value !== undefined)) as object) };
}

/** Whether a later success ends it. */
export function isFailure({ problem }: Pick<Alert, 'problem'>): boolean {
  return problem === 'not_dispatched' || problem === 'run_missing' || problem === 'run_failed';
}
