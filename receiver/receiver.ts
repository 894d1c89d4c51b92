import type { Hono } from 'hono';
import { idsFrom } from '../src/lib/id.ts';
import { DEFAULT_RETRY_POLICY } from '../src/lib/retry.ts';
import { channelCredential } from '../src/route/conversation-requests.ts';
import type { CompiledTarget, TargetRequest } from '../src/route/target.ts';
import type { Access } from './admin/access.ts';
import type { AdminOptions } from './admin/api-options.ts';
import type { Observed } from './alerts/observed.ts';
import { createApp } from './app.ts';
import type { ConfigInUse } from './config-in-use.ts';
import type { Watcher } from './engine/watcher.ts';
import { GITHUB_API_URL } from './environment.ts';
import type { RequestVariables } from './http/request-log.ts';
import type { Family } from './metrics/families.ts';
import type { Metrics } from './metrics/metrics.ts';
import type { ClockWatch } from './outbox/clock-watch.ts';
import { createOutbox, type OutboxOptions } from './outbox/outbox.ts';
import type { Targets } from './outbox/target.ts';
import type { Runtime } from './runtime.ts';
import type { Attempt, ClaimedDelivery } from './store/delivery.ts';
import type { Store } from './store/store.ts';
import type { Traces } from './traces/traces.ts';
import type { Wake } from './wake.ts';
import { WANDB_CREDENTIAL } from './wandb/targets.ts';
import { acceptInBatches } from './webhook/accept-batch.ts';
import type { Authentication } from './webhook/authenticate.ts';
import { receiveBursts } from './webhook/bursts.ts';
import { planUnrouted } from './webhook/plan-unrouted.ts';
import type { RollBack } from './webhook/roll-back.ts';
import { routeLater } from './webhook/route-later.ts';

/** All parts of a receiver. What differs between platforms comes in here. */
export interface ReceiverParts {
  readonly runtime: Runtime;
  /** Shared with the extensions; the outboxes register here. */
  readonly wake: Wake;
  readonly store: Store;
  readonly config: ConfigInUse;
  readonly authentication: Authentication;
  /** Who may see the pages and use the API. */
  readonly access: Access;
  /** See `AppOptions`; left out: none. */
  readonly basePath?: string;
  readonly targets: Targets;
  /** See `OutboxOptions`. */
  readonly unconfigured?: OutboxOptions['unconfigured'];
  readonly credentialFor: (target: CompiledTarget) => string;
  /** Adds to a request what is known by now, see `OutboxOptions`. */
  readonly updateRequest?: (delivery: ClaimedDelivery) => Promise<TargetRequest>;
  /** Whether that includes what W&B's API knows; left out: no. */
  readonly enriches?: boolean;
  /** Deploys a version once more; left out: nobody can ask for it. */
  readonly rollBack?: RollBack;
  /** See `AdminOptions`. */
  readonly definitions?: AdminOptions['definitions'];
  /** For what is simulated; left out: GitHub's own. */
  readonly githubApiUrl?: string;
  /** Left out: nothing is counted. */
  readonly metrics?: Metrics;
  /** Left out: there are no traces. */
  readonly traces?: Traces;
  /** What alerts need to know; left out: there are none. */
  readonly observed?: Observed;
  /** What else belongs to this receiver; left out: nothing. */
  readonly extensions?: readonly Extension[];
  /** What watches runs, also among the extensions; left out: nothing does. */
  readonly watcher?: Watcher;
  /** Left out: the clock never jumps. */
  readonly clock?: ClockWatch;
  /** See `OutboxOptions`. */
  readonly wakeLater?: (at: number) => void;
  /** How many deliveries are under way at once, where connections are few; left out: many. */
  readonly concurrency?: { readonly github: number; readonly slack: number };
  /** Instead of the setting, where it changes while the receiver runs. */
  readonly githubWritesPerSecond?: () => number;
}

/** An optional part of a receiver: routes, background work, or both. */
export interface Extension {
  readonly path?: string;
  readonly routes?: Hono<RequestVariables>;
  /** What a person should know and do although the receiver is ready: shown by `/readyz`. */
  details?(): readonly string[];
  /** What `/metrics` shows of it. */
  metrics?(): Promise<readonly Family[]>;
  start?(): void;
  /** Does what is due, once. Where `wakeLater` replaces timers, this is called instead of `start`. Never rejects. */
  runOnce?(): Promise<void>;
  /** When it next has something to do by itself, in milliseconds since 1970: for platforms that have alarms and no timers. */
  nextAt?(): number | undefined;
  stop?(): Promise<void>;
}

/** Slack allows about one message a second per channel and fifty message updates a minute. Milliseconds. */
const SLACK_PACE_MS = 1_200;
/** Concurrent calls to Slack. GitHub has its own limit, so that an outage of one does not block the other. */
const SLACK_CONCURRENCY = 20;

/** Whose rate limit a target's deliveries count against. */
export function queueCredential(credentialFor: ReceiverParts['credentialFor']): ReceiverParts['credentialFor'] {
  return (target) => {
    if (target.channel !== undefined) return channelCredential(target.channel);
    return target.kind === 'wandb_stop' ? WANDB_CREDENTIAL : credentialFor(target);
  };
}

function isSlack(credential: string): boolean {
  return credential.startsWith('slack:');
}

export interface Receiver {
  /** Replaces the config; see `ConfigInUse`. */
  readonly replaceConfig: ConfigInUse['replace'];
  readonly app: Hono<RequestVariables>;
  /** Starts sending. */
  start(): void;
  /** Does everything that is due now. Resolves when all of it was attempted. */
  runOnce(): Promise<void>;
  /** When a part of it next has something to do by itself, see `Extension.nextAt`. */
  nextAt(): number | undefined;
  /** What its parts have for `/metrics`. */
  metrics(): Promise<readonly Family[]>;
  /** Reports not ready. `stop` then waits up to `graceMs` for attempts in flight. The store stays open. */
  drain(): void;
  stop(graceMs: number): Promise<void>;
}

/** Builds a receiver: the HTTP side and the outboxes, over one store. */
export function createReceiver(parts: ReceiverParts): Receiver {
  const { store, config, wake, extensions: given = [] } = parts;
  const { now, randomBytes, log, redactor } = parts.runtime;
  const newId = idsFrom(now, randomBytes);
  const settings = () => config.current().settings;
  let stopping = false;
  const common = {
    ...parts.runtime,
    queue: store,
    targets: parts.targets,
    retry: {
      ...DEFAULT_RETRY_POLICY,
      get retryForMs() {
        return settings().retryForMs;
      },
    },
    newToken: newId,
    attemptsOf: async (id: string) => (await store.delivery(id))?.attempts ?? [],
    redact: redactor.text,
    alerts: config.alerts,
    ...(parts.unconfigured === undefined ? {} : { unconfigured: parts.unconfigured }),
    ...(parts.updateRequest === undefined ? {} : { complete: parts.updateRequest }),
    ...(parts.metrics === undefined ? {} : { metrics: parts.metrics }),
    traced: (delivery: ClaimedDelivery, attempt: Omit<Attempt, 'detail'>) => {
      parts.traces?.attempt(delivery, attempt);
      parts.observed?.attempted(delivery.credential, attempt.outcome, attempt.status);
    },
    ...(parts.clock === undefined ? {} : { clock: parts.clock }),
    ...(parts.wakeLater === undefined ? {} : { wakeLater: parts.wakeLater }),
  };
  // While a new config is rolled out, receivers that share a store differ. Each leaves to the others what it cannot send.
  const shared = store.listen !== undefined;
  const toGitHub = !shared || parts.targets.repository_dispatch !== undefined;
  const toSlack = !shared || parts.targets.slack !== undefined;
  const toWandb = !shared || parts.targets.wandb_stop !== undefined;
  const { concurrency, githubWritesPerSecond = () => settings().githubWritesPerSecond } = parts;
  const outboxes = [
    createOutbox({
      ...common,
      paceMs: () => Math.ceil(1000 / githubWritesPerSecond()),
      claimsWhileAccepting: true,
      serves: (credential) => (credential === WANDB_CREDENTIAL ? toWandb : toGitHub && !isSlack(credential)),
      ...(concurrency === undefined ? {} : { concurrency: concurrency.github }),
    }),
    createOutbox({
      ...common,
      paceMs: SLACK_PACE_MS,
      serves: (credential) => toSlack && isSlack(credential),
      concurrency: concurrency?.slack ?? SLACK_CONCURRENCY,
    }),
  ];
  for (const outbox of outboxes) wake.register(outbox.wake);
  const plan = {
    matchRoutes: config.matchRoutes,
    alerts: config.alerts,
    credentialFor: queueCredential(parts.credentialFor),
    slackUsers: () => settings().slackUsers,
    connected: { slack: parts.targets.slack !== undefined, wandb: parts.enriches === true },
  };
  const dedupeWindowMs = () => settings().dedupeWindowMs;
  const later = routeLater({
    store,
    plan: (event) => planUnrouted(event, plan),
    dedupeWindowMs,
    accepted: wake.wake,
    redact: redactor.text,
    now,
    elapsed: () => performance.now(),
    log,
  });
  // Where each row is billed and timers do not last, everything is routed before it is stored.
  const hasBursts = parts.wakeLater === undefined;
  const extensions: readonly Extension[] = hasBursts ? [...given, later] : given;
  const app = createApp({
    ...plan,
    store,
    authentication: parts.authentication,
    access: parts.access,
    basePath: parts.basePath ?? '',
    maxBodyBytes: () => settings().maxBodyBytes,
    redactor,
    accept: acceptInBatches(store, dedupeWindowMs, now),
    ...(hasBursts ? { bursts: receiveBursts({ store, later, dedupeWindowMs, now }) } : {}),
    findEvent: (id) => store.event(id),
    keepRejected: (rejected) => store.keepRejected(rejected),
    accepted: wake.wake,
    ...(parts.rollBack === undefined ? {} : { rollBack: parts.rollBack }),
    ...(parts.metrics === undefined ? {} : { metrics: parts.metrics }),
    ...(parts.traces === undefined ? {} : { traces: parts.traces }),
    ...(parts.observed === undefined ? {} : { answeredSource: parts.observed.answered }),
    routes: () => config.current().routes,
    definitions: parts.definitions,
    githubApiUrl: parts.githubApiUrl ?? GITHUB_API_URL,
    extensions,
    newId,
    now,
    log,
    stopping: () => stopping,
  });
  return {
    app,
    replaceConfig: config.replace,
    start: () => {
      const timed = extensions.filter(({ runOnce }) => parts.wakeLater === undefined || runOnce === undefined);
      for (const part of [...outboxes, ...timed]) part.start?.();
    },
    runOnce: async () => {
      // Nothing that is to be sent waits for GitHub to answer what is asked about runs.
      wake.wake();
      await Promise.all(extensions.map((extension) => extension.runOnce?.()));
      wake.wake();
      await Promise.all(outboxes.map((outbox) => outbox.idle()));
    },
    nextAt: () => {
      const times = extensions.map(({ nextAt }) => nextAt?.()).filter((at) => at !== undefined);
      return times.length === 0 ? undefined : Math.min(...times);
    },
    metrics: async () => (await Promise.all(extensions.map((extension) => extension.metrics?.() ?? []))).flat(),
    drain: () => {
      stopping = true;
    },
    stop: async (graceMs) => {
      await Promise.all([...outboxes.map((outbox) => outbox.stop(graceMs)), ...extensions.map((extension) => extension.stop?.())]);
    },
  };
}
