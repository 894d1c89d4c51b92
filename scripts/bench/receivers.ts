import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { BARE_ENVIRONMENT, PROJECT } from '../../test/stand-ins/receiver-process.ts';
import { BENCH_CONFIG, BENCH_SECRET, BENCH_TOKEN } from './setup.ts';

export interface Receivers {
  readonly urls: readonly string[];
  readonly pids: readonly number[];
  /** Resolves when what was being sent has been settled and the processes are gone. */
  stop(): Promise<void>;
}

export interface ReceiversOptions {
  readonly databaseUrl: string;
  readonly count: number;
  /** Where dispatches go. */
  readonly githubUrl: string;
  /** `settings.github_writes_per_second`; left out: as shipped. */
  readonly writesPerSecond?: number;
  readonly folder: string;
}

/** Receivers as processes of their own, on one database. */
export async function startReceivers({ databaseUrl, count, githubUrl, writesPerSecond, folder }: ReceiversOptions): Promise<Receivers> {
  const config = join(folder, `wandb-relay-${writesPerSecond ?? 'default'}.yaml`);
  const settings = writesPerSecond === undefined ? '' : `settings: { github_writes_per_second: ${writesPerSecond} }\n`;
  writeFileSync(config, `${BENCH_CONFIG}${settings}`);
  const children = Array.from({ length: count }, () =>
    fork(join(PROJECT, 'build-bench', 'scripts', 'bench', 'serving.js'), {
      cwd: folder,
      env: {
        ...BARE_ENVIRONMENT,
        PORT: '0',
        DATABASE_URL: databaseUrl,
        RELAY_CONFIG: config,
        WANDB_WEBHOOK_SECRET: BENCH_SECRET,
        GITHUB_TOKEN: BENCH_TOKEN,
        GITHUB_API_URL: githubUrl,
        GITHUB_WEBHOOK_SECRET: BENCH_SECRET,
      },
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      // As the installed command does.
      execArgv: ['--max-semi-space-size=2', '--heap-growing-percent=50'],
    }),
  );
  const stop = async (): Promise<void> => {
    await Promise.all(children.map(endOf));
  };
  try {
    return { urls: await Promise.all(children.map(addressOf)), pids: children.map(({ pid }) => pid ?? 0), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function addressOf(child: ChildProcess): Promise<string> {
  const ended = once(child, 'exit').then(([code]) => {
    throw new Error(`a receiver ended with ${code} before it listened`);
  });
  const [url] = (await Promise.race([once(child, 'message'), ended])) as [string];
  // Its end is expected from now on.
  ended.catch(() => undefined);
  return url;
}

async function endOf(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  if (child.connected) child.disconnect();
  await exited;
}
