/** What the relay watches about itself. */
export type AlertKind =
  | 'delivery_failed'
  | 'many_failed'
  | 'credential_refused'
  | 'undelivered'
  | 'source_refused'
  | 'not_asked'
  | 'engine_behind'
  | 'clock_wrong'
  | 'config_refused'
  | 'paused';

/** How one thing stands. `unknown`: nothing is known that would open or end an alert. */
export interface Condition {
  readonly kind: AlertKind;
  /** Which one, where there are several: a service, a source. Together with the kind it is the alert's key. */
  readonly what: string;
  readonly state: 'bad' | 'ok' | 'unknown';
  /** What is wrong, in one sentence for people. */
  readonly summary: string;
  /** What to do about it. */
  readonly action: string;
  /** How many, where it can be counted; 1 otherwise. */
  readonly count: number;
  /** Since when, where that is known. Milliseconds since 1970. */
  readonly since: number | undefined;
}

/** `credential_refused/github` */
export function keyOf({ kind, what }: Pick<Condition, 'kind' | 'what'>): string {
  return what === '' ? kind : `${kind}/${what}`;
}

/** News about a condition: it began, it goes on, it has ended. */
export type AlertState = 'opened' | 'continues' | 'recovered';

/** What people and programs are told. */
export interface AlertNews {
  readonly kind: AlertKind;
  readonly what: string;
  readonly state: AlertState;
  readonly summary: string;
  readonly action: string;
  readonly count: number;
  readonly since: number | undefined;
  /** Milliseconds since 1970. */
  readonly at: number;
}
