import type { Note } from '../delivery.ts';
import { exec, rows, type Work } from './work.ts';

export function* addNote(deliveryId: string, at: number, text: string): Work<void> {
  yield* exec('INSERT INTO notes (delivery_id, at, text) VALUES ($1, $2, $3)', deliveryId, at, text);
}

/** Oldest first. */
export function* notesOf(deliveryId: string): Work<Note[]> {
  return yield* rows<{ at: number; text: string }>('SELECT at, text FROM notes WHERE delivery_id = $1 ORDER BY seq', deliveryId);
}
