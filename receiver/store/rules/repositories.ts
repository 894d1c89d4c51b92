import type { RunReport } from '../run.ts';
import { exec, firstRow, rows, type Work } from './work.ts';

/** See `RunLog.keepRepositoryId`. Inside the caller's transaction, or as one of its own. */
export function* keepRepositoryId(repository: string, id: string): Work<void> {
  const name = repository.toLowerCase();
  // Reading first: the upsert would lock the row although there is hardly ever anything to change.
  const known = yield* firstRow<{ id: string }>('SELECT id FROM repositories WHERE name = $1', name);
  if (known?.id === id) return;
  yield* exec('INSERT INTO repositories VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET id = excluded.id', name, id);
}

/** The names that a report's repository is known by: the one it has, and those that dispatches were sent to. */
export function* namesOfRepository({ repository, repositoryId }: RunReport): Work<string[]> {
  if (repositoryId === undefined) return [repository];
  const known = yield* rows<{ name: string }>('SELECT name FROM repositories WHERE id = $1 ORDER BY name COLLATE "C"', repositoryId);
  return [repository, ...known.map(({ name }) => name)];
}
