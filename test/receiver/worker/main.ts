import { DurableObject } from 'cloudflare:workers';

export { default, RelayObject } from '../../../receiver/worker/worker.ts';

/** An object that does nothing, for what is to be tried inside one. */
export class BareObject extends DurableObject {}
