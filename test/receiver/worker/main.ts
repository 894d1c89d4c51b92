import { DurableObject } from 'cloudflare:workers';

export class BareObject extends DurableObject {}

export default { fetch: () => new Response('ok') };
