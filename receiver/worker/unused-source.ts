import { firstRow, type SqlDriver } from '../store/sqlite/driver.ts';

/** The source is not configured and never was: its object has nothing, and is to stay without. */
export class UnusedSourceError extends Error {}

/** Whether a receiver has ever used this database. Writes nothing, so that an object that was never used stays empty. */
export function wasUsed(driver: SqlDriver): boolean {
  return firstRow(driver, `SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'schema_version'`) !== undefined;
}

export function noSuchSource(): Response {
  const detail = 'No secret or token is configured for this source, and it has never stored anything: check its name.';
  const body = { type: 'about:blank', title: 'Not Found', status: 404, detail };
  return new Response(JSON.stringify(body), { status: 404, headers: { 'content-type': 'application/problem+json' } });
}
