import { aliasBody } from '../../test/stand-ins/wandb-sender.ts';
import type { Receiver } from './receiver.ts';
import { ALIASES, type SendersOptions, untilAcknowledged } from './senders.ts';

export interface BurstsOptions extends Omit<SendersOptions, 'events' | 'subjects' | 'pauseMs' | 'progress'> {
  readonly bursts: number;
  readonly receivers: readonly Pick<Receiver, 'freeze'>[];
  /** Of 1, how much of the run is done. */
  readonly progress: () => number;
}

/** So many senders begin at the same moment. */
const SENDERS = 80;
/** Each sends so many events of one subject, one after another. */
const EVENTS_EACH = 2;
const LOOK_MS = 100;
/** By then all of the first webhooks of a burst are under way. */
const FROZEN_MS = 400;

/**
 * Sends bursts, spread over the run: more webhooks at once than a receiver routes before it stores them. Receivers stand still
 * while they are sent, so that they find them all at once, however slow this machine is.
 */
export async function sendBursts(options: BurstsOptions): Promise<void> {
  const { bursts, progress, isOver } = options;
  for (let burst = 0; burst < bursts; burst++) {
    while (progress() < (burst + 0.5) / bursts && !isOver()) await pause(LOOK_MS);
    // The first events open the connections, one after another; over these, the second ones come at once.
    for (let sequence = 1; sequence <= EVENTS_EACH && !isOver(); sequence++) {
      const goOn = options.receivers.map((receiver) => receiver.freeze());
      const sending = Array.from({ length: SENDERS }, (_, sender) => sendOne(`burst-${burst}-${sender}`, sequence, options));
      await pause(FROZEN_MS);
      for (const wake of goOn) wake();
      await Promise.all(sending);
    }
  }
}

async function sendOne(subject: string, sequence: number, options: BurstsOptions): Promise<void> {
  const dice = options.dice.fork(`${subject} ${sequence}`);
  const found = await untilAcknowledged(aliasBody(`v${sequence}`, subject, ALIASES.deploy), options, dice);
  if (found !== undefined) options.acknowledged({ kind: 'deploy', subject, sequence, ...found });
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
