import { wandbAppUrl } from '../src/event/wandb-links.ts';
import { idsFrom } from '../src/lib/id.ts';
import { isMessage } from '../src/route/conversation-requests.ts';
import type { RequestKind } from '../src/route/target.ts';
import { type Access, createAccess } from './admin/access.ts';
import { observe, sourcesOf } from './alerts/observed.ts';
import type { ComposeOptions, ExtensionContext, PartContext } from './compose-context.ts';
import { configInUse } from './config-in-use.ts';
import { digestParts } from './digests/digest-part.ts';
import { engineParts } from './engine/engine-part.ts';
import type { Watcher } from './engine/watcher.ts';
import { connectWandb, type WandbKnowledge } from './enrich/connect-wandb.ts';
import { gitHostOf, githubWebUrlOf } from './github/commit-of-event.ts';
import { GITHUB_UNCONFIGURED, githubTargets, sandboxTargets, type TargetSet } from './github/targets.ts';
import { alertsFor, configNotice, loadedSoon, metricsFor, pagesFor } from './operations-parts.ts';
import { type ClockWatch, createClockWatch } from './outbox/clock-watch.ts';
import { createRetention, retentionFloor } from './outbox/retention.ts';
import { createReceiver, type Extension, queueCredential, type Receiver, type ReceiverParts } from './receiver.ts';
import { createInstallation } from './slack/installation.ts';
import { nudgeReplies } from './slack/nudge-text.ts';
import { SLACK_UNCONFIGURED, sandboxSlackTargets, slackTargets } from './slack/targets.ts';
import type { Store } from './store/store.ts';
import type { TracedDispatches } from './traces/traced-dispatches.ts';
import { createWake, type Wake } from './wake.ts';
import { sandboxWandbTargets, WANDB_UNCONFIGURED, wandbTargets } from './wandb/targets.ts';
import { createExpiry } from './watch/expiry.ts';
import { createRecordRuns } from './watch/record-runs.ts';
import { acceptInBatches } from './webhook/accept-batch.ts';
import { type PlanRollback, planRollbackWith, type RollBack, rollBackWith } from './webhook/roll-back.ts';
import type { PlanOptions } from './webhook/route-event.ts';

/** Builds the receiver that the environment and the config describe; the same on every platform. */
export async function composeReceiver(options: ComposeOptions): Promise<Receiver> {
  return createReceiver(await composeParts(options));
}

/** The parts of that receiver. A part is loaded only when it is needed. */
export async function composeParts(options: ComposeOptions): Promise<ReceiverParts> {
  const { runtime, environment, store, sandbox, wakeLater, concurrency, githubWritesPerSecond } = options;
  const { githubApiUrl } = environment;
  const { routes, settings, organization, watch, digests: definitions, ...rest } = options;
  const inUse = configInUse({ routes, settings, organization, watch, digests: definitions });
  const context = {
    ...rest,
    inUse,
    wake: createWake(),
    clock: watchClock(options),
    githubUrl: githubWebUrlOf(githubApiUrl),
    installation: createInstallation(runtime),
    observed: observe(sourcesOf(environment), runtime.now),
    access: accessFor(options),
  };
  const github = sandbox ? sandboxTargets(runtime.log, githubApiUrl) : await githubTargets(environment, { ...runtime, store });
  const wandb = sandbox ? undefined : await connectWandb({ ...context, wake: context.wake.wake });
  const slack = await slackTargetsFor(context);
  const traced = await tracedDispatchesOf(options);
  const connected = { slack: slack.slack !== undefined, wandb: wandb !== undefined };
  const plan = planningOf(context, github, connected);
  const rollbacks = rollbacksOf(context, plan);
  const own = { ...context, plan, hasJumped: context.clock.hasJumped, wake: context.wake.wake };
  const [watching, digests] = await Promise.all([engineParts(own), digestParts(own)]);
  return {
    runtime,
    wake: context.wake,
    clock: context.clock,
    store,
    config: inUse,
    definitions: options.config,
    githubApiUrl,
    authentication: environment.authentication,
    access: context.access,
    basePath: environment.basePath,
    targets: { ...github.targets, ...slack, ...(sandbox ? sandboxWandbTargets(runtime) : wandbTargets(environment, runtime)) },
    unconfigured: whyUnconfigured,
    credentialFor: github.credentialFor,
    extensions: [
      ...(await extensionsFor({ ...context, ...rollbacks, plan, traced, engineLagMs: () => lagOf(watching.watcher()) }, github)),
      ...(wandb === undefined ? [] : [wandb.history]),
      ...watching.extensions,
      digests,
    ],
    ...watcherOf(watching.watcher()),
    ...(options.metrics === undefined ? {} : { metrics: options.metrics }),
    ...(options.traces === undefined ? {} : { traces: options.traces }),
    observed: context.observed,
    rollBack: rollbacks.rollBack,
    updateRequest: await requestUpdate(options, wandb, traced),
    enriches: connected.wandb,
    ...(wakeLater === undefined ? {} : { wakeLater }),
    ...(concurrency === undefined ? {} : { concurrency }),
    ...(githubWritesPerSecond === undefined ? {} : { githubWritesPerSecond }),
  };
}

/** Traces of workflows, where there are traces. */
async function tracedDispatchesOf({ runtime, store, traces }: ComposeOptions): Promise<TracedDispatches | undefined> {
  if (traces === undefined) return undefined;
  const { tracedDispatches } = await import('./traces/traced-dispatches.ts');
  return tracedDispatches({ traces, store, log: runtime.log });
}

function watcherOf(watcher: Watcher | undefined): Pick<ReceiverParts, 'watcher'> {
  return watcher === undefined ? {} : { watcher };
}

/** How late the project is that is furthest behind; `undefined`: nothing is watched here. */
function lagOf(watcher: Watcher | undefined): number | undefined {
  const reports = watcher?.report() ?? [];
  return reports.length === 0 ? undefined : Math.max(...reports.map(({ behindMs }) => behindMs));
}

function accessFor({ runtime, environment, onThisMachine }: ComposeOptions): Access {
  const { now, randomBytes } = runtime;
  const { access: settings, basePath } = environment;
  return createAccess({
    settings,
    now,
    newId: idsFrom(now, randomBytes),
    basePath,
    ...(onThisMachine === undefined ? {} : { onThisMachine }),
  });
}

/** How the relay's own events are planned: as what W&B sends is. */
function planningOf(
  { runtime: { now, randomBytes }, inUse }: PartContext,
  github: TargetSet,
  connected: PlanOptions['connected'],
): PlanOptions {
  return {
    matchRoutes: inUse.matchRoutes,
    credentialFor: queueCredential(github.credentialFor),
    newId: idsFrom(now, randomBytes),
    connected,
    slackUsers: () => inUse.current().settings.slackUsers,
    alerts: inUse.alerts,
  };
}

function rollbacksOf(
  { runtime, environment, inUse, store }: PartContext,
  plan: PlanOptions,
): { readonly rollBack: RollBack; readonly planRollback: PlanRollback } {
  const { now } = runtime;
  const { matchRoutes, credentialFor, newId, connected } = plan;
  const app = () => ({ url: wandbAppUrl(environment.wandbBaseUrl), organization: inUse.current().organization });
  const options = { store, now, matchRoutes, credentialFor, newId, connected, app };
  const accept = acceptInBatches(store, () => inUse.current().settings.dedupeWindowMs, now);
  return { rollBack: rollBackWith({ ...options, accept }), planRollback: planRollbackWith(options) };
}

/** What a kind of request cannot be sent without. */
export function whyUnconfigured(kind: RequestKind): string {
  if (kind === 'wandb_stop') return WANDB_UNCONFIGURED;
  return kind.startsWith('slack') ? SLACK_UNCONFIGURED : GITHUB_UNCONFIGURED;
}

function watchClock({ runtime, store, startsSteady = false }: ComposeOptions): ClockWatch {
  const clock = createClockWatch({ ...runtime, elapsed: () => performance.now(), startsSteady });
  store.onClockCorrected(clock.storedAhead);
  return clock;
}

function slackTargetsFor({
  runtime,
  environment,
  inUse,
  store,
  sandbox,
  githubUrl,
  installation,
}: PartContext): Promise<ReceiverParts['targets']> {
  const { slack, wandbBaseUrl } = environment;
  const options = {
    ...runtime,
    store,
    installation,
    wandbAppUrl: wandbAppUrl(wandbBaseUrl),
    inUse: () => ({ slackUsers: inUse.current().settings.slackUsers, wandbOrganization: inUse.current().organization }),
    githubUrl,
    // The sandbox shows the buttons that a complete setup would have.
    interactive: sandbox || slack?.signingSecret !== undefined || slack?.appToken !== undefined,
  };
  return sandbox ? sandboxSlackTargets(options) : slackTargets(environment, options);
}

/** Adds to requests what is known once they are sent: W&B's facts, and who approved them. What a message about a metric draws comes later. */
async function requestUpdate(
  { runtime, store }: ComposeOptions,
  wandb: WandbKnowledge | undefined,
  traced: TracedDispatches | undefined,
): Promise<NonNullable<ReceiverParts['updateRequest']>> {
  const [{ enrichRequest }, { rememberingCompiler }] = await Promise.all([
    import('./outbox/enrich.ts'),
    import('../src/route/compiled-targets.ts'),
  ]);
  const { log } = runtime;
  const compile = rememberingCompiler();
  const enrich = wandb?.enrich ?? (async () => null);
  return async (delivery) => {
    const request = await enrichRequest(delivery, { store, enrich, compile, log });
    if (isMessage(request)) wandb?.history.request(delivery.eventId);
    return (await traced?.request(delivery, request)) ?? request;
  };
}

/** What runs beside the outboxes: approvals that expire, runs that are followed, requests from Slack and GitHub. */
async function extensionsFor(context: ExtensionContext, github: TargetSet): Promise<Extension[]> {
  const { runtime, store, sandbox, clock, wake } = context;
  const nudges = nudgeReplies({ newId: idsFrom(runtime.now, runtime.randomBytes) });
  const expiry = createExpiry({ ...runtime, store, nudges, wake: wake.wake, isSteady: () => !clock.hasJumped() });
  const always = [
    expiry,
    notifications(store, wake),
    retention(context),
    configNotice(context),
    ...(await alertsFor(context)),
    ...pagesFor(context, github),
    ...loadedSoon(context, github),
    ...metricsFor(context),
  ];
  if (sandbox) return always;
  return [...always, ...(await runExtensions(context, github)), ...(await slackExtensions(context))];
}

/** Wakes the outboxes when another receiver stored something, where the store can notify. */
function notifications(store: Store, { wake }: Wake): Extension {
  let unsubscribe: (() => void) | undefined;
  return {
    start: () => {
      unsubscribe = store.listen?.(wake);
    },
    stop: async () => unsubscribe?.(),
  };
}

function retention({ runtime, environment, inUse, store, clock }: PartContext): Extension {
  const keepMs = (): number => {
    const { settings, routes } = inUse.current();
    const floor = retentionFloor(
      settings.dedupeWindowMs,
      routes.map(({ cooldownMs }) => cooldownMs),
    );
    return Math.max(environment.retentionMs, floor);
  };
  return createRetention({ ...runtime, store, keepMs, isSteady: clock.isSteady });
}

/** Follows workflow runs: by polling where there are credentials, by webhook where there is a secret. */
async function runExtensions(context: ExtensionContext, { runs }: TargetSet): Promise<Extension[]> {
  const { runtime, environment, store, inUse, clock, wake } = context;
  const { githubWebhookSecrets: secrets, githubApiUrl } = environment;
  const [{ createRunWatch }, { createFailedJobs }, { workflowRunWebhook }, { commitOfEvent }] = await Promise.all([
    import('./watch/run-watch.ts'),
    import('./watch/failed-jobs.ts'),
    import('./github/workflow-run-webhook.ts'),
    import('./github/commit-of-event.ts'),
  ]);
  const commitStatus = {
    commitOf: async (event: Parameters<typeof commitOfEvent>[0]) => commitOfEvent(event, gitHostOf(githubApiUrl)),
    credentialFor: runs?.credentialFor ?? ((repository: string) => repository),
  };
  const hasWebhook = secrets.length > 0;
  const { alerts } = inUse;
  const watched = { ...runtime, store, wake: wake.wake };
  const record = createRecordRuns({
    ...watched,
    newId: idsFrom(runtime.now, runtime.randomBytes),
    alerts,
    ...(runs === undefined ? {} : { failedJobs: createFailedJobs({ ...runtime, store, runs }) }),
    ...(context.traced === undefined ? {} : { changed: context.traced.changed }),
    commitStatus: () => (inUse.current().settings.commitStatus ? commitStatus : undefined),
  });
  const extensions: Extension[] = [];
  if (runs !== undefined) {
    extensions.push(createRunWatch({ ...watched, runs, record, alerts, webhook: hasWebhook, hasJumped: clock.hasJumped }));
  }
  if (hasWebhook) extensions.push({ path: '/webhooks/github', routes: workflowRunWebhook({ ...runtime, secrets, record, store }) });
  return extensions;
}

/** Bolt, for buttons, commands and App Home: over Socket Mode when there is an app token, else over HTTP. */
async function slackExtensions(context: ExtensionContext): Promise<Extension[]> {
  const { runtime, environment, inUse, githubUrl, clock, wake, dispatcher, installation } = context;
  const settings = () => inUse.current().settings;
  const { slack } = environment;
  const connection =
    slack?.appToken !== undefined
      ? { appToken: slack.appToken }
      : slack?.signingSecret !== undefined
        ? { signingSecret: slack.signingSecret }
        : undefined;
  if (slack === undefined) return [];
  const sending: Extension = { details: () => [installation.trouble()].filter((trouble) => trouble !== undefined) };
  if (connection === undefined) return [sending];
  const [{ createSlackApp }, { homeView }] = await Promise.all([import('./slack/app.ts'), import('./slack/home-view.ts')]);
  // A decision just after a clock jump is not too late.
  const decide: Store['decide'] = (decision) => context.store.decide({ ...decision, clockJumped: clock.hasJumped() });
  const app = createSlackApp({
    ...runtime,
    botToken: slack.botToken,
    connection,
    apiUrl: slack.apiUrl,
    store: { ...context.store, decide },
    installation,
    people: () => ({ slackUsers: settings().slackUsers, operators: settings().slackOperators }),
    routes: () => inUse.current().routes,
    githubUrl,
    rollBack: context.rollBack,
    home: (content, at) => homeView(content, { githubUrl, slackUsers: settings().slackUsers, now: at }),
    wake: wake.wake,
    newId: idsFrom(runtime.now, runtime.randomBytes),
    unfurl: () => (settings().slackUnfurl ? wandbAppUrl(environment.wandbBaseUrl) : undefined),
    ...(dispatcher === undefined ? {} : { dispatcher }),
  });
  return [sending, app];
}
