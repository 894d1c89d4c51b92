import { NO_SUCH_SOURCE } from '../admin/api.ts';
import { firstRow, type SqlDriver } from '../store/sqlite/driver.ts';

/** The source is not configured and never was: its object has nothing, and is to stay without. */
export class UnusedSourceError extends Error {}

/** Whether a receiver has ever used this database. Writes nothing, so that an object that was never used stays empty. */
export function wasUsed(driver: SqlDriver): boolean {
  return firstRow(driver, `SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'schema_version'`) !== undefined;
}

export function noSuchSource(): Response {
  const body = { type: 'about:blank', title: 'Not Found', status: 404, detail: NO_SUCH_SOURCE };
  return new Response(JSON.stringify(body), { status: 404, headers: { 'content-type': 'application/problem+json' } });
}
