import type { RunReport } from '../run.ts';
import { firstRow, type SqlDriver } from './driver.ts';

/** All of this file runs inside the caller's transaction. */

export function keepRepositoryId(driver: SqlDriver, repository: string, id: string): void {
  const name = repository.toLowerCase();
  const known = firstRow<{ id: string }>(driver, 'SELECT id FROM repositories WHERE name = ?', name)?.id;
  if (known === id) return;
  driver.run('INSERT INTO repositories VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET id = excluded.id', name, id);
}

/** The names that a report's repository is known by: the one it has, and those that dispatches were sent to. */
export function namesOfRepository(driver: SqlDriver, { repository, repositoryId }: RunReport): string[] {
  if (repositoryId === undefined) return [repository];
  const known = driver.rows<{ name: string }>('SELECT name FROM repositories WHERE id = ? ORDER BY name', repositoryId);
  return [repository, ...known.map(({ name }) => name)];
}
