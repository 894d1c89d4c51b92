import { runInDurableObject } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { objectDriver } from '../../../receiver/store/sqlite/object-driver.ts';
import { sqliteStore } from '../../../receiver/store/sqlite/sqlite-store.ts';
import type { Store } from '../../../receiver/store/store.ts';

let objects = 0;

/** A store in a Durable Object of its own. Every call of the store is a call into the object. */
export async function objectStore(): Promise<{ store: Store; close(): Promise<void> }> {
  const stub = env.BARE.getByName(`store ${++objects}`);
  const inside = await runInDurableObject(stub, (_object, { storage }) => sqliteStore(objectDriver(storage)));
  const store = new Proxy(inside, {
    get:
      (_inside, method: keyof Store) =>
      (...values: never[]) =>
        runInDurableObject(stub, () => (inside[method] as (...values: never[]) => unknown)(...values)),
  });
  return { store, close: () => store.close() };
}
