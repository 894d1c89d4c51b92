import type { JsonObject } from '../../src/lib/json.ts';
import { aliasBody, signedHeaders } from '../../test/stand-ins/wandb-sender.ts';
import type { Acknowledgement, EventKind } from './ledger.ts';
import type { Dice } from './seeded.ts';

export interface SendersOptions {
  readonly events: number;
  readonly subjects: number;
  /** Pause of one sender between two events, in milliseconds. */
  readonly pauseMs: number;
  readonly secret: string;
  readonly dice: Dice;
  /** Where receivers listen at this moment. */
  readonly urls: () => readonly string[];
  /** Of 1, how much of the rest of the run is done: senders that are ahead of it slow down. */
  readonly progress: () => number;
  /** True when no more is to be sent. */
  readonly isOver: () => boolean;
  readonly acknowledged: (acknowledgement: Acknowledgement) => void;
}

/** Which alias, and so which route, an event of a kind has. */
export const ALIASES: Readonly<Record<EventKind, string>> = { deploy: 'production', gated: 'gated' };

/** Every so many events of a subject one waits for an approval. */
const GATED_EVERY = 8;
const RETRY_MS = 150;
/** Of 1, how far the senders may be ahead of the rest of the run before they slow down. */
const LEAD = 0.05;
/** Together, senders that are ahead send one event in so many milliseconds. */
const AHEAD_PAUSE_MS = 150;
const ANSWER_LIMIT_MS = 10_000;

/**
 * Sends events, those of one subject one after another, each until it is acknowledged: a sender that got no answer sends the
 * same body again, to whichever receiver listens.
 */
export async function sendAll(options: SendersOptions): Promise<void> {
  const { subjects } = options;
  let left = options.events;
  const sendSubject = async (number: number): Promise<void> => {
    const dice = options.dice.fork(`sender ${number}`);
    for (let sequence = 1; left > 0 && !options.isOver(); sequence++) {
      left--;
      // Slower, and never not at all: a receiver that is to be killed at a step has to get there.
      if (1 - left / options.events > options.progress() + LEAD) await pause(subjects * AHEAD_PAUSE_MS);
      const isGated = sequence % GATED_EVERY === 0;
      const kind = isGated ? 'gated' : 'deploy';
      // What is held has a subject of its own: nothing takes its place, and no order is promised to it.
      const subject = isGated ? `gated-${number}-${sequence}` : `model-${number}`;
      const body = aliasBody(`v${sequence}`, subject, ALIASES[kind]);
      const found = await untilAcknowledged(body, options, dice);
      if (found !== undefined) options.acknowledged({ kind, subject, sequence, ...found });
      await pause(dice.between(0, 2 * options.pauseMs));
    }
  };
  await Promise.all(Array.from({ length: subjects }, (_, number) => sendSubject(number)));
}

/** Sends an event until it is acknowledged. `undefined` when time was up first. */
export async function untilAcknowledged(
  body: JsonObject,
  { urls, isOver, secret }: Pick<SendersOptions, 'urls' | 'isOver' | 'secret'>,
  dice: Dice,
): Promise<Pick<Acknowledgement, 'eventId' | 'tries' | 'unrouted'> | undefined> {
  const text = JSON.stringify(body);
  for (let tries = 1; ; tries++) {
    const listening = urls();
    const answer = listening.length === 0 ? undefined : await postOnce(dice.pick(listening), text, secret);
    if (answer !== undefined) return { ...answer, tries };
    if (isOver()) return undefined;
    await pause(RETRY_MS);
  }
}

/** `undefined` when there was no answer, or one that asks to send again. */
async function postOnce(url: string, text: string, secret: string): Promise<Pick<Acknowledgement, 'eventId' | 'unrouted'> | undefined> {
  try {
    const response = await fetch(`${url}/webhooks/wandb`, {
      method: 'POST',
      headers: signedHeaders(text, secret),
      body: text,
      signal: AbortSignal.timeout(ANSWER_LIMIT_MS),
    });
    const { id, deliveries } = (await response.json()) as { id?: string; deliveries?: unknown };
    if (id === undefined || (response.status !== 202 && response.status !== 200)) return undefined;
    return { eventId: id, unrouted: response.status === 202 && deliveries === undefined };
  } catch {
    return undefined;
  }
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
