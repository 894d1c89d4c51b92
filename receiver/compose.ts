import type { Settings } from '../src/config/config.ts';
import { wandbAppUrl } from '../src/event/wandb-links.ts';
import { idsFrom } from '../src/lib/id.ts';
import type { Redactor } from '../src/lib/redact.ts';
import type { Network } from '../src/network/proxied-network.ts';
import type { Route } from '../src/route/route.ts';
import type { RequestKind } from '../src/route/target.ts';
import type { Environment } from './environment.ts';
import { gitHostOf, githubWebUrlOf } from './github/commit-of-event.ts';
import { GITHUB_UNCONFIGURED, githubTargets, sandboxTargets, type TargetSet } from './github/targets.ts';
import type { Logger } from './log/log.ts';
import { type ClockWatch, createClockWatch } from './outbox/clock-watch.ts';
import { createRetention, retentionFloor } from './outbox/retention.ts';
import type { Extension, ReceiverParts } from './receiver.ts';
import { failureText } from './slack/message.ts';
import { SLACK_UNCONFIGURED, sandboxSlackTargets, slackTargets } from './slack/targets.ts';
import type { Store } from './store/store.ts';
import { createExpiry } from './watch/expiry.ts';
import { createRecordRuns, type RecordRuns } from './watch/record-runs.ts';

export interface ConnectOptions {
  readonly environment: Environment;
  readonly routes: readonly Route[];
  readonly settings: Settings;
  /** Of the config, for links to registries. */
  readonly organization: string | undefined;
  readonly store: Store;
  /** Write down what would be sent, send nothing, ask nobody. */
  readonly sandbox: boolean;
  readonly redactor: Redactor;
  readonly log: Logger;
  readonly fetch: typeof globalThis.fetch;
  /** See `CommandIo`; for Socket Mode. */
  readonly dispatcher?: Network['dispatcher'];
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** From 0 up to, not including, 1. */
  readonly random: () => number;
  readonly randomBytes: () => Uint8Array;
  /** The receiver starts anew with each piece of work: see `ClockWatchOptions`. */
  readonly startsSteady?: boolean;
}

/** The parts of a receiver that depend on what is configured; the same on every platform. Each is loaded only when it is needed. */
export async function composeParts(
  options: ConnectOptions,
): Promise<
  Pick<ReceiverParts, 'targets' | 'unconfigured' | 'credentialFor' | 'extensions' | 'clock'> & Partial<Pick<ReceiverParts, 'complete'>>
> {
  const { environment, sandbox, log } = options;
  const clock = watchClock(options);
  const github = sandbox ? sandboxTargets(log, environment.githubApiUrl) : await githubTargets(environment, options);
  const messages = {
    ...options,
    wandbAppUrl: wandbAppUrl(environment.wandbBaseUrl),
    wandbOrganization: options.organization,
    githubUrl: githubWebUrlOf(environment.githubApiUrl),
  };
  // The sandbox shows what would be there.
  const interactive = sandbox || environment.slack?.signingSecret !== undefined || environment.slack?.appToken !== undefined;
  const slack = sandbox
    ? await sandboxSlackTargets(log, { ...messages, interactive })
    : await slackTargets(environment, { ...messages, interactive });
  const complete = sandbox ? undefined : await wandbCompletion(options);
  const makeExtensions = await extensionsFor(options, github, messages.githubUrl, clock);
  return {
    targets: { ...github.targets, ...slack },
    unconfigured: whyUnconfigured,
    credentialFor: github.credentialFor,
    extensions: makeExtensions,
    clock,
    ...(complete === undefined ? {} : { complete }),
  };
}

/** What a kind of request cannot be sent without. */
export function whyUnconfigured(kind: RequestKind): string {
  return kind.startsWith('slack') ? SLACK_UNCONFIGURED : GITHUB_UNCONFIGURED;
}

function watchClock({ now, log, store, startsSteady = false }: ConnectOptions): ClockWatch {
  const clock = createClockWatch({ now, elapsed: () => performance.now(), log, startsSteady });
  store.onClockCorrected(clock.storedAhead);
  return clock;
}

/** Enrichment from W&B's API, when there is a key. One for all outboxes: an event is asked about once. */
async function wandbCompletion(options: ConnectOptions): Promise<ReceiverParts['complete'] | undefined> {
  const { environment, store, now, log, redactor } = options;
  if (environment.wandbApiKey === undefined) return undefined;
  const [{ createWandbClient }, { createEnricher }, { enrichRequest }, { rememberingCompiler }] = await Promise.all([
    import('../src/wandb/client.ts'),
    import('./enrich/enricher.ts'),
    import('./outbox/enrich.ts'),
    import('../src/route/compiled-targets.ts'),
  ]);
  // As it stands in the header of every request to W&B.
  redactor.add(Buffer.from(`api:${environment.wandbApiKey}`).toString('base64'));
  const client = createWandbClient({
    baseUrl: environment.wandbBaseUrl,
    apiKey: environment.wandbApiKey,
    fetch: options.fetch,
    now,
    random: options.random,
    sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
  });
  const { enrich } = createEnricher({
    client,
    store,
    appUrl: wandbAppUrl(environment.wandbBaseUrl),
    now,
    redact: redactor.json,
    log,
  });
  const compile = rememberingCompiler();
  return (delivery) => enrichRequest(delivery, { store, enrich, compile, log });
}

/** What goes on beside the outboxes: approvals that expire, runs that are followed, Slack's and GitHub's requests. */
async function extensionsFor(
  options: ConnectOptions,
  github: TargetSet,
  githubUrl: string,
  clock: ClockWatch,
): Promise<NonNullable<ReceiverParts['extensions']>> {
  const { store, now, log, sandbox } = options;
  const isSteady = (): boolean => !clock.hasJumped();
  const makers: ((changed: () => void) => readonly Extension[])[] = [
    (changed) => [createExpiry({ store, now, log, changed, isSteady }), listening(store, changed), retention(options, clock.isSteady)],
  ];
  if (!sandbox) {
    makers.push(await runExtensions(options, github, clock));
    // Who presses the button just after a jump is not too late.
    const decide: Store['decide'] = (decision) => store.decide({ ...decision, clockJumped: clock.hasJumped() });
    makers.push(await slackExtensions({ ...options, store: { ...store, decide } }, githubUrl));
  }
  return (changed) => makers.flatMap((make) => make(changed));
}

/** Hears of what other receivers have stored, where the store can tell. */
function listening(store: Store, changed: () => void): Extension {
  let end: (() => void) | undefined;
  return {
    start: () => {
      end = store.listen?.(changed);
    },
    stop: async () => end?.(),
  };
}

function retention({ environment, settings, routes, store, now, log }: ConnectOptions, isSteady: () => boolean): Extension {
  const floor = retentionFloor(
    settings.dedupeWindowMs,
    routes.map(({ cooldownMs }) => cooldownMs),
  );
  return createRetention({ store, keepMs: Math.max(environment.retentionMs, floor), now, isSteady, log });
}

async function runExtensions(
  options: ConnectOptions,
  { runs }: TargetSet,
  { hasJumped }: ClockWatch,
): Promise<(changed: () => void) => Extension[]> {
  const { environment, store, now, log, redactor, settings } = options;
  const { githubWebhookSecrets: secrets, githubApiUrl } = environment;
  const [{ createRunWatch }, { workflowRunWebhook }, { commitOfEvent }] = await Promise.all([
    import('./watch/run-watch.ts'),
    import('./github/workflow-run-webhook.ts'),
    import('./github/commit-of-event.ts'),
  ]);
  const commitStatus = {
    commitOf: async (event: Parameters<typeof commitOfEvent>[0]) => commitOfEvent(event, gitHostOf(githubApiUrl)),
    credentialFor: runs?.credentialFor ?? ((repository: string) => repository),
  };
  return (changed) => {
    const record: RecordRuns = createRecordRuns({
      store,
      now,
      newId: idsFrom(now, options.randomBytes),
      log,
      changed,
      failureText: (change) => failureText(change, change.repository),
      ...(settings.commitStatus ? { commitStatus } : {}),
    });
    return [
      ...(runs === undefined ? [] : [createRunWatch({ store, runs, record, webhook: secrets.length > 0, now, hasJumped, log, changed })]),
      ...(secrets.length === 0
        ? []
        : [{ path: '/webhooks/github', routes: workflowRunWebhook({ secrets, record, store, redact: redactor.text, now }) }]),
    ];
  };
}

/** Bolt, for buttons, commands and the Home: over a socket when there is a token for it, else over HTTP. */
async function slackExtensions(options: ConnectOptions, githubUrl: string): Promise<(changed: () => void) => Extension[]> {
  const { environment, store, now, log, redactor, settings, routes } = options;
  const { slack } = environment;
  const connection =
    slack?.appToken !== undefined
      ? { appToken: slack.appToken }
      : slack?.signingSecret !== undefined
        ? { signingSecret: slack.signingSecret }
        : undefined;
  if (slack === undefined || connection === undefined) return () => [];
  const [{ createSlackApp }, { homeView }] = await Promise.all([import('./slack/app.ts'), import('./slack/home-view.ts')]);
  return (changed) => [
    createSlackApp({
      botToken: slack.botToken,
      connection,
      apiUrl: slack.apiUrl,
      store,
      people: { slackUsers: settings.slackUsers, operators: settings.slackOperators },
      routes,
      home: (content, at) => homeView(content, { githubUrl, now: at }),
      changed,
      fetch: options.fetch,
      ...(options.dispatcher === undefined ? {} : { dispatcher: options.dispatcher }),
      now,
      newId: idsFrom(now, options.randomBytes),
      log,
      redactor,
    }),
  ];
}
