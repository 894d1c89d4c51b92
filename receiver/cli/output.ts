import Table from 'cli-table3';
import { visible } from '../../src/lib/visible.ts';
import type { Network } from '../../src/network/proxied-network.ts';
import type { Printer } from './printer.ts';
import type { StyledLine } from './styled.ts';

/** What a command touches of the world outside, handed to it by the entry. */
export interface CommandIo extends Printer {
  readonly variables: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  /** A line of the receiver's log on standard output, as it is: the logger has made it fit for a terminal. */
  writeLog(text: string): void;
  /** Takes the place of the line before, on a terminal's standard error; an empty one clears it. */
  progress?(text: string): void;
  /**
   * Asks the person at the terminal and resolves with the line that was typed, or `undefined` when the person ends it (Ctrl-C,
   * Ctrl-D). Left out: nobody can be asked.
   */
  readonly ask?: (question: string) => Promise<string | undefined>;
  /** The number of the user that the process runs as, where the system has them. */
  readonly user: number | undefined;
  /** Standard output is a terminal. */
  readonly terminal: boolean;
  /** How many characters fit into a line of the terminal; left out: standard output is none. */
  readonly columns?: number;
  /** Prints lines in colours; left out: standard output is no terminal, or NO_COLOR asks for none. */
  readonly printStyled?: (lines: readonly StyledLine[]) => void;
  readonly now: () => number;
  readonly random: () => number;
  readonly randomBytes: (length: number) => Uint8Array;
  /** Goes through the proxies of the environment. */
  readonly fetch: typeof fetch;
  /** Goes through no proxy, for addresses of this machine; left out: as `fetch`. */
  readonly directFetch?: typeof fetch;
  /** What a WebSocket is opened with to go the same way; left out: nothing stands in between. */
  readonly dispatcher?: Network['dispatcher'];
  /** Resolves when the process is asked to stop. */
  readonly stopped: () => Promise<string>;
  /** Calls the listener at each SIGHUP, which then ends nothing; left out: there are no signals. */
  readonly onHangUp?: (listener: () => void) => void;
}

/** Exit codes: 0 it worked, 1 it did not, 2 there is a difference (plan, drift), 4 a part of it was done (apply); 130 and 143 a signal. */
export type ExitCode = 0 | 1 | 2 | 4 | 130 | 143;

/** A table for people: a line a row, no frame, so that it can be cut and grepped. Returns its lines. */
export function renderTable(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const none = Object.fromEntries(
    [
      'top',
      'top-mid',
      'top-left',
      'top-right',
      'bottom',
      'bottom-mid',
      'bottom-left',
      'bottom-right',
      'left',
      'left-mid',
      'mid',
      'mid-mid',
      'right',
      'right-mid',
    ].map((part) => [part, '']),
  );
  const table = new Table({
    head: [...head],
    chars: { ...none, middle: '  ' },
    style: { 'padding-left': 0, 'padding-right': 0, head: [], border: [] },
  });
  // Here already, so that a line break in a cell makes no second line, and columns are as wide as what is shown.
  table.push(...rows.map((row) => row.map(visible)));
  return table
    .toString()
    .split('\n')
    .map((line) => line.trimEnd());
}

/** `2026-11-21 00:03:21` in UTC. */
export function formatTime(ms: number): string {
  return new Date(ms).toISOString().slice(0, 19).replace('T', ' ');
}
