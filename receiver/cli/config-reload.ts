import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Config } from '../../src/config/config.ts';
import { digest } from '../../src/lib/digest.ts';
import { messageOf } from '../../src/lib/error-message.ts';
import type { Result } from '../../src/lib/result.ts';
import type { ConfigStatus } from '../config-status.ts';
import type { Logger } from '../log/log.ts';
import { isMissing, noSuchConfig } from './load-config.ts';

/** A config that was read and can be used here. */
export interface UsableConfig {
  readonly config: Config;
  /** Lines for people. */
  readonly warnings: readonly string[];
}

export interface ConfigReloadOptions {
  readonly cwd: string;
  /** The config file, as people named it. */
  readonly file: string;
  /** What is in use when the receiver starts, and what the file said then. */
  readonly first: { readonly config: Config; readonly text: string };
  /** Reads and checks the file's content; the errors are lines for people. */
  readonly read: (text: string) => Result<UsableConfig, readonly string[]>;
  /** Puts it in place of the one in use. Rejects when that is not possible: nothing has changed then. */
  readonly replace: (config: Config) => Promise<void>;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly log: Logger;
  /** How often the file is looked at. Milliseconds; default two seconds. */
  readonly everyMs?: number;
}

export interface ConfigReload {
  /** Begins to look at the file. */
  start(): void;
  /** Reads the file now, changed or not. Resolves when the new config is in use, or refused. Never rejects. */
  reload(): Promise<void>;
  readonly config: () => Config;
  readonly status: () => ConfigStatus;
  stop(): void;
}

const EVERY_MS = 2_000;

/** What is where the file should be; `hash` tells one content, or failure, from another. */
type Found = { readonly hash: string; readonly text: string } | { readonly hash: string; readonly problem: string };

/**
 * Keeps the config that is in use equal to its file. The file is read every two seconds, and what it says counts: a file that is
 * mapped into a container is replaced through symbolic links (a ConfigMap of Kubernetes), which events of the file system miss.
 * A change counts once two looks in a row have seen the same, because half a file may be a valid config.
 */
export function createConfigReload(options: ConfigReloadOptions): ConfigReload {
  const { cwd, file, now, log, everyMs = EVERY_MS } = options;
  const path = resolve(cwd, file);
  let config = options.first.config;
  let status: ConfigStatus = { file, since: now() };
  /** What the file said when it was last taken or refused. */
  let judged = digest(options.first.text);
  let seen: string | undefined;
  let timer: NodeJS.Timeout | undefined;
  let isStopped = false;
  let working: Promise<void> = Promise.resolve();

  const refuse = (problems: readonly string[]): void => {
    status = { ...status, refused: { at: now(), problems } };
    log.error({ file, problems }, 'the config was changed and is refused: the one before stays in use');
  };

  const take = async (text: string): Promise<void> => {
    const usable = options.read(text);
    if (!usable.ok) return refuse(usable.error);
    const { config: next, warnings } = usable.value;
    try {
      await options.replace(next);
    } catch (error) {
      return refuse([`${file}: ${messageOf(error)}`]);
    }
    config = next;
    status = { file, since: now() };
    for (const warning of warnings) log.warn({}, warning);
    log.info({ file, routes: next.routes.length }, 'the config was read again and is in use');
  };

  const judge = async (found: Found): Promise<void> => {
    judged = found.hash;
    if ('problem' in found) refuse([found.problem]);
    else await take(found.text);
  };

  const look = async (): Promise<void> => {
    const found = await find(path, file);
    // Twice the same: nobody is writing it at this moment.
    if (found.hash !== judged && found.hash === seen) await judge(found);
    seen = found.hash;
  };

  /** One after the other, so that the older content never comes last. */
  const next = (work: () => Promise<void>): Promise<void> => {
    working = working.then(work).catch((error) => log.error({ file, error: messageOf(error) }, 'a bug: reading the config again failed'));
    return working;
  };

  const later = (): void => {
    if (isStopped) return;
    timer = setTimeout(() => void next(look).then(later), everyMs);
    timer.unref();
  };

  return {
    start: later,
    reload: () => next(async () => judge(await find(path, file))),
    config: () => config,
    status: () => status,
    stop: () => {
      isStopped = true;
      clearTimeout(timer);
    },
  };
}

async function find(path: string, file: string): Promise<Found> {
  try {
    const text = await readFile(path, 'utf8');
    return { hash: digest(text), text };
  } catch (error) {
    const problem = isMissing(error) ? noSuchConfig(file) : `${file}: cannot be read: ${messageOf(error)}`;
    return { hash: `not read: ${problem}`, problem };
  }
}
