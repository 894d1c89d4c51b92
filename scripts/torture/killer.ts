import type { Kill, KillCause } from './ledger.ts';
import type { Receiver } from './receiver.ts';
import type { Dice } from './seeded.ts';
import { STEPS } from './steps.ts';

export interface KillerOptions {
  readonly receivers: readonly Receiver[];
  readonly kills: number;
  readonly dice: Dice;
  /** Longest life of a receiver before it is killed, in milliseconds. */
  readonly longestLifeMs: number;
  readonly isOver: () => boolean;
  readonly killed: (kill: Kill) => void;
}

/** A step that is not reached within this time is not on the way of what happens now: the receiver is killed all the same. */
const STEP_LIMIT_MS = 4_000;

/** Kills receivers one after another, at the named steps and at random moments in turn, and lets each come up again. */
export async function killAll({ receivers, kills, dice, longestLifeMs, isOver, killed }: KillerOptions): Promise<void> {
  const causes: readonly KillCause[] = [...STEPS, 'random'];
  for (let count = 0; count < kills && !isOver(); count++) {
    const receiver = dice.pick(receivers);
    await untilOver(receiver.up(), isOver);
    await pause(dice.between(0, longestLifeMs));
    if (isOver()) return;
    killed(await killOnce(receiver, causes[count % causes.length] ?? 'random'));
  }
}

async function killOnce(receiver: Receiver, cause: KillCause): Promise<Kill> {
  const { tag } = receiver;
  if (cause !== 'random' && (await receiver.killAt(cause, STEP_LIMIT_MS))) return { receiver: tag, cause, at: Date.now() };
  return { receiver: await receiver.kill(), cause: 'random', at: Date.now() };
}

/** Waits for something that may never come. */
async function untilOver(awaited: Promise<void>, isOver: () => boolean): Promise<void> {
  let isDone = false;
  void awaited.then(() => {
    isDone = true;
  });
  while (!isDone && !isOver()) await pause(10);
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
