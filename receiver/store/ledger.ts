import type { RelayEvent } from '../../src/event/event.ts';

/** The ledger: which version has an alias, and which one is deployed. It is kept when events are pruned. */

/** One time that a version was given an alias. */
export interface PromotionView {
  /** `null`: since then no version has the alias. */
  readonly version: string | null;
  readonly artifact: string | null;
  /** Since when it has, or had, the alias. Milliseconds since 1970, as are all times here. */
  readonly since: number;
  /** The W&B user who gave it, where that is known. */
  readonly by: string | null;
  /** How this is known: from an event, or because W&B's API was asked. */
  readonly origin: 'event' | 'api';
  /** The event, while it is kept. */
  readonly eventId: string | null;
  readonly replaced: { readonly version: string; readonly artifact: string | null; readonly since: number } | null;
  /** When all that its event dispatched had succeeded; `null`: it has not, or no run is known. */
  readonly deployedAt: number | null;
  /** How its deployment ended, and where to see it; `null`: not yet, or no run is known. */
  readonly run: { readonly conclusion: string; readonly url: string | null; readonly endedAt: number } | null;
}

/** One alias of one collection. */
export interface AliasView {
  /** Identifies it. */
  readonly key: string;
  readonly source: string;
  readonly entity: string | null;
  readonly project: string | null;
  readonly registry: string | null;
  readonly collection: string;
  readonly alias: string;
  /** Which version has it, and since when. */
  readonly holder: PromotionView;
  /** The latest version whose deployment succeeded; it may be another one than the holder. */
  readonly deployed: PromotionView | null;
}

export interface AliasFilter {
  /** The name of the collection, or `entity/project/collection`. */
  readonly collection?: string;
  readonly alias?: string;
  readonly limit: number;
  /** Only aliases with a greater key. */
  readonly after?: string;
}

/** What to find in the ledger; all that are given must hold. */
export interface AliasSearch {
  /** Anywhere in `entity/project/collection`, in any case of letters. At most 200 characters. */
  readonly collection?: string;
  /** The whole alias. */
  readonly alias?: string;
  readonly limit: number;
  /** Only what follows this, the `next` of another page. */
  readonly before?: AliasPosition;
}

/** A place in a list of aliases, the latest change first. */
export interface AliasPosition {
  /** Milliseconds since 1970. */
  readonly since: number;
  readonly key: string;
}

export interface AliasPage {
  readonly items: readonly AliasView[];
  /** `undefined`: there is no other page. */
  readonly next: AliasPosition | undefined;
}

/** What W&B's API says about an alias. */
export interface SeenAlias {
  /** As the event of somebody who gave the version the alias would be; `version` left out: no version has it. */
  readonly event: RelayEvent;
  readonly at: number;
  /**
   * The holder that the ledger had when W&B was asked; `null`: none. When it has another one by now, an event came in
   * between, and nothing is done. Left out: not compared.
   */
  readonly ledgerHad?: Pick<PromotionView, 'version' | 'since'> | null;
}

export interface Ledger {
  /** Ordered by key. */
  aliases(filter: AliasFilter): Promise<AliasView[]>;
  /** The latest change first, for people. */
  aliasPage(search: AliasSearch): Promise<AliasPage>;
  /** What an alias was given to, the latest first. The last fifty are kept, and the one that is deployed. */
  aliasHistory(key: string, limit: number): Promise<PromotionView[]>;
  /** The event by which the version last got the alias, also when it is pruned: to deploy that version again. */
  promotionEvent(key: string, version: string): Promise<RelayEvent | undefined>;
  /** Corrects the ledger by what W&B's API says; true when it was wrong. Nothing is dispatched for it. */
  correctAlias(seen: SeenAlias): Promise<boolean>;
}
