/** The part of Cloudflare's runtime that the Worker uses (Cloudflare documentation, "Runtime APIs"). */
declare module 'cloudflare:workers' {
  export interface ObjectState {
    /** `name`: as in `getByName`. `jurisdiction`: of the namespace that it was created in. */
    readonly id: { readonly name?: string; readonly jurisdiction?: string };
    readonly storage: import('../store/sqlite/object-driver.ts').ObjectStorage &
      import('./wake-up.ts').AlarmStorage &
      import('./key-values.ts').KeyValues & {
        /** Resolves when everything that was written is durable. */
        sync(): Promise<void>;
      };
    /** Nothing else reaches the object until `work` has ended. */
    blockConcurrencyWhile<T>(work: () => Promise<T>): Promise<T>;
    abort(reason?: string): void;
  }

  export interface ObjectStub {
    fetch(request: Request): Promise<Response>;
    /** `RelayObject.standAside`. */
    standAside(jurisdiction: import('../environment.ts').Jurisdiction): Promise<import('./place.ts').FirstPlace | undefined>;
    /** `RelayObject.sharePace`. */
    sharePace(source: string, until: number): Promise<number>;
    /** `RelayObject.signInAttempt`. */
    signInAttempt(address: string, isRight: boolean, by?: 'form' | 'request'): Promise<number | undefined>;
    /** `RelayObject.endSession`. */
    endSession(id: string, endsAt: number): Promise<void>;
    /** `RelayObject.isSessionEnded`. */
    isSessionEnded(id: string): Promise<boolean>;
    /** `RelayObject.metrics`. */
    metrics(): Promise<readonly import('../metrics/families.ts').Family[] | 'unused' | undefined>;
    /** A call of the object's method. */
    receiveVerified(request: Request, verified: import('../http/verified.ts').Verified): Promise<Response>;
  }

  /** What the handler of an alarm is told. */
  export interface AlarmInfo {
    /** How often this alarm has been repeated. */
    readonly retryCount: number;
  }

  /** A producer's binding (Cloudflare documentation, "Queues: JavaScript APIs"). */
  export interface WebhookQueue {
    send(body: unknown, options: { readonly contentType: 'v8' }): Promise<unknown>;
  }

  export interface QueueMessage {
    readonly id: string;
    readonly body: unknown;
    /** How often it was delivered, this time included. */
    readonly attempts: number;
    ack(): void;
    retry(options: { readonly delaySeconds: number }): void;
  }

  export interface MessageBatch {
    readonly queue: string;
    readonly messages: readonly QueueMessage[];
  }

  export interface ObjectNamespace {
    /** The objects that run and store only there. */
    jurisdiction(jurisdiction: string): ObjectNamespace;
    /** The one object of this name. */
    getByName(name: string): ObjectStub;
  }

  export abstract class DurableObject<Env = unknown> {
    protected readonly ctx: ObjectState;
    protected readonly env: Env;
    constructor(ctx: ObjectState, env: Env);
    fetch?(request: Request): Promise<Response>;
    alarm?(info?: AlarmInfo): Promise<void>;
  }
}

/** A file that is bundled as text: see `rules` and `alias` in wrangler.jsonc. */
declare module '*.yaml' {
  const text: string;
  // biome-ignore lint/style/noDefaultExport: that is how the bundler hands it over
  export default text;
}
