import { inject } from 'vitest';
import { connectPostgres, type PostgresDatabases } from './postgres.ts';

/** The PostgreSQL of this run of the tests, for files that neither stop it nor change it as a whole: each takes databases of its own. */
export async function sharedPostgres(): Promise<PostgresDatabases> {
  const response = await fetch(inject('sharedPostgres'));
  const text = await response.text();
  if (!response.ok) throw new Error(`PostgreSQL did not start: ${text}`);
  return connectPostgres(text);
}
