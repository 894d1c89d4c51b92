import { runInDurableObject } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { objectDriver } from '../../../receiver/store/sqlite/object-driver.ts';
import { sqliteStore } from '../../../receiver/store/sqlite/sqlite-store.ts';
import type { OpenedStore } from '../store/samples.ts';

let objects = 0;

/** A store in a Durable Object of its own. What uses it runs inside the object, in one call of it. */
export async function objectStore(): Promise<OpenedStore> {
  const stub = env.BARE.getByName(`store ${++objects}`);
  const store = await runInDurableObject(stub, (_object, { storage }) => sqliteStore(objectDriver(storage)));
  return { store, inside: (work) => runInDurableObject(stub, work), close: () => store.close() };
}
