import type { Client } from 'pg';
import { messageOf } from '../../../src/lib/error-message.ts';
import type { PostgresDriver } from './driver.ts';

/** The channel on which receivers notify each other that something may be due. */
const CHANNEL = 'wandb_relay_changed';
/** Changes within this time of a notification share the next one. Milliseconds. */
const SHARED_WITHIN_MS = 50;
const RECONNECT_FIRST_MS = 500;
const RECONNECT_MOST_MS = 10_000;

export interface Notifier {
  /** Something may have become due: notifies the others soon. */
  notify(): void;
  /** Calls `wake` when another receiver notifies, and whenever it may have been missed. Returns what ends it. */
  listen(wake: () => void): () => void;
  close(): Promise<void>;
}

/**
 * NOTIFY and LISTEN, as a hint only: whoever listens polls the queue from time to time anyway, so that what is lost here
 * costs a second. It is sent outside of the transaction, because NOTIFY would have all commits wait for each other.
 */
export function createNotifier(driver: PostgresDriver, ownName: string, warn: (text: string) => void): Notifier {
  const listeners = new Set<Listener>();
  let timer: NodeJS.Timeout | undefined;
  let sending: Promise<unknown> = Promise.resolve();
  let due = false;
  const notifyNow = (): void => {
    due = false;
    sending = driver.rows('SELECT pg_notify($1, $2)', CHANNEL, ownName).catch(() => undefined);
    timer = setTimeout(() => {
      timer = undefined;
      if (due) notifyNow();
    }, SHARED_WITHIN_MS);
    timer.unref();
  };
  return {
    notify: () => {
      if (timer === undefined) notifyNow();
      else due = true;
    },
    listen: (wake) => {
      const listener = new Listener(driver, ownName, wake, warn);
      listeners.add(listener);
      return () => {
        listeners.delete(listener);
        void listener.close();
      };
    },
    close: async () => {
      clearTimeout(timer);
      await Promise.all([sending, ...[...listeners].map((listener) => listener.close())]);
    },
  };
}

/** One connection that listens, and is replaced when it breaks. */
class Listener {
  readonly #driver: PostgresDriver;
  readonly #ownName: string;
  readonly #wake: () => void;
  readonly #warn: (text: string) => void;
  #client: Client | undefined;
  #timer: NodeJS.Timeout | undefined;
  #pauseMs = RECONNECT_FIRST_MS;
  #closed = false;

  constructor(driver: PostgresDriver, ownName: string, wake: () => void, warn: (text: string) => void) {
    this.#driver = driver;
    this.#ownName = ownName;
    this.#wake = wake;
    this.#warn = warn;
    void this.#connect();
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    await this.#client?.end().catch(() => undefined);
  }

  async #connect(): Promise<void> {
    const client = this.#driver.newClient();
    this.#client = client;
    client.on('error', () => undefined);
    client.on('end', () => this.#connectLater(client));
    client.on('notification', ({ payload }) => {
      if (payload !== this.#ownName) this.#wake();
    });
    try {
      await client.connect();
      await client.query(`LISTEN ${CHANNEL}`);
      this.#pauseMs = RECONNECT_FIRST_MS;
      if (this.#closed) await client.end();
      else this.#wake();
    } catch (error) {
      if (!this.#closed) this.#warn(messageOf(error));
      client.end().catch(() => undefined);
      this.#connectLater(client);
    }
  }

  #connectLater(client: Client): void {
    if (this.#closed || client !== this.#client) return;
    this.#client = undefined;
    this.#timer = setTimeout(() => void this.#connect(), this.#pauseMs);
    this.#timer.unref();
    this.#pauseMs = Math.min(this.#pauseMs * 2, RECONNECT_MOST_MS);
  }
}
