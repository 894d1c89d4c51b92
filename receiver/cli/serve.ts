import { dirname, resolve } from 'node:path';
import { approvalWarnings, type Config } from '../../src/config.ts';
import { messageOf } from '../../src/error-message.ts';
import { redactorOf } from '../../src/redact.ts';
import { compileRoute } from '../../src/route.ts';
import { connect } from '../connect.ts';
import { DEFAULT_DATABASE_PATH, type Environment, GITHUB_API_URL, isLoopback, readEnvironment } from '../environment.ts';
import { createLogger, type Logger } from '../log.ts';
import { type Listening, listen } from '../node.ts';
import { lockForReceiver, openSqlite } from '../outbox/sqlite/node-driver.ts';
import { claimPurpose } from '../outbox/sqlite/schema.ts';
import { sqliteStore } from '../outbox/sqlite/sqlite-store.ts';
import type { Store } from '../outbox/store.ts';
import { createReceiver } from '../receiver.ts';
import { isOpen } from '../webhook/authenticate.ts';
import { isMissing, loadConfig, noSuchConfig } from './load-config.ts';
import { SANDBOX_DATABASE_PATH } from './open-store.ts';
import type { CommandIo, ExitCode } from './output.ts';
import { sandboxBanner, sandboxConfig, withSandboxSecret } from './sandbox.ts';

export interface ServeOptions {
  /** Record dispatches instead of sending them, whatever is configured. */
  readonly sandbox: boolean;
}

/** More writes per second than this are over what api.github.com publishes: 900 points a minute, a write counts 5. */
const PUBLISHED_WRITES_PER_SECOND = 3;

/** `wandb-relay serve`: runs the receiver until it is told to stop. */
export async function serve(io: CommandIo, options: ServeOptions): Promise<ExitCode> {
  const plan = planServe(io, options);
  if ('problems' in plan) {
    for (const line of plan.problems) io.complain(line);
    return 1;
  }
  const { environment, config, sandbox } = plan;
  const redactor = redactorOf(environment.secrets);
  const format = io.terminal ? (await import('../log-pretty.ts')).pretty() : undefined;
  const log = createLogger({ level: 'info', format, redact: redactor.text, write: (text) => io.print(text.trimEnd()) });
  for (const warning of [...environment.warnings, ...plan.warnings]) log.warn({}, warning);

  let opened: OpenStore;
  try {
    opened = openStore(resolve(io.cwd, plan.databasePath), sandbox);
  } catch (error) {
    io.complain(`DATABASE_URL: ${plan.databasePath}: ${explainStoreError(error, plan.databasePath)}`);
    return 1;
  }
  const { store, close } = opened;
  const routes = config.routes.map(compileRoute);
  const { fetch, now, random } = io;
  const randomBytes = () => io.randomBytes(16);
  const settings = plan.settings;
  const connected = await connect({
    environment,
    organization: config.organization,
    routes,
    settings,
    store,
    sandbox,
    redactor,
    log,
    fetch,
    now,
    random,
    randomBytes,
  });
  const receiver = createReceiver({
    store,
    routes,
    settings,
    authentication: environment.authentication,
    adminToken: environment.adminToken,
    ...connected,
    redactor,
    log,
    now,
    random,
    randomBytes,
  });
  const recovered = await store.recoverInFlight(io.now());
  if (recovered > 0) log.warn({ deliveries: recovered }, 'took up what was in flight when the receiver last stopped');

  // From here on a signal stops it in order.
  const stopped = io.stopped();
  let listening: Listening;
  try {
    listening = await listen(receiver, environment.host, environment.port);
  } catch (error) {
    await close();
    io.complain(explainListenError(error, environment));
    return 1;
  }
  if (sandbox) io.print(sandboxBanner(environment, listening.url, plan.isExample ? undefined : environment.configPath));
  log.info({ url: listening.url, routes: config.routes.length, database: plan.databasePath, sandbox }, 'listening');
  await stopWhenAsked(stopped, log, listening);
  await close();
  log.info({}, 'stopped');
  return 0;
}

async function stopWhenAsked(stopped: Promise<string>, log: Logger, listening: Listening): Promise<void> {
  const why = await stopped;
  log.info({ why }, 'stopping: finishing what is in flight');
  await listening.stop();
}

interface OpenStore {
  readonly store: Store;
  close(): Promise<void>;
}

function openStore(path: string, sandbox: boolean): OpenStore {
  const unlock = lockForReceiver(path);
  try {
    const driver = openSqlite(path);
    const store = sqliteStore(driver);
    claimPurpose(driver, sandbox ? 'sandbox' : 'live');
    return {
      store,
      close: async () => {
        await store.close();
        unlock();
      },
    };
  } catch (error) {
    unlock();
    throw error;
  }
}

type ServePlan =
  | { readonly problems: readonly string[] }
  | {
      readonly environment: Environment;
      readonly config: Config;
      readonly settings: Config['settings'];
      readonly sandbox: boolean;
      /** The example's routes run, because there is no config file. */
      readonly isExample: boolean;
      readonly databasePath: string;
      readonly warnings: readonly string[];
    };

/** Decides everything that can be decided before anything is opened, or says in one line each why not. */
function planServe(io: CommandIo, options: ServeOptions): ServePlan {
  const read = readEnvironment(io.variables);
  if (!read.ok) return { problems: read.error };
  const found = loadConfig(io.cwd, read.value.configPath);
  const nothingConfigured = found === undefined && !read.value.configPathIsSet && read.value.github === undefined;
  const sandbox = options.sandbox || nothingConfigured;
  const loaded = found ?? (sandbox && !read.value.configPathIsSet ? sandboxConfig() : undefined);
  if (loaded === undefined) return { problems: [noSuchConfig(read.value.configPath)] };
  if (!loaded.ok) return { problems: loaded.error };

  const config = loaded.value;
  const environment = sandbox ? withSandboxSecret(read.value, io) : read.value;
  const problems = [...hostProblems(environment, sandbox), ...(sandbox ? [] : credentialProblems(environment, config))];
  if (problems.length > 0) return { problems };
  const tooFast = environment.githubApiUrl === GITHUB_API_URL && config.settings.githubWritesPerSecond > PUBLISHED_WRITES_PER_SECOND;
  return {
    environment,
    config,
    settings: tooFast ? { ...config.settings, githubWritesPerSecond: PUBLISHED_WRITES_PER_SECOND } : config.settings,
    sandbox,
    isExample: found === undefined,
    databasePath: environment.databasePath ?? (sandbox ? SANDBOX_DATABASE_PATH : DEFAULT_DATABASE_PATH),
    warnings: [
      ...(tooFast
        ? [`settings.github_writes_per_second is over GitHub's published limit; ${PUBLISHED_WRITES_PER_SECOND} a second are sent`]
        : []),
      ...configWarnings(config, environment, sandbox),
    ],
  };
}

function hostProblems(environment: Environment, sandbox: boolean): string[] {
  const { host, authentication } = environment;
  if (isLoopback(host)) return [];
  if (sandbox) return [`HOST: ${host} can be reached from other machines, and a sandbox is for this one only: leave HOST out`];
  if (!isOpen(authentication)) return [];
  return [
    `HOST: ${host} can be reached from other machines, and anyone could send events: set WANDB_WEBHOOK_SECRET or WANDB_WEBHOOK_TOKEN, or leave HOST out`,
  ];
}

function credentialProblems(environment: Environment, config: Config): string[] {
  if (environment.github !== undefined) return [];
  const routes = config.routes.filter((route) => route.to.some((target) => target.slack === undefined)).map((route) => route.name);
  if (routes.length === 0) return [];
  const some = routes.length > 3 ? `${routes.slice(0, 3).join(', ')} and ${routes.length - 3} more` : routes.join(', ');
  return [
    `GITHUB_TOKEN: is not set, and neither is GITHUB_APP_ID, but routes send to GitHub (${some}): set one, or try the routes with "serve --sandbox"`,
  ];
}

/** What the config asks for and this receiver cannot do, so that nobody waits for it. */
function configWarnings(config: Config, { slack }: Pick<Environment, 'slack'>, sandbox: boolean): string[] {
  const warnings: string[] = [];
  const connected = sandbox || slack !== undefined;
  if (!connected && config.routes.some((route) => route.to.some((target) => target.slack !== undefined))) {
    warnings.push('SLACK_BOT_TOKEN is not set: messages become "dead" and can be replayed once it is');
  }
  if (!connected && config.routes.some((route) => route.approval !== undefined)) {
    warnings.push('SLACK_BOT_TOKEN is not set: nobody is asked about dispatches that are held; use "wandb-relay approve"');
  }
  warnings.push(...approvalWarnings(config));
  if (config.automations.some((automation) => automation.engine === 'relay')) {
    warnings.push('automations with "engine: relay" are not evaluated by this version');
  }
  return warnings;
}

function explainStoreError(error: unknown, path: string): string {
  if (isMissing(error)) return `there is no folder ${dirname(path)}: make it, or set DATABASE_URL to a file elsewhere`;
  return messageOf(error);
}

function explainListenError(error: unknown, { host, port }: Environment): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'EADDRINUSE') return `PORT: ${port} is taken by another program: stop that, or set PORT to another one`;
  if (code === 'EACCES') return `PORT: ${port} needs more rights than this user has: set PORT to one above 1023`;
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND') return `HOST: ${host} is not an address of this machine`;
  return `the receiver cannot listen on ${host}:${port}: ${messageOf(error)}`;
}
