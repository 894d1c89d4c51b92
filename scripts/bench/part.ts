import type { Figure } from './figures.ts';
import type { Lengths } from './measure.ts';
import type { TargetServer } from './target-server.ts';

/** What a part of the benchmark is given. */
export interface Bench extends Lengths {
  /** A temporary folder for databases and logs. */
  readonly folder: string;
  readonly target: TargetServer;
  /** Only to see that it works: the figures mean little. */
  readonly short: boolean;
  /** Events that the full store holds. */
  readonly events: number;
  /** A new, empty PostgreSQL database, on a server whose commits wait for the disk. */
  newPostgres(): Promise<string>;
  progress(text: string): void;
  /** A text or table under the part's name, beside its figures. */
  print(text: string): void;
}

export type Part = (bench: Bench) => Promise<Figure[]>;
