import type { Note } from '../delivery.ts';
import type { SqlDriver } from './driver.ts';

export function addNote(driver: SqlDriver, deliveryId: string, at: number, text: string): void {
  driver.run('INSERT INTO notes (delivery_id, at, text) VALUES (?, ?, ?)', deliveryId, at, text);
}

/** Oldest first. */
export function notesOf(driver: SqlDriver, deliveryId: string): Note[] {
  return driver.rows<{ at: number; text: string }>('SELECT at, text FROM notes WHERE delivery_id = ? ORDER BY seq', deliveryId);
}
