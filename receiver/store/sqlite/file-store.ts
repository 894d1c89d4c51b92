import { statSync } from 'node:fs';
import { messageOf } from '../../../src/lib/error-message.ts';
import type { Logger } from '../../log/log.ts';
import type { ClockCorrected } from '../rules/stored-times.ts';
import { USED_BY_NEWER } from '../schema-version.ts';
import type { Store } from '../store.ts';
import { StoreBusyError, StoreFailedError, StoreUnavailableError } from '../store-failure.ts';
import type { SqlDriver } from './driver.ts';
import { FileMovedError, isBusy, isReadOnly, isUnwritable, lockForReceiver, openSqlite } from './node-driver.ts';
import { claimPurpose, migrate, SCHEMA_VERSION } from './schema.ts';
import { type Patience, type Runner, storeOver } from './sqlite-store.ts';

export interface FileStoreOptions {
  readonly path: string;
  readonly purpose: 'live' | 'sandbox';
  readonly log: Logger;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/** How often a file that cannot be used is tried again. Milliseconds. */
const REOPEN_MS = 1_000;
/** Between two tries of work that found the file locked: short at first, and in the end a tenth of what it has waited. Milliseconds. */
const SHORTEST_PAUSE_MS = 20;
const LONGEST_PAUSE_MS = 500;
/** How long a foreign lock is waited for. `long` is about as long as a lease, after which a delivery is reclaimed anyway. Milliseconds. */
const PATIENCE_MS = { none: 0, usual: 3_000, long: 110_000 } as const;

/**
 * The store of a receiver on a SQLite file, of which it is the only receiver. It reclaims what was in flight when the last
 * one ended.
 *
 * A foreign lock never blocks the process: the work is tried again every few milliseconds. A file that exists but cannot be
 * written (full or read-only disk, locked) does not keep a receiver from starting: every call rejects with
 * `StoreUnavailableError` until it can, and it is tried every second. Both that and a file that was removed or replaced are
 * logged once.
 *
 * Rejects when waiting would not help: another receiver, a newer schema, the other kind of receiver, no such folder.
 */
export async function openFileStore(options: FileStoreOptions): Promise<Store> {
  const file = new DatabaseFile(options);
  await file.open();
  const store = storeOver(file.driver, file.run);
  return {
    ...store,
    onClockCorrected: (listener) => {
      store.onClockCorrected(listener);
      file.onClockCorrected(listener);
    },
    close: async () => file.close(),
  };
}

class DatabaseFile {
  readonly #options: FileStoreOptions;
  #unlock: (() => void) | undefined;
  #opened: SqlDriver | undefined;
  #why = 'it is not open yet';
  #recovered = false;
  #moved = false;
  #closed = false;
  /** What opening the file corrected, before or after somebody listens. Milliseconds; 0: nothing. */
  #correctedMs = 0;
  #onCorrected: ClockCorrected = (aheadMs) => {
    this.#correctedMs = aheadMs;
  };
  #timer: NodeJS.Timeout | undefined;

  constructor(options: FileStoreOptions) {
    this.#options = options;
  }

  /** Whatever is open at the moment. */
  readonly driver: SqlDriver = {
    rows: (sql, ...values) => this.#current().rows(sql, ...values),
    run: (sql, ...values) => this.#current().run(sql, ...values),
    transaction: (work) => this.#watched(() => this.#current().transaction(work)),
    snapshot: (work) => this.#current().snapshot(work),
    close: () => this.close(),
  };

  readonly run: Runner = async (work, patience = 'usual') => {
    let waitedMs = 0;
    for (;;) {
      try {
        return work();
      } catch (error) {
        if (isReadOnly(error)) this.#lose(error);
        if (!isWorthATry(error, patience) || this.#closed || waitedMs >= PATIENCE_MS[patience]) throw explained(error);
      }
      const pauseMs = Math.min(LONGEST_PAUSE_MS, Math.max(SHORTEST_PAUSE_MS, waitedMs / 10));
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
      waitedMs += pauseMs;
    }
  };

  /** Opens it for the first time, or begins to wait until it can be. */
  async open(): Promise<void> {
    const { path } = this.#options;
    // Where nothing is yet, or a folder, it is the address that is wrong.
    const isFile = statSync(path, { throwIfNoEntry: false })?.isFile() === true;
    try {
      await this.#tryOpen();
    } catch (error) {
      if (isFile && isUnwritable(error)) return this.#wait(error);
      this.#unlock?.();
      throw error;
    }
  }

  onClockCorrected(listener: ClockCorrected): void {
    if (this.#correctedMs > 0) listener(this.#correctedMs);
    this.#onCorrected = listener;
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#opened?.close();
    this.#opened = undefined;
    this.#why = 'the receiver has closed it';
    this.#unlock?.();
    this.#unlock = undefined;
  }

  async #tryOpen(): Promise<void> {
    const { path, purpose, log, now } = this.#options;
    this.#unlock ??= lockForReceiver(path);
    const driver = openSqlite(path, { busyTimeoutMs: 0 });
    try {
      const taken = migrate(driver);
      if (taken > SCHEMA_VERSION && !this.#recovered) log.warn({ schema: taken, known: SCHEMA_VERSION }, USED_BY_NEWER);
      claimPurpose(driver, purpose);
      const store = storeOver(driver, async (work) => work());
      store.onClockCorrected((aheadMs) => this.#onCorrected(aheadMs));
      await store.check();
      // Only once: later, what is in flight is this receiver's own.
      const recovered = this.#recovered ? 0 : await store.recoverInFlight(now());
      this.#recovered = true;
      if (recovered > 0) log.warn({ deliveries: recovered }, 'reclaimed deliveries that were in flight when the receiver last stopped');
    } catch (error) {
      driver.close();
      throw error;
    }
    this.#opened = driver;
  }

  /** Tries again every second until it can be used. */
  #wait(error: unknown): void {
    const { path, log } = this.#options;
    const why = messageOf(error);
    if (why !== this.#why)
      log.error({ database: path, error: why }, 'the database cannot be written: not ready, events are refused; trying again every second');
    this.#why = why;
    this.#timer = setTimeout(async () => {
      try {
        await this.#tryOpen();
        log.info({ database: path }, 'the database can be written again');
      } catch (again) {
        if (!this.#closed) this.#wait(again);
      }
      if (this.#closed) this.close();
    }, REOPEN_MS);
  }

  /** The connection is of no use any more. */
  #lose(error: unknown): void {
    this.#opened?.close();
    this.#opened = undefined;
    clearTimeout(this.#timer);
    if (!this.#closed) this.#wait(error);
  }

  #current(): SqlDriver {
    if (this.#opened !== undefined) return this.#opened;
    throw new StoreUnavailableError(`the database cannot be written: ${this.#why}`);
  }

  /** Logs once that the file is gone, and once that it is back. */
  #watched<T>(work: () => T): T {
    const { path, log } = this.#options;
    try {
      const result = work();
      if (this.#moved) log.info({ database: path }, 'the database file is back');
      this.#moved = false;
      return result;
    } catch (error) {
      if (error instanceof FileMovedError && !this.#moved) {
        this.#moved = true;
        log.error({ database: path, error: error.message }, 'the database file is gone: not ready, events are refused');
      }
      throw error;
    }
  }
}

/** Locks end soon. What must be written down waits for room, too, and for the file. */
function isWorthATry(error: unknown, patience: Patience): boolean {
  return isBusy(error) || (patience === 'long' && (isUnwritable(error) || error instanceof StoreUnavailableError));
}

function explained(error: unknown): unknown {
  if (isBusy(error)) return new StoreBusyError('another process keeps the database file locked', { cause: error });
  return isUnwritable(error) ? new StoreFailedError(messageOf(error), { cause: error }) : error;
}
