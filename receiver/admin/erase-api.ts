import type { NewId } from '../../src/lib/id.ts';
import type { Store } from '../store/store.ts';
import type { AdminContext } from './access.ts';
import { badRequest, logChange, readAs } from './api-parts.ts';
import { readEraseBody } from './change-requests.ts';

/** `/erase`: replaces a person's names by a pseudonym, part by part. The log says who did it, and not whose names they were. */
export async function eraseNames(c: AdminContext, store: Store, newId: NewId): Promise<Response> {
  const body = await readAs(c, readEraseBody);
  if (body instanceof Response) return body;
  const { names, pseudonym = pseudonymOf(newId()), dry_run: dryRun, cursor, by } = body;
  const { erasePart } = await import('./erase-part.ts');
  const part = await erasePart({ store, names, pseudonym, dryRun, ...(cursor === undefined ? {} : { cursor }) });
  if (!part.ok) return badRequest(c, { detail: `cursor: ${part.error}`, errors: [{ detail: part.error, pointer: '#/cursor' }] });
  if (!dryRun) logChange(c, 'erase', by);
  return c.json({ pseudonym, ...part.value });
}

/** Made of nothing that belongs to the person: the end of a new id is random. */
function pseudonymOf(id: string): string {
  return `erased-${id.replaceAll('-', '').slice(-8)}`;
}
