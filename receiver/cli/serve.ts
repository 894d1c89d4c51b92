import type { Config } from '../../src/config/config.ts';
import { messageOf } from '../../src/lib/error-message.ts';
import { pooledBytes } from '../../src/lib/id.ts';
import { redactorOf } from '../../src/lib/redact.ts';
import type { Result } from '../../src/lib/result.ts';
import type { Role } from '../admin/identity.ts';
import { composeReceiver } from '../compose.ts';
import { tokenProblems } from '../config-checks.ts';
import { type Environment, isLoopback, readEnvironment } from '../environment.ts';
import { createLogger } from '../log/log.ts';
import type { ReadableMetrics } from '../metrics/metrics.ts';
import { prometheusMetrics } from '../metrics/prometheus.ts';
import { timedStore } from '../metrics/timed-store.ts';
import { type Listening, listen } from '../node.ts';
import type { Runtime } from '../runtime.ts';
import type { Store } from '../store/store.ts';
import type { Traces } from '../traces/traces.ts';
import { isOpen } from '../webhook/authenticate.ts';
import { checkConfig, noSuchConfig, readConfigText } from './load-config.ts';
import { databaseName, openForReceiver } from './open-store.ts';
import type { CommandIo, ExitCode } from './output.ts';
import { sandboxBanner, sandboxConfig, withSandboxSecret } from './sandbox.ts';
import { tracesOf } from './traces-of.ts';
import { type RunningConfig, receiverConfig, reloadOf, usableConfig } from './usable-config.ts';

export interface ServeOptions {
  /** Record dispatches instead of sending them, whatever is configured. */
  readonly sandbox: boolean;
  /** Of this program. */
  readonly version: string;
}

/** A stop takes no longer, whatever hangs; the entry then ends the process within another second. Milliseconds. */
const STOP_LIMIT_MS = 6_200;

/** `wandb-relay serve`: runs the receiver until it gets a signal to stop. */
export async function serve(io: CommandIo, options: ServeOptions): Promise<ExitCode> {
  const plan = planServe(io, options);
  if ('problems' in plan) {
    for (const line of plan.problems) io.complain(line);
    return 1;
  }
  const { environment, config, sandbox } = plan;
  const redactor = redactorOf(environment.secrets);
  const format = io.terminal ? (await import('../log/pretty.ts')).pretty() : undefined;
  const log = createLogger({ level: 'info', format, redact: redactor.text, write: (text) => io.writeLog(text.trimEnd()) });
  for (const warning of [...environment.warnings, ...plan.warnings, ...proxyWarnings(environment, sandbox)]) log.warn({}, warning);

  // From here on a signal stops it in order.
  const stopped = io.stopped();
  let store: Store | undefined;
  try {
    store = await openForReceiver(io, environment, sandbox, { log, stopped });
  } catch (error) {
    io.complain(messageOf(error));
    return 1;
  }
  if (store === undefined) {
    log.info({ why: await stopped }, 'stopped before the database answered');
    return 0;
  }
  const { now, random, fetch, dispatcher } = io;
  const runtime: Runtime = { now, random, randomBytes: pooledBytes(io.randomBytes), fetch, log, redactor };
  const metrics = metricsOf(environment, options.version);
  const traces = await tracesOf(environment, options.version, log);
  const reload = reloadOf(plan, { cwd: io.cwd, now, log, replace: (next) => receiver.replaceConfig(receiverConfig(next, environment)) });
  const receiver = await composeReceiver({
    runtime,
    environment,
    ...receiverConfig(config, environment),
    store: metrics === undefined ? store : timedStore(store, metrics, () => performance.now()),
    sandbox,
    config: () => reload?.config() ?? config,
    ...(reload === undefined ? {} : { configStatus: reload.status }),
    ...(metrics === undefined ? {} : { metrics }),
    ...(traces === undefined ? {} : { traces }),
    ...onThisMachine(environment, sandbox),
    ...(dispatcher === undefined ? {} : { dispatcher }),
  });

  let listening: Listening;
  try {
    listening = await listen(receiver, environment.host, environment.port, { log });
  } catch (error) {
    await store.close();
    io.complain(explainListenError(error, environment));
    return 1;
  }
  const url = `${listening.url}${environment.basePath}`;
  if (sandbox)
    io.print(
      ...sandboxBanner(environment, url, plan.text === undefined ? undefined : environment.configPath, config.settings.dedupeWindowMs),
    );
  log.info({ url, routes: config.routes.length, database: databaseName(environment, sandbox), sandbox }, 'listening');
  reload?.start();
  io.onHangUp?.(() => (reload === undefined ? log.info({}, NOTHING_TO_READ) : void reload.reload()));
  log.info({ why: await stopped }, 'stopping: finishing attempts in flight');
  reload?.stop();
  const isFinished = await withinTime(STOP_LIMIT_MS, stopInOrder(listening, store, traces));
  if (isFinished) log.info({}, 'stopped');
  else log.warn({}, 'stopped before everything finished: the outcome of unfinished attempts is looked up after the next start');
  return 0;
}

const NOTHING_TO_READ = 'SIGHUP: there is no config file to read again: the routes are those of the example';

/** Counts only where somebody may read the counts. */
function metricsOf({ access, host, postgresUrl }: Environment, version: string): ReadableMetrics | undefined {
  if (!access.metricsArePublic && access.people.length === 0 && access.proxy === undefined && !isLoopback(host)) return undefined;
  return prometheusMetrics({ version, store: postgresUrl === undefined ? 'sqlite' : 'postgresql' });
}

/** What a browser on this machine may do without a token, where nobody else can reach the receiver: everything in a sandbox, else reading. */
function onThisMachine({ host }: Environment, sandbox: boolean): { readonly onThisMachine?: Role } {
  return isLoopback(host) ? { onThisMachine: sandbox ? 'admin' : 'viewer' } : {};
}

/** For real webhooks there is something in front that reaches this address, and a proxy may look like a browser on this machine. */
function proxyWarnings({ host, access }: Environment, sandbox: boolean): string[] {
  if (sandbox || !isLoopback(host) || access.people.length > 0 || access.proxy !== undefined) return [];
  return [
    'the pages and the API are open to this machine without a token: a proxy in front that passes on all paths may open them to everybody; set RELAY_ADMIN_TOKENS, or let it pass on /webhooks only',
  ];
}

async function stopInOrder(listening: Listening, store: Store, traces: Traces | undefined): Promise<void> {
  await listening.stop();
  await traces?.stop();
  await store.close();
}

/** False when it takes longer. */
async function withinTime(limitMs: number, work: Promise<void>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<false>((resolve) => {
    timer = setTimeout(() => resolve(false), limitMs);
  });
  const inTime = await Promise.race([work.then(() => true), late]);
  clearTimeout(timer);
  return inTime;
}

type ServePlan = { readonly problems: readonly string[] } | ReadyPlan;

interface ReadyPlan extends RunningConfig {
  readonly warnings: readonly string[];
}

/** Decides everything that can be decided before anything is opened, or says in one line each why not. */
function planServe(io: CommandIo, options: ServeOptions): ServePlan {
  const read = readEnvironment(io.variables);
  if (!read.ok) return { problems: read.error };
  const found = readConfigText(io.cwd, read.value.configPath);
  const nothingConfigured = found === undefined && !read.value.configPathIsSet && read.value.github === undefined;
  const sandbox = options.sandbox || nothingConfigured;
  // The image names its config file, whether one is mounted or not.
  const mayBeExample = sandbox && (!read.value.configPathIsSet || (options.sandbox && read.value.inImage));
  const loaded = found === undefined ? (mayBeExample ? sandboxConfig() : undefined) : checkedText(found, read.value.configPath);
  if (loaded === undefined) return { problems: [noSuchConfig(read.value.configPath)] };
  if (!loaded.ok) return { problems: loaded.error };

  const config = loaded.value;
  const environment = sandbox ? withSandboxSecret(read.value, io) : read.value;
  const usable = usableConfig(config, environment, sandbox);
  const problems = [
    ...(options.sandbox && environment.inImage ? [] : hostProblems(environment, sandbox)),
    ...(sandbox ? [] : tokenProblems(environment)),
    ...(usable.ok ? [] : usable.error),
  ];
  if (problems.length > 0 || !usable.ok) return { problems };
  const text = found?.ok === true ? found.value : undefined;
  return { environment, config, text, sandbox, warnings: usable.value.warnings };
}

function checkedText(text: Result<string, string[]>, file: string): Result<Config, string[]> {
  return text.ok ? checkConfig(text.value, file) : text;
}

function hostProblems(environment: Environment, sandbox: boolean): string[] {
  const { host, authentication } = environment;
  if (isLoopback(host)) return [];
  if (sandbox) return [`HOST: ${host} can be reached from other machines, and a sandbox is for this one only: set HOST=127.0.0.1`];
  if (!isOpen(authentication)) return [];
  return [
    `HOST: ${host} can be reached from other machines, and anyone could send events: set WANDB_WEBHOOK_SECRET or WANDB_WEBHOOK_TOKEN; or HOST=127.0.0.1, for this machine only`,
  ];
}

function explainListenError(error: unknown, { host, port }: Environment): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'EADDRINUSE') return `PORT: ${port} is taken by another program: stop that, or set PORT to another one`;
  if (code === 'EACCES') return `PORT: ${port} needs more rights than this user has: set PORT to one above 1023`;
  if (code === 'EAFNOSUPPORT') return `HOST: ${host} is an address of IPv6, which this machine does not have: set HOST=0.0.0.0`;
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND') return `HOST: ${host} is not an address of this machine`;
  return `the receiver cannot listen on ${host}:${port}: ${messageOf(error)}`;
}
