/** The part of the runtime and of its test plugin that the tests use. */
declare module 'cloudflare:workers' {
  /** The bindings of vitest.config.ts. */
  export const env: Readonly<Record<string, unknown>> & { readonly RELAY: ObjectNamespace; readonly BARE: ObjectNamespace };
  export const exports: { readonly default: { fetch(url: string, init?: RequestInit): Promise<Response> } };
}

declare module 'cloudflare:test' {
  import type { DurableObject, ObjectNamespace, ObjectState, ObjectStub } from 'cloudflare:workers';
  /** Runs `work` inside the object. */
  export function runInDurableObject<T>(
    stub: ObjectStub,
    work: (instance: DurableObject, state: ObjectState) => T | Promise<T>,
  ): Promise<T>;
  /** Lets the alarm come now; false when none is set. */
  export function runDurableObjectAlarm(stub: ObjectStub): Promise<boolean>;
  export function evictDurableObject(stub: ObjectStub): Promise<void>;
  /** The ids of the objects that there are. */
  export function listDurableObjectIds(objects: ObjectNamespace): Promise<readonly object[]>;
  /** Deletes everything in all bindings. */
  export function reset(): Promise<void>;
}
