import { randomInt } from 'node:crypto';
import { messageOf } from '../../../src/lib/error-message.ts';
import type { CutClient, PostgresDriver } from './driver.ts';
import { receiverLock } from './locks.ts';

/**
 * What proves to the other receivers that this one is alive: a session of its own with the server, which holds an advisory
 * lock by the receiver's number. Every claim records that number. The server frees the lock when the session ends, and the
 * others reclaim what the number had in flight: at once when the process is killed, because its socket closes; and when a
 * host or a network is lost, because the server ends a session that has been idle for `IDLE_LIMIT_MS`.
 *
 * A receiver trusts its session for less than that after the last answer, so it stops before others begin.
 */
export interface ReceiverSession {
  standing(): Standing;
  /** True when it is time to check for receivers that are gone; then not again for a while. */
  isTimeToReclaim(): boolean;
  /** Frees the lock; others may reclaim what is still in flight. */
  close(): Promise<void>;
}

/**
 * `alive`: claims carry `receiver`. `lost`: nothing may be claimed. `leases`: there are no sessions to be had, and what a
 * receiver had in flight is reclaimed when its leases run out.
 */
export type Standing = { readonly kind: 'alive'; readonly receiver: number } | { readonly kind: 'lost' } | { readonly kind: 'leases' };

export interface SessionOptions {
  /** Called with each change, for the log. */
  readonly report: (change: SessionChange) => void;
}

export type SessionChange = { readonly kind: 'lost'; readonly error: string } | { readonly kind: 'regained' } | { readonly kind: 'pooled' };

/** How often this receiver pings the server, and how long the answer may take. Milliseconds. */
const PING_MS = 3_000;
const PING_LIMIT_MS = 4_000;
/** The server ends a session that has been idle for so long. Milliseconds. */
const IDLE_LIMIT_MS = 15_000;
/** A session counts for so long after the last request that was answered. Milliseconds. */
const TRUSTED_MS = 10_000;
const RECONNECT_FIRST_MS = 250;
const RECONNECT_MOST_MS = 1_000;
/**
 * A new session leaves what others have in flight alone for so long: after an outage of the server all sessions are gone, and
 * all receivers come back. Milliseconds.
 */
const GRACE_MS = 3_000;
/** Shortest time between two checks for receivers that are gone. Milliseconds. */
const RECLAIM_MS = 800;
/** So many of its earlier numbers a receiver remembers. */
const MOST_EARLIER = 20;

/** Also for a host that is lost while the server sends to it. Seconds, and milliseconds (PostgreSQL documentation, "Connection Settings"). */
const LIMITS = `SET idle_session_timeout = ${IDLE_LIMIT_MS}; SET tcp_keepalives_idle = 5; SET tcp_keepalives_interval = 5;
  SET tcp_keepalives_count = 3; SET tcp_user_timeout = ${IDLE_LIMIT_MS}`;

/** Resolves when the first try to make a session has ended; further ones follow by themselves. */
export async function openSession(driver: PostgresDriver, options: SessionOptions): Promise<ReceiverSession> {
  const session = new Session(driver, options.report);
  await session.connect();
  return session;
}

class Session implements ReceiverSession {
  readonly #driver: PostgresDriver;
  readonly #report: (change: SessionChange) => void;
  readonly #earlier: number[] = [];
  #client: CutClient | undefined;
  /** Once the session holds its lock. */
  #receiver: number | undefined;
  #isPooled = false;
  #wasLost = false;
  #closed = false;
  /** When the last request was sent that was answered; of the process's own clock, which is never set. */
  #provenAt = Number.NEGATIVE_INFINITY;
  #reclaimAt = 0;
  #timer: NodeJS.Timeout | undefined;
  #pauseMs = RECONNECT_FIRST_MS;

  constructor(driver: PostgresDriver, report: (change: SessionChange) => void) {
    this.#driver = driver;
    this.#report = report;
  }

  standing(): Standing {
    if (this.#isPooled) return { kind: 'leases' };
    const isTrusted = performance.now() - this.#provenAt < TRUSTED_MS;
    return this.#receiver !== undefined && isTrusted ? { kind: 'alive', receiver: this.#receiver } : { kind: 'lost' };
  }

  isTimeToReclaim(): boolean {
    const at = performance.now();
    if (this.standing().kind !== 'alive' || at < this.#reclaimAt) return false;
    this.#reclaimAt = at + RECLAIM_MS;
    return true;
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#receiver = undefined;
    await this.#client?.end().catch(() => undefined);
  }

  async connect(): Promise<void> {
    const client = this.#driver.newClient();
    this.#client = client;
    client.on('error', (error) => this.#lose(client, error));
    client.on('end', () => this.#lose(client, new Error('the connection was closed')));
    const sentAt = performance.now();
    try {
      await client.connect();
      if (await isThroughPooler(client)) return this.#goWithout(client);
      await client.query(LIMITS);
      const receiver = await lockNumber(client);
      await this.#adopt(client, receiver);
      if (this.#client !== client || this.#closed) return client.cut();
      this.#begin(client, receiver, sentAt);
    } catch (error) {
      this.#lose(client, error);
    }
  }

  #begin(client: CutClient, receiver: number, sentAt: number): void {
    this.#receiver = receiver;
    this.#earlier.push(receiver);
    if (this.#earlier.length > MOST_EARLIER) this.#earlier.shift();
    this.#provenAt = sentAt;
    this.#reclaimAt = performance.now() + GRACE_MS;
    this.#pauseMs = RECONNECT_FIRST_MS;
    if (this.#wasLost) this.#report({ kind: 'regained' });
    this.#wasLost = false;
    this.#pingLater(client);
  }

  /** What this very process has in flight is bound to its new number, or to none. */
  async #adopt(client: CutClient, receiver: number | null): Promise<void> {
    if (this.#earlier.length === 0) return;
    const text = `UPDATE deliveries SET lease_owner = $1 WHERE state = 'in_flight' AND lease_owner = ANY ($2)`;
    await client.query(text, [receiver, this.#earlier]);
  }

  #pingLater(client: CutClient): void {
    this.#timer = setTimeout(async () => {
      const sentAt = performance.now();
      try {
        const isPooled = await isThroughPooler(client);
        if (this.#client !== client || this.#closed) return;
        if (isPooled) {
          await this.#adopt(client, null);
          this.#goWithout(client);
          return;
        }
        this.#provenAt = sentAt;
        this.#pingLater(client);
      } catch (error) {
        this.#lose(client, error);
      }
    }, PING_MS);
    this.#timer.unref();
  }

  #lose(client: CutClient, error: unknown): void {
    if (client !== this.#client) return;
    this.#client = undefined;
    this.#receiver = undefined;
    clearTimeout(this.#timer);
    client.cut();
    if (this.#closed || this.#isPooled) return;
    if (!this.#wasLost) this.#report({ kind: 'lost', error: messageOf(error) });
    this.#wasLost = true;
    this.#timer = setTimeout(() => void this.connect(), this.#pauseMs);
    this.#timer.unref();
    this.#pauseMs = Math.min(this.#pauseMs * 2, RECONNECT_MOST_MS);
  }

  #goWithout(client: CutClient): void {
    this.#isPooled = true;
    this.#client = undefined;
    client.cut();
    this.#report({ kind: 'pooled' });
  }
}

/**
 * A pooler, such as PgBouncer, gives each client a number of its own where the server gives the process's (the
 * protocol's BackendKeyData, for cancelling). With it a session is not ours: in transaction pooling each transaction may have
 * another one, and its settings and locks would go to strangers. A pooler that passes on the server's number is noticed when the
 * next request reaches another process.
 */
async function isThroughPooler(client: CutClient): Promise<boolean> {
  const limit = { query_timeout: PING_LIMIT_MS };
  const { rows } = await client.query<{ pid: number }>({ text: 'SELECT pg_backend_pid() AS pid', ...limit });
  return !('processID' in client) || rows[0]?.pid !== client.processID;
}

/** Takes the lock of a number that no living receiver has. */
async function lockNumber(client: CutClient): Promise<number> {
  for (;;) {
    const receiver = randomInt(1, 2 ** 31);
    const { rows } = await client.query<{ taken: boolean }>(`SELECT pg_try_advisory_lock(${receiverLock('$1')}) AS taken`, [receiver]);
    if (rows[0]?.taken === true) return receiver;
  }
}
