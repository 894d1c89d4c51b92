import { messageOf } from '../../src/lib/error-message.ts';
import { pooledBytes } from '../../src/lib/id.ts';
import { redactorOf } from '../../src/lib/redact.ts';
import { composeParts } from '../compose.ts';
import type { ComposeOptions } from '../compose-context.ts';
import { evaluatedHere } from '../engine/engine-part.ts';
import { readEnvironment } from '../environment.ts';
import { createLogger, type Logger, silentLogger } from '../log/log.ts';
import { createReceiver } from '../receiver.ts';
import type { Store } from '../store/store.ts';
import { checkConfig, noSuchConfig, readConfigText } from './load-config.ts';
import { databaseName, openForReceiver } from './open-store.ts';
import type { CommandIo, ExitCode } from './output.ts';
import { tracesOf } from './traces-of.ts';
import { type RunningConfig, receiverConfig, reloadOf, usableConfig } from './usable-config.ts';
import { watchOnce } from './watch-once.ts';

export interface WatchOptions {
  /** One round of every project, and what follows from it is sent; then the command ends. */
  readonly once: boolean;
  /** A SQLite file instead of DATABASE_URL; `undefined`: not given. */
  readonly state: string | undefined;
  /** The relay's own. */
  readonly version: string;
}

/** What is in flight may finish for so long when it is stopped. Milliseconds. */
const GRACE_MS = 5_000;

/** `wandb-relay watch`: what `serve` does without listening to anybody. Runs are watched, and what fires is sent. */
export async function watch(io: CommandIo, options: WatchOptions): Promise<ExitCode> {
  const plan = planWatch(io, options);
  if ('problems' in plan) {
    for (const line of plan.problems) io.complain(line);
    return 1;
  }
  const { environment, config } = plan;
  const redactor = redactorOf(environment.secrets);
  const log = await loggerFor(io, options, redactor.text);
  for (const warning of [...environment.warnings, ...plan.warnings]) log.warn({}, warning);
  const stopped = io.stopped();
  let store: Store | undefined;
  try {
    store = await openForReceiver(io, environment, false, { log, stopped });
  } catch (error) {
    io.complain(options.state === undefined ? messageOf(error) : messageOf(error).replace(/^DATABASE_URL:/, '--state:'));
    return 1;
  }
  if (store === undefined) return 0;
  const { now, random, fetch, dispatcher } = io;
  const traces = await tracesOf(environment, options.version, log);
  const composed: ComposeOptions = {
    runtime: { now, random, randomBytes: pooledBytes(io.randomBytes), fetch, log, redactor },
    environment,
    ...receiverConfig(config, environment),
    store,
    sandbox: false,
    ...(traces === undefined ? {} : { traces }),
    ...(dispatcher === undefined ? {} : { dispatcher }),
  };
  try {
    if (options.once) return await watchOnce(io, { ...composed, stopped });
    const receiver = createReceiver(await composeParts(composed));
    const reload = reloadOf(plan, { cwd: io.cwd, now, log, replace: (next) => receiver.replaceConfig(receiverConfig(next, environment)) });
    receiver.start();
    reload?.start();
    io.onHangUp?.(() => void reload?.reload());
    log.info({ database: databaseName(environment, false) }, 'watching');
    log.info({ why: await stopped }, 'stopping: finishing attempts in flight');
    reload?.stop();
    await receiver.stop(GRACE_MS);
    log.info({}, 'stopped');
    return 0;
  } finally {
    await traces?.stop();
    await store.close();
  }
}

/** A command that ends reports by itself: only what is wrong is logged, as plain lines. */
async function loggerFor(io: CommandIo, { once }: WatchOptions, redact: (text: string) => string): Promise<Logger> {
  if (once) {
    const complain = (fields: object, message: string): void => {
      const known = Object.entries(fields).map(([name, value]) => `${name} ${String(value)}`);
      io.complain(redact(known.length === 0 ? message : `${message} (${known.join(', ')})`));
    };
    return { ...silentLogger, warn: complain, error: complain };
  }
  const format = io.terminal ? (await import('../log/pretty.ts')).pretty() : undefined;
  return createLogger({ level: 'info', format, redact, write: (text) => io.writeLog(text.trimEnd()) });
}

type WatchPlan = { readonly problems: readonly string[] } | ReadyPlan;

interface ReadyPlan extends RunningConfig {
  readonly warnings: readonly string[];
}

function planWatch(io: CommandIo, { once, state }: WatchOptions): WatchPlan {
  const read = readEnvironment(io.variables);
  if (!read.ok) return { problems: read.error };
  const problems: string[] = [];
  const hasDatabase = read.value.postgresUrl !== undefined || read.value.databasePath !== undefined;
  if (state !== undefined && hasDatabase) problems.push('--state: DATABASE_URL is set, too: leave one of them out');
  if (once && state === undefined && !hasDatabase) problems.push(NO_MEMORY);
  if (read.value.wandbApiKey === undefined) {
    problems.push('WANDB_API_KEY: is not set: set it to the key of a W&B user who can see the runs; View-Only is enough');
  }
  const text = readConfigText(io.cwd, read.value.configPath);
  if (text === undefined) return { problems: [...problems, noSuchConfig(read.value.configPath)] };
  const loaded = text.ok ? checkConfig(text.value, read.value.configPath) : text;
  if (!loaded.ok) return { problems: [...problems, ...loaded.error] };
  const config = loaded.value;
  if (evaluatedHere(config.automations).length === 0) {
    problems.push(`${read.value.configPath}: no automation has engine: relay and is enabled, so there is nothing to watch`);
  }
  const usable = usableConfig(config, read.value, false);
  if (!usable.ok) problems.push(...usable.error);
  if (problems.length > 0 || !usable.ok || !text.ok) return { problems };
  const { warnings } = usable.value;
  return {
    config,
    text: text.value,
    sandbox: false,
    warnings,
    environment: state === undefined ? read.value : { ...read.value, databasePath: state },
  };
}

const NO_MEMORY =
  'watch --once: what was seen and what has fired must be remembered until the next time, or everything would be first sight again, and nothing would fire: ' +
  'give --state FILE, a file that is kept (in GitHub Actions with actions/cache, see examples/workflows/watch.yml), or set DATABASE_URL';
