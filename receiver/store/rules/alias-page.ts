import type { AliasPage, AliasSearch } from '../ledger.ts';
import { PROMOTION, type PromotionRow, viewsOfAliases } from './ledger.ts';
import { Where } from './where.ts';
import { rows, type Work } from './work.ts';

/** The ledger has at most some tens of rows for each alias that there ever was, so finding the latest changes reads all of them. */
export function* aliasPage({ collection, alias, limit, before }: AliasSearch): Work<AliasPage> {
  const where = new Where('p.n = (SELECT MAX(q.n) FROM promotions q WHERE q.alias_key = p.alias_key)');
  if (alias !== undefined) where.and('p.alias = ?', alias);
  if (collection !== undefined) {
    const part = collection.slice(0, 200).replaceAll(/[A-Z]/g, (letter) => letter.toLowerCase());
    where.and('STRPOS(LOWER(p.path COLLATE "C"), ?) > 0', part);
  }
  if (before !== undefined) {
    where.and('p.since <= ?', before.since);
    where.and('(p.since < ?', before.since);
    where.more(' OR p.alias_key COLLATE "C" > ?)', before.key);
  }
  const found = yield* rows<PromotionRow>(
    `SELECT ${PROMOTION} FROM promotions p ${where} ORDER BY p.since DESC, p.alias_key COLLATE "C" LIMIT $${where.values.length + 1}`,
    ...where.values,
    limit + 1,
  );
  const shown = found.slice(0, limit);
  const last = shown.at(-1);
  return {
    items: yield* viewsOfAliases(shown),
    next: found.length > limit && last !== undefined ? { since: last.since, key: last.alias_key } : undefined,
  };
}
