import type { NamesToErase } from '../../src/lib/erase-name.ts';

/** The tables in which a person's names may be, in the order in which they are gone through. */
export const ERASED_TABLES = [
  'unrouted',
  'events',
  'deliveries',
  'attempts',
  'notes',
  'approvals',
  'rejected',
  'promotions',
  'failures',
  'conversations',
  'mutes',
  'pauses',
  'occurrences',
] as const;
export type ErasedTable = (typeof ERASED_TABLES)[number];

/** A place in a table: the values of its key. */
export type ErasePlace = readonly (string | number)[];

export interface EraseStep {
  /** Rows in which a name was replaced; of a dry run: would be. */
  readonly changed: number;
  /** Rows with a name that stay as they are, because something of their event is still to be sent or decided. */
  readonly open: number;
  /** Where the next step begins; `undefined`: the table is done. */
  readonly next: ErasePlace | undefined;
}

export interface EraseOptions extends NamesToErase {
  readonly table: ErasedTable;
  /** The `next` of the step before. */
  readonly after: ErasePlace | undefined;
  /** At most so many rows with a name in one step, which also ends after it has looked at some thousands. */
  readonly limit: number;
  readonly dryRun: boolean;
}

/** Where a person's data is erased, while receivers run. */
export interface Erasure {
  /**
   * Replaces a person's names in some rows of a table, in one short transaction. What belongs to an event of which something is pending,
   * in flight or held stays: a request is sent as it was accepted, and whoever caused an event must not be able to approve it.
   */
  eraseStep(options: EraseOptions): Promise<EraseStep>;
}
