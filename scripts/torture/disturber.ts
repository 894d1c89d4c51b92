import type { PostgresServer } from '../../test/stand-ins/postgres.ts';
import type { Disturbance } from './ledger.ts';
import type { Receiver } from './receiver.ts';
import type { Dice } from './seeded.ts';

export interface DisturberOptions {
  readonly receivers: readonly Receiver[];
  /** The server of a run on PostgreSQL; a run on SQLite has a disk that fills up instead. */
  readonly server: PostgresServer | undefined;
  /** How many times each kind of disturbance comes. */
  readonly times: number;
  readonly dice: Dice;
  /** Of 1, how much of the run is done. */
  readonly progress: () => number;
  readonly isOver: () => boolean;
  readonly disturbed: (disturbance: Disturbance) => void;
}

/** How far a clock is wrong, in milliseconds: by less than a lease, by more, and by more than any tolerance. */
const CLOCK_ERRORS = [45_000, 180_000, 600_000, -45_000, -180_000];
const CHECK_MS = 50;

/** Sets clocks wrong and right again, and takes the store away and gives it back, spread over the run. All is well when it resolves. */
export async function disturbAll(options: DisturberOptions): Promise<void> {
  const { times, progress, isOver } = options;
  const acts = Array.from({ length: 2 * times }, (_, i) => (i % 2 === 0 ? takeStoreAway : setClocksWrong));
  for (const [i, act] of acts.entries()) {
    while (progress() < (i + 0.5) / acts.length && !isOver()) await pause(CHECK_MS);
    if (isOver()) return;
    await act(options);
  }
}

async function setClocksWrong({ receivers, dice, disturbed }: DisturberOptions): Promise<void> {
  const aheadMs = dice.pick(CLOCK_ERRORS);
  const jump = (to: number, detail: string): void => {
    for (const receiver of receivers) receiver.setClock(to);
    disturbed({ kind: 'clock', detail, from: Date.now(), until: Date.now() });
  };
  jump(aheadMs, `the clock jumped by ${aheadMs / 1_000} s`);
  await pause(dice.between(500, 3_000));
  jump(0, `the clock was set right, by ${-aheadMs / 1_000} s`);
}

async function takeStoreAway({ receivers, server, dice, disturbed }: DisturberOptions): Promise<void> {
  const detail = server === undefined ? 'the disk was full' : 'the database was stopped';
  const disturbance: Disturbance = {
    kind: server === undefined ? 'disk' : 'database',
    detail,
    from: Date.now(),
    until: Number.POSITIVE_INFINITY,
  };
  disturbed(disturbance);
  try {
    if (server !== undefined) await server.stop();
    for (const receiver of receivers) if (server === undefined) receiver.setDisk(true);
    await pause(dice.between(500, 2_500));
  } finally {
    if (server !== undefined) await server.start();
    for (const receiver of receivers) receiver.setDisk(false);
    disturbance.until = Date.now();
  }
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
