import type { NewEvent } from '../delivery.ts';
import { acceptEvents } from './inbox.ts';
import type { LookUp } from './inbox-known.ts';
import { type Columns, exec, firstRow, insertRows, type Work } from './work.ts';

export const COLUMNS: Columns = { name: 'text', due_at: 'bigint', event_id: 'text' };

/**
 * Stores the event of an occurrence, if there is one, unless another one is stored. The row comes first: a receiver that stores the same
 * occurrence waits for it, and then finds it. True as well when this very event is stored: the answer of its commit was lost.
 */
export function* acceptOccurrence(name: string, dueAt: number, event: NewEvent | null, lookUp: LookUp): Work<boolean> {
  const inserted = yield* insertRows('occurrences', COLUMNS, [[name, dueAt, event?.id ?? '']], { ignoreExisting: true });
  if (inserted === 0) {
    const stored = yield* firstRow<{ event_id: string }>('SELECT event_id FROM occurrences WHERE name = $1 AND due_at = $2', name, dueAt);
    return stored?.event_id === (event?.id ?? '');
  }
  if (event !== null) yield* acceptEvents([event], 0, lookUp);
  return true;
}

export function* lastOccurrence(name: string): Work<number | undefined> {
  const last = yield* firstRow<{ due_at: number }>('SELECT due_at FROM occurrences WHERE name = $1 ORDER BY due_at DESC LIMIT 1', name);
  return last?.due_at;
}

/** The latest of each schedule stays: it says that there was one. Who resumed what is no schedule, and names a person. */
export function* forgetOldOccurrences(before: number): Work<void> {
  yield* exec(
    `DELETE FROM occurrences WHERE due_at < $1
       AND (SELECT 1 FROM occurrences later WHERE later.name = occurrences.name AND later.due_at > occurrences.due_at LIMIT 1) IS NOT NULL`,
    before,
  );
  yield* exec(`DELETE FROM occurrences WHERE name COLLATE "C" >= 'resumed/' AND name COLLATE "C" < 'resumed0' AND due_at < $1`, before);
}
