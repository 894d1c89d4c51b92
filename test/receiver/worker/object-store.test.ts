import { storeContract } from '../receiver/outbox/store-contract.ts';
import { objectStore } from './object-store.ts';

storeContract('SQLite in a Durable Object', objectStore);
