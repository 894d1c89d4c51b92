import { describe } from 'vitest';
import type { Store } from '../../../receiver/outbox/store.ts';
import { deskContract } from './store-contract-desk.ts';
import { inboxContract } from './store-contract-inbox.ts';
import { invariantsContract } from './store-contract-invariants.ts';
import { orderContract } from './store-contract-order.ts';
import { queueContract } from './store-contract-queue.ts';
import { replacingContract } from './store-contract-replacing.ts';

/** What every implementation of the `Store` port has to do; `open` gives a fresh, empty store each time. */
export function storeContract(name: string, open: () => Promise<{ store: Store; close(): Promise<void> }>): void {
  describe(`${name} keeps the contract of the store`, () => {
    inboxContract(open);
    orderContract(open);
    queueContract(open);
    deskContract(open);
    replacingContract(open);
    invariantsContract(open);
  });
}
