import type { ClaimedDelivery } from '../delivery.ts';
import type { ClaimOffer, ClaimOptions } from '../store.ts';
import type { AlsoClaim } from './accept.ts';
import type { Sql } from './sql.ts';

/** Claims in the transactions that accept events, see `DeliveryQueue.claimWhileAccepting`: one commit instead of two. */
export interface ClaimOffers {
  add(offer: () => ClaimOffer | undefined): void;
  /** Runs what accepts events, and claims for the workers in its transaction. They get what was claimed once it is committed. */
  during<T>(accept: (also: AlsoClaim) => Promise<T>): Promise<T>;
}

export function claimOffers(claim: (sql: Sql, options: ClaimOptions) => Promise<ClaimedDelivery[]>): ClaimOffers {
  const workers: (() => ClaimOffer | undefined)[] = [];
  return {
    add: (offer) => void workers.push(offer),
    during: async (accept) => {
      const made = workers.flatMap((offer) => offer() ?? []).map((offer) => ({ offer, claimed: [] as ClaimedDelivery[] }));
      const giveBack = (isStored: boolean) => {
        for (const { offer, claimed } of made) offer.claimed(isStored ? claimed : []);
      };
      try {
        const result = await accept({
          begin: () => {
            for (const each of made) each.claimed = [];
          },
          claim: async (sql) => {
            for (const each of made) each.claimed = await claim(sql, each.offer.options);
          },
        });
        giveBack(true);
        return result;
      } catch (error) {
        giveBack(false);
        throw error;
      }
    },
  };
}
