import { execFileSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { BARE_ENVIRONMENT, PROJECT } from '../../../test/stand-ins/receiver-process.ts';
import { githubForm, type RequestForm, wandbForm } from '../requests.ts';
import { type ServerProcess, startServer } from '../server-process.ts';
import { startBare, startRelayIn } from '../servers.ts';
import { BENCH_SECRET } from '../setup.ts';

/** A receiver that others use, and how it is asked. */
export interface Peer {
  readonly name: string;
  readonly form: RequestForm;
  /** The status of its answer to an event that it takes. */
  readonly status: number;
  /** What it does under load. `none`: nothing. `target`: it calls the target. `true`: it runs /bin/true. */
  readonly work: 'none' | 'target' | 'true';
  /** Starts it in a folder, which may hold what an earlier start has left. Its job, if it is to have one, is to call the target. */
  start(folder: string, targetUrl: string | undefined): Promise<ServerProcess>;
  /** Whether it can have a job: without one there is nothing that could survive. */
  readonly hasJob: boolean;
}

/** Pinned, so that two runs measure the same. */
const PACKAGES = { '@octokit/webhooks': '14.2.0', probot: '14.3.2' };
const FOLDER = join(PROJECT, '.bench-peers');
const SOURCES = import.meta.dirname;

/** Installs the peers that are npm packages into a folder of their own, unless they are there. */
export function installPeers(): void {
  mkdirSync(FOLDER, { recursive: true });
  for (const file of ['octokit-webhooks.mjs', 'probot.mjs']) copyFileSync(join(SOURCES, file), join(FOLDER, file));
  const wanted = `${JSON.stringify({ private: true, type: 'module', dependencies: PACKAGES }, null, 2)}\n`;
  const file = join(FOLDER, 'package.json');
  const installed = Object.keys(PACKAGES).every((name) => existsSync(join(FOLDER, 'node_modules', name)));
  if (installed && readFileSync(file, 'utf8') === wanted) return;
  writeFileSync(file, wanted);
  execFileSync('npm', ['install', '--prefix', FOLDER, '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: FOLDER,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
}

/** The version of adnanh/webhook on this machine; `undefined` when it is not there. */
export function webhookVersion(): string | undefined {
  try {
    return /[\d.]+\d/.exec(execFileSync('webhook', ['-version'], { encoding: 'utf8' }))?.[0];
  } catch {
    return undefined;
  }
}

const WANDB = wandbForm();
const HOOK = githubForm('/hooks/bench');
const GITHUB = githubForm('/webhooks/github');

function bare(work: 'none' | 'target'): Peer {
  return {
    name: work === 'none' ? 'bare Hono app, does nothing' : 'bare Hono app, answers and then calls the target',
    form: WANDB,
    status: 202,
    work,
    hasJob: work !== 'none',
    start: (folder, url) => startBare(folder, url === undefined ? {} : { JOB_URL: url }),
  };
}

function npmPeer(name: keyof typeof PACKAGES, file: string, work: 'none' | 'target'): Peer {
  return {
    name: `${name} ${PACKAGES[name]}, its handler ${work === 'none' ? 'does nothing' : 'calls the target'}`,
    form: GITHUB,
    status: 200,
    work,
    hasJob: work !== 'none',
    start: (folder, url) =>
      startServer((port) => ({
        file: process.execPath,
        words: [join(FOLDER, file)],
        environment: {
          ...BARE_ENVIRONMENT,
          NODE_ENV: 'production',
          PORT: String(port),
          WEBHOOK_SECRET: BENCH_SECRET,
          ...(url === undefined ? {} : { JOB_URL: url }),
        },
        folder,
        logFile: join(folder, `${file}.log`),
      })),
  };
}

function adnanhWebhook(version: string, work: 'none' | 'true'): Peer {
  return {
    name: `adnanh/webhook ${version}, ${work === 'none' ? 'without a command' : 'runs /bin/true'}`,
    form: HOOK,
    status: 200,
    work,
    hasJob: work !== 'none',
    start: (folder, url) => {
      const command = work === 'none' ? '' : url === undefined ? '/bin/true' : join(SOURCES, 'call-target.sh');
      const hooks = join(folder, 'hooks.json');
      writeFileSync(hooks, JSON.stringify([hook(command)]));
      return startServer((port) => ({
        file: 'webhook',
        words: ['-hooks', hooks, '-ip', '127.0.0.1', '-port', String(port)],
        environment: { ...BARE_ENVIRONMENT, ...(url === undefined ? {} : { JOB_URL: url }) },
        folder,
        logFile: join(folder, 'webhook.log'),
      }));
    },
  };
}

function hook(command: string): unknown {
  return {
    id: 'bench',
    'execute-command': command,
    'pass-arguments-to-command': [{ source: 'payload', name: 'client_payload.id' }],
    'trigger-rule': {
      match: { type: 'payload-hmac-sha256', secret: BENCH_SECRET, parameter: { source: 'header', name: 'X-Hub-Signature-256' } },
    },
  };
}

/** All of them; `idleTarget` takes the dispatches that leave while ours is measured without a job of its own. */
export function allPeers(version: string | undefined, idleTarget: string): Peer[] {
  return [
    bare('none'),
    bare('target'),
    npmPeer('@octokit/webhooks', 'octokit-webhooks.mjs', 'none'),
    npmPeer('@octokit/webhooks', 'octokit-webhooks.mjs', 'target'),
    npmPeer('probot', 'probot.mjs', 'none'),
    npmPeer('probot', 'probot.mjs', 'target'),
    ...(version === undefined ? [] : [adnanhWebhook(version, 'none'), adnanhWebhook(version, 'true')]),
    {
      name: 'wandb-relay, as shipped',
      form: WANDB,
      status: 202,
      work: 'target',
      hasJob: true,
      start: (folder, url) => startRelayIn(folder, { githubUrl: url ?? idleTarget }),
    },
  ];
}
