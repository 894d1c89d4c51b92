import { type RelayEvent, subjectOf } from './event.ts';

/** What an event says about an alias: this version has it now. */
export interface Promotion {
  /** The alias of one collection of one source, as the subject of `add_artifact_alias`. */
  readonly aliasKey: string;
  readonly alias: string;
  readonly version: string;
}

/** Events that give a version an alias. W&B sends nothing when an alias is removed (W&B's automation documentation, 2026-09). */
const GIVES_ALIAS: ReadonlySet<RelayEvent['type']> = new Set(['add_artifact_alias', 'create_artifact', 'link_artifact']);

/** What an event says about an alias, if it names alias, collection and version. */
export function promotionOf(event: RelayEvent): Promotion | undefined {
  const { type, alias, collection, version } = event;
  if (!GIVES_ALIAS.has(type) || alias === undefined || collection === undefined || version === undefined) return undefined;
  return { aliasKey: subjectOf({ ...event, type: 'add_artifact_alias' }), alias, version };
}
