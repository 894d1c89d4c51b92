import type { RunReport } from '../run.ts';
import type { Sql } from './driver.ts';

export async function keepRepositoryId(sql: Sql, repository: string, id: string): Promise<void> {
  const name = repository.toLowerCase();
  // Reading first: the upsert would lock the row although there is hardly ever anything to change.
  const [known] = await sql.rows<{ id: string }>('SELECT id FROM repositories WHERE name = $1', name);
  if (known?.id === id) return;
  await sql.run('INSERT INTO repositories VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET id = excluded.id', name, id);
}

/** The names that a report's repository is known by: the one it has, and those that dispatches were sent to. */
export async function namesOfRepository(sql: Sql, { repository, repositoryId }: RunReport): Promise<string[]> {
  if (repositoryId === undefined) return [repository];
  const known = await sql.rows<{ name: string }>('SELECT name FROM repositories WHERE id = $1 ORDER BY name', repositoryId);
  return [repository, ...known.map(({ name }) => name)];
}
