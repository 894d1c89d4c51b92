import { parseJson } from '../../src/lib/json.ts';
import { err, ok, type Result } from '../../src/lib/result.ts';
import { ERASED_TABLES, type ErasedTable, type ErasePlace, type Erasure } from '../store/erasure.ts';

/** So many rows are changed in one transaction: whoever accepts events waits some milliseconds for it. */
const ROWS_AT_ONCE = 100;
/** So many steps are one request's: it takes seconds at the most. */
const STEPS_AT_ONCE = 25;

/** What one request has done. */
export interface ErasePart {
  /** Of the tables in which something was, or would be, changed in this part. */
  readonly tables: readonly ErasedCount[];
  /** The cursor of the next part; left out: that was all. */
  readonly next?: string;
}

export interface ErasedCount {
  readonly table: ErasedTable;
  readonly changed: number;
  /** Rows that stay as they are for now: something of their events is not finished. */
  readonly open: number;
}

export interface ErasePartOptions {
  readonly store: Erasure;
  readonly names: readonly string[];
  readonly pseudonym: string;
  readonly dryRun: boolean;
  /** The `next` of the part before; left out: from the beginning. */
  readonly cursor?: string;
}

/** Replaces a person's names in a part of the store, in short steps between which everything else goes on. The error says what is wrong with the cursor. */
export async function erasePart({ store, names, pseudonym, dryRun, cursor }: ErasePartOptions): Promise<Result<ErasePart, string>> {
  const from = cursor === undefined ? { index: 0, after: undefined } : readCursor(cursor);
  if (from === undefined) return err('must be the "next" of another answer');
  const counts = new Map<ErasedTable, { changed: number; open: number }>();
  let { index, after } = from;
  for (let steps = 0; steps < STEPS_AT_ONCE; steps++) {
    const table = ERASED_TABLES[index];
    if (table === undefined) break;
    const step = await store.eraseStep({ names, pseudonym, table, after, limit: ROWS_AT_ONCE, dryRun });
    const { changed, open } = counts.get(table) ?? { changed: 0, open: 0 };
    counts.set(table, { changed: changed + step.changed, open: open + step.open });
    after = step.next;
    if (after === undefined) index++;
    // Some databases answer within this turn of the event loop, and others wait for theirs.
    await new Promise((resolve) => setTimeout(resolve, 0));
  }
  const tables = [...counts].map(([table, count]) => ({ table, ...count })).filter(({ changed, open }) => changed + open > 0);
  return ok({ tables, ...(index < ERASED_TABLES.length ? { next: writeCursor(index, after) } : {}) });
}

/** `deliveries.WzQ3MTFd`: the table, and the key after which it goes on. */
function writeCursor(index: number, after: ErasePlace | undefined): string {
  return `${ERASED_TABLES[index]}.${after === undefined ? '' : Buffer.from(JSON.stringify(after)).toString('base64url')}`;
}

function readCursor(text: string): { readonly index: number; readonly after: ErasePlace | undefined } | undefined {
  const [table = '', key = '', ...rest] = text.split('.');
  const index = (ERASED_TABLES as readonly string[]).indexOf(table);
  if (index === -1 || rest.length > 0) return undefined;
  if (key === '') return { index, after: undefined };
  const read = parseJson(Buffer.from(key, 'base64url').toString());
  const after = read.ok && Array.isArray(read.value) ? read.value : [];
  const isPlace = after.length > 0 && after.length <= 4 && after.every((part) => typeof part === 'string' || Number.isSafeInteger(part));
  return isPlace ? { index, after: after as unknown as ErasePlace } : undefined;
}
