/** The store itself failed: the request is fine, and may work later. */
export class StoreFailedError extends Error {}

/**
 * The store cannot be used for now, and has logged why. Nothing was done. Callers refuse the request or try later, and do
 * not log it again.
 */
export class StoreUnavailableError extends StoreFailedError {}

/** Another process holds the store's lock. Nothing was done, and the next try may succeed. */
export class StoreBusyError extends StoreFailedError {}
