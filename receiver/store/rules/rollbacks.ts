import type { RelayEvent } from '../../../src/event/event.ts';
import { promotionOf } from '../../../src/event/promotion.ts';
import { digest } from '../../../src/lib/digest.ts';
import type { RollbackTarget } from '../conversations.ts';
import { heldVersions } from './holders.ts';
import { deployedOf } from './ledger.ts';
import type { EventRow } from './views.ts';
import type { Work } from './work.ts';

/**
 * Which version was deployed before, by event: for events whose version has the alias, or is the one that is deployed. An
 * older event is not what is to be undone.
 */
export function* rollbacksOf(events: readonly Pick<EventRow, 'id' | 'event'>[]): Work<Map<string, RollbackTarget>> {
  const promotions = events.flatMap(({ id, event }) => {
    const promotion = promotionOf(JSON.parse(event) as RelayEvent);
    return promotion === undefined ? [] : [{ id, version: promotion.version, aliasKey: digest(promotion.aliasKey) }];
  });
  const keys = [...new Set(promotions.map(({ aliasKey }) => aliasKey))];
  const deployed = yield* deployedOf(keys);
  if (deployed.length === 0) return new Map();
  const holders = yield* heldVersions(keys);
  const found = new Map<string, RollbackTarget>();
  for (const { id, version, aliasKey } of promotions) {
    const ofAlias = deployed.filter(({ alias_key }) => alias_key === aliasKey);
    if (version !== holders.get(aliasKey) && version !== ofAlias[0]?.version) continue;
    const before = ofAlias.find((row) => row.version !== version);
    if (before !== undefined) found.set(id, { aliasKey, version: before.version, deployedAt: before.deployed_at });
  }
  return found;
}
