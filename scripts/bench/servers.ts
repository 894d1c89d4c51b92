import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { BARE_ENVIRONMENT, PROJECT } from '../../test/stand-ins/receiver-process.ts';
import { type ServerProcess, startServer } from './server-process.ts';
import { BENCH_CONFIG, BENCH_SECRET, BENCH_TOKEN, type BenchMode } from './setup.ts';

/** The compiled project: running TypeScript takes some 20 MB more, and nobody runs it so in production. */
export const BUILT = join(PROJECT, 'build-bench');
/** The command as it is published: bundled. */
export const COMMAND = join(BUILT, 'command');
const ENVIRONMENT = { ...BARE_ENVIRONMENT, NODE_ENV: 'production' };

/** The bare app, as anybody would start it: `node app.js`. */
export function startBare(folder: string, environment: Readonly<Record<string, string>> = {}): Promise<ServerProcess> {
  return startServer((port) => ({
    file: process.execPath,
    words: [join(BUILT, 'scripts', 'bench', 'bare.js')],
    environment: { ...ENVIRONMENT, ...environment, PORT: String(port) },
    folder,
    logFile: join(folder, 'bare.log'),
  }));
}

export interface RelayOptions {
  readonly folder: string;
  /** Distinguishes its files from those of others in the folder. */
  readonly name: string;
  /** A new SQLite file when left out. */
  readonly databaseUrl?: string;
  /** Where dispatches go. */
  readonly githubUrl: string;
  readonly config?: string;
  readonly environment?: Readonly<Record<string, string>>;
  readonly nodeFlags?: readonly string[];
  /** Each module a file of its own, which a profile can name; left out: as it is published. */
  readonly inFiles?: boolean;
}

let relays = 0;

/** `wandb-relay serve` as it is shipped: built JavaScript, no flags (the command sets its own), a database on disk, the log in a file. */
export function startRelay(options: RelayOptions): Promise<ServerProcess> {
  const own = join(options.folder, `${options.name}-${++relays}`);
  mkdirSync(own);
  return startRelayIn(own, options);
}

/** The same in a folder that may hold the files of an earlier start: SQLite's, unless a database is named. */
export function startRelayIn(own: string, options: Omit<RelayOptions, 'folder' | 'name'>): Promise<ServerProcess> {
  const config = join(own, 'wandb-relay.yaml');
  writeFileSync(config, options.config ?? BENCH_CONFIG);
  const github = options.environment?.GITHUB_APP_ID === undefined ? { GITHUB_TOKEN: BENCH_TOKEN } : {};
  return startServer((port) => ({
    file: process.execPath,
    words: [...(options.nodeFlags ?? []), join(options.inFiles === true ? BUILT : COMMAND, 'receiver', 'cli', 'main.js'), 'serve'],
    environment: {
      ...ENVIRONMENT,
      PORT: String(port),
      DATABASE_URL: options.databaseUrl ?? `file:${join(own, 'relay.db')}`,
      RELAY_CONFIG: config,
      WANDB_WEBHOOK_SECRET: BENCH_SECRET,
      GITHUB_API_URL: options.githubUrl,
      ...github,
      ...options.environment,
    },
    folder: own,
    logFile: join(own, 'relay.log'),
  }));
}

/** The receiver with another way of storing, for the part `batch`. */
export function startMode(mode: BenchMode, folder: string): Promise<ServerProcess> {
  return startServer((port) => ({
    file: process.execPath,
    words: [join(BUILT, 'scripts', 'bench', 'server.js'), mode, join(folder, `${mode}-${port}.db`)],
    environment: { ...ENVIRONMENT, PORT: String(port) },
    folder,
    logFile: join(folder, `${mode}.log`),
  }));
}
