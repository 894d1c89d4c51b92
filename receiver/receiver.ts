import type { Hono } from 'hono';
import type { Settings } from '../src/config/config.ts';
import { idsFrom } from '../src/lib/id.ts';
import type { Redactor } from '../src/lib/redact.ts';
import { DEFAULT_RETRY_POLICY } from '../src/lib/retry.ts';
import type { Route } from '../src/route/route.ts';
import { indexRoutes } from '../src/route/route-index.ts';
import type { CompiledTarget, TargetRequest } from '../src/route/target.ts';
import { createApp } from './app.ts';
import type { RequestVariables } from './http/request-log.ts';
import type { Logger } from './log/log.ts';
import type { ClockWatch } from './outbox/clock-watch.ts';
import { createOutbox } from './outbox/outbox.ts';
import type { Targets } from './outbox/target.ts';
import type { ClaimedDelivery } from './store/delivery.ts';
import type { Store } from './store/store.ts';
import { acceptInBatches } from './webhook/accept-batch.ts';
import type { Authentication } from './webhook/authenticate.ts';

/** All that a receiver is made of; what differs between platforms comes in here. */
export interface ReceiverParts {
  readonly store: Store;
  readonly routes: readonly Route[];
  readonly settings: Settings;
  readonly authentication: Authentication;
  readonly adminToken: string | undefined;
  /** See `AppOptions`; left out: none. */
  readonly basePath?: string;
  readonly targets: Targets;
  readonly credentialFor: (target: CompiledTarget) => string;
  /** Gives requests as they are to be sent, see `OutboxOptions`; left out when W&B's API is not asked. */
  readonly complete?: (delivery: ClaimedDelivery) => Promise<TargetRequest>;
  /** What else belongs to this receiver. `changed` is to be called when something may have to be sent. */
  readonly extensions?: (changed: () => void) => readonly Extension[];
  /** Left out: the clock never jumps. */
  readonly clock?: ClockWatch;
  /** See `OutboxOptions`. */
  readonly wakeLater?: (at: number) => void;
  readonly redactor: Redactor;
  readonly log: Logger;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** From 0 up to, not including, 1. */
  readonly random: () => number;
  readonly randomBytes: () => Uint8Array;
}

/** A part that a receiver may have: routes, something that goes on beside them, or both. */
export interface Extension {
  readonly path?: string;
  readonly routes?: Hono<RequestVariables>;
  start?(): void;
  /** Does once what is due. Where `wakeLater` stands in for timers, this is called instead of `start`. Never rejects. */
  runOnce?(): Promise<void>;
  stop?(): Promise<void>;
}

/** Slack allows about one message a second in a channel, and fifty changes of messages a minute. Milliseconds. */
const SLACK_PACE_MS = 1_200;
/** So many calls to Slack at once, apart from GitHub's: an outage of one never takes the other's place. */
const SLACK_CONCURRENCY = 20;

/** Messages to a channel count together, apart from everything else. */
export function slackCredential(channel: string): string {
  return `slack:${channel}`;
}

function isSlack(credential: string): boolean {
  return credential.startsWith('slack:');
}

export interface Receiver {
  readonly app: Hono<RequestVariables>;
  /** Begins to send. */
  start(): void;
  /** Does now whatever is due, and resolves when all of that has been tried. */
  runOnce(): Promise<void>;
  /** Stops being ready; `stop` then waits up to `graceMs` for what is being sent. The store stays open. */
  drain(): void;
  stop(graceMs: number): Promise<void>;
}

/** Puts a receiver together: the HTTP side and the outbox, over one store. */
export function createReceiver(parts: ReceiverParts): Receiver {
  const { store, settings, now, log, redactor } = parts;
  const newId = idsFrom(now, parts.randomBytes);
  let stopping = false;
  const common = {
    queue: store,
    targets: parts.targets,
    retry: { ...DEFAULT_RETRY_POLICY, retryForMs: settings.retryForMs },
    now,
    random: parts.random,
    newToken: newId,
    redact: redactor.text,
    log,
    ...(parts.complete === undefined ? {} : { complete: parts.complete }),
    ...(parts.clock === undefined ? {} : { clock: parts.clock }),
    ...(parts.wakeLater === undefined ? {} : { wakeLater: parts.wakeLater }),
  };
  // Receivers that share a store differ while a new configuration is rolled out: what one cannot send is left to the others.
  const shared = store.listen !== undefined;
  const toGitHub = !shared || parts.targets.repository_dispatch !== undefined;
  const toSlack = !shared || parts.targets.slack !== undefined;
  const outboxes = [
    createOutbox({
      ...common,
      paceMs: Math.ceil(1000 / settings.githubWritesPerSecond),
      serves: (credential) => toGitHub && !isSlack(credential),
    }),
    createOutbox({
      ...common,
      paceMs: SLACK_PACE_MS,
      serves: (credential) => toSlack && isSlack(credential),
      concurrency: SLACK_CONCURRENCY,
    }),
  ];
  const changed = () => {
    for (const outbox of outboxes) outbox.wake();
  };
  const extensions = parts.extensions?.(changed) ?? [];
  const app = createApp({
    store,
    matchRoutes: indexRoutes(parts.routes),
    authentication: parts.authentication,
    adminToken: parts.adminToken,
    basePath: parts.basePath ?? '',
    maxBodyBytes: settings.maxBodyBytes,
    redactor,
    accept: acceptInBatches(store, settings.dedupeWindowMs, now),
    keepRejected: (rejected) => store.keepRejected(rejected),
    accepted: changed,
    credentialFor: (target) => (target.channel === undefined ? parts.credentialFor(target) : slackCredential(target.channel)),
    connected: { slack: parts.targets.slack !== undefined, wandb: parts.complete !== undefined },
    extensions,
    newId,
    now,
    log,
    stopping: () => stopping,
  });
  return {
    app,
    start: () => {
      const timed = extensions.filter(({ runOnce: look }) => parts.wakeLater === undefined || look === undefined);
      for (const part of [...outboxes, ...timed]) part.start?.();
    },
    runOnce: async () => {
      await Promise.all(extensions.map((extension) => extension.runOnce?.()));
      changed();
      await Promise.all(outboxes.map((outbox) => outbox.idle()));
    },
    drain: () => {
      stopping = true;
    },
    stop: async (graceMs) => {
      await Promise.all([...outboxes.map((outbox) => outbox.stop(graceMs)), ...extensions.map((extension) => extension.stop?.())]);
    },
  };
}
