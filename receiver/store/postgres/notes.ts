import type { Note } from '../delivery.ts';
import type { Sql } from './driver.ts';

export async function addNote(sql: Sql, deliveryId: string, at: number, text: string): Promise<void> {
  await sql.run('INSERT INTO notes (delivery_id, at, text) VALUES ($1, $2, $3)', deliveryId, at, text);
}

/** Oldest first. */
export function notesOf(sql: Sql, deliveryId: string): Promise<Note[]> {
  return sql.rows<{ at: number; text: string }>('SELECT at, text FROM notes WHERE delivery_id = $1 ORDER BY seq', deliveryId);
}
