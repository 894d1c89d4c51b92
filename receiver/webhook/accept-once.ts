import type { Accepted, NewEvent } from '../store/delivery.ts';
import type { AcceptEvent } from './accept-batch.ts';

export interface AcceptOnceOptions {
  readonly accept: AcceptEvent;
  /** The event of this id, if it is stored. */
  readonly find: (id: string) => Promise<{ readonly receivedAt: number } | undefined>;
}

/** @param isRepeat true when an event of this id may be stored already, or be on its way there */
export type AcceptOnce = (event: NewEvent, isRepeat: boolean) => Promise<Accepted>;

/**
 * Stores one webhook once, however often it is handed over: its event has the same id each time. The rule about duplicates
 * cannot do that, because it compares bodies, and an event of type `unknown` has no duplicates.
 *
 * A repeat waits for what is being stored under its id, then looks. That is complete where one receiver has the store for
 * itself, as in a Durable Object.
 */
export function acceptOnce({ accept, find }: AcceptOnceOptions): AcceptOnce {
  const storing = new Map<string, Promise<unknown>>();

  const unlessStored = async (event: NewEvent, before: Promise<unknown> | undefined): Promise<Accepted> => {
    // Whether that went well, the store knows.
    await before?.catch(() => undefined);
    const earlier = await find(event.id);
    return earlier === undefined ? accept(event) : { status: 'duplicate', id: event.id, receivedAt: earlier.receivedAt };
  };

  return async (event, isRepeat) => {
    const result = isRepeat ? unlessStored(event, storing.get(event.id)) : accept(event);
    storing.set(event.id, result);
    try {
      return await result;
    } finally {
      if (storing.get(event.id) === result) storing.delete(event.id);
    }
  };
}
