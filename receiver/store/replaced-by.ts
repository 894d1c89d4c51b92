import type { Replaced } from '../../src/event/event.ts';
import type { PromotionView } from './ledger.ts';

/** What has an alias, as far as it says what another version would replace. */
type HeldBefore = Pick<PromotionView, 'version' | 'artifact' | 'since' | 'replaced'>;

/** What a promotion replaces: what had the alias, or, when the version has it already, what that replaced. */
export function replacedBy(version: string, before: HeldBefore | undefined): PromotionView['replaced'] {
  if (before === undefined) return null;
  if (before.version === version) return before.replaced;
  return before.version === null ? null : { version: before.version, artifact: before.artifact, since: before.since };
}

/** The same as an event says it. */
export function replacedWords({ version, artifact, since }: NonNullable<PromotionView['replaced']>): Replaced {
  return { version, ...(artifact === null ? {} : { artifact }), since: new Date(since).toISOString() };
}
