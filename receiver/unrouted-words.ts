import { durationWords } from '../src/lib/duration.ts';
import type { Backlog } from './store/unrouted.ts';

/** What is said about events that are stored and not routed yet, a sentence each; none: there are no such events. */
export function unroutedWords({ events, oldestAt, skipped, reason }: Backlog, now: number): string[] {
  return [
    ...(skipped === 0 ? [] : [skippedWords(skipped, reason ?? 'no reason is stored')]),
    ...(events === 0
      ? []
      : [`${count(events)} ${events === 1 ? 'waits' : 'wait'} to be routed, the oldest for ${durationWords(now - (oldestAt ?? now))}`]),
  ];
}

/** Of events whose routes could not be tried. */
export function skippedWords(skipped: number, reason: string): string {
  return `${count(skipped)} could not be routed (${reason}): restart the receiver, or update it`;
}

function count(events: number): string {
  return `${events.toLocaleString('en')} stored ${events === 1 ? 'event' : 'events'}`;
}
