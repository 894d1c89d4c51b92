import type { Hono } from 'hono';
import type { Settings } from '../src/config.ts';
import { idsFrom } from '../src/id.ts';
import type { Redactor } from '../src/redact.ts';
import { DEFAULT_RETRY_POLICY } from '../src/retry.ts';
import type { Route } from '../src/route.ts';
import type { CompiledTarget } from '../src/target.ts';
import { createApp } from './app.ts';
import type { Logger } from './log.ts';
import { createOutbox } from './outbox/outbox.ts';
import type { Store } from './outbox/store.ts';
import type { Targets } from './outbox/target.ts';
import type { RequestVariables } from './request-log.ts';
import { acceptInBatches } from './webhook/accept-batch.ts';
import type { Authentication } from './webhook/authenticate.ts';

/** All that a receiver is made of; what differs between platforms comes in here. */
export interface ReceiverParts {
  readonly store: Store;
  readonly routes: readonly Route[];
  readonly settings: Settings;
  readonly authentication: Authentication;
  readonly adminToken: string | undefined;
  readonly targets: Targets;
  readonly credentialFor: (target: CompiledTarget) => string;
  readonly redactor: Redactor;
  readonly log: Logger;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** From 0 up to, not including, 1. */
  readonly random: () => number;
  readonly randomBytes: () => Uint8Array;
}

export interface Receiver {
  readonly app: Hono<RequestVariables>;
  /** Begins to send. */
  start(): void;
  /** Stops being ready; `stop` then waits up to `graceMs` for what is being sent. The store stays open. */
  drain(): void;
  stop(graceMs: number): Promise<void>;
}

/** Puts a receiver together: the HTTP side and the outbox, over one store. */
export function createReceiver(parts: ReceiverParts): Receiver {
  const { store, settings, now, log, redactor } = parts;
  const newId = idsFrom(now, parts.randomBytes);
  let stopping = false;
  const outbox = createOutbox({
    queue: store,
    targets: parts.targets,
    retry: { ...DEFAULT_RETRY_POLICY, retryForMs: settings.retryForMs },
    paceMs: Math.ceil(1000 / settings.githubWritesPerSecond),
    now,
    random: parts.random,
    newToken: newId,
    redact: redactor.text,
    log,
  });
  const app = createApp({
    store,
    routes: parts.routes,
    authentication: parts.authentication,
    adminToken: parts.adminToken,
    maxBodyBytes: settings.maxBodyBytes,
    redactor,
    accept: acceptInBatches(store, settings.dedupeWindowMs),
    keepRejected: (rejected) => store.keepRejected(rejected),
    accepted: () => outbox.wake(),
    credentialFor: parts.credentialFor,
    newId,
    now,
    log,
    stopping: () => stopping,
  });
  return {
    app,
    start: () => outbox.start(),
    drain: () => {
      stopping = true;
    },
    stop: (graceMs) => outbox.stop(graceMs),
  };
}
