import type { AuditRange } from '../store/audit.ts';
import type { Store } from '../store/store.ts';
import type { AdminContext } from './access.ts';
import { badRequest, queryOf } from './api-parts.ts';
import { readExportQuery, timeOf } from './requests.ts';

/** `/export`: what happened and who did it, in parts. Who may read may have it: it holds nothing that pages do not show. */
export async function exportPart(c: AdminContext, store: Store, now: number): Promise<Response> {
  const query = readExportQuery(queryOf(c));
  if (!query.ok) return badRequest(c, query.error);
  const { since, until, cursor } = query.value;
  // Its schemas are for those who export.
  const { auditPage } = await import('./audit-page.ts');
  const range: AuditRange = {
    since: since === undefined ? 0 : (timeOf(since, now) ?? 0),
    until: (until === undefined ? undefined : timeOf(until, now)) ?? Number.MAX_SAFE_INTEGER,
  };
  const found = await auditPage({ store, ...range, ...(cursor === undefined ? {} : { cursor }), now });
  if (!found.ok) return badRequest(c, { detail: `cursor: ${found.error}`, errors: [{ detail: found.error, parameter: 'cursor' }] });
  return c.json(found.value);
}
