import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { parse } from 'jsonc-parser';
import { PROJECT, type ReceiverProcess, type StopSignal } from './receiver-process.ts';

interface WranglerConfig {
  readonly main: string;
  readonly alias: Readonly<Record<string, string>>;
  readonly build?: unknown;
  readonly compatibility_date: string;
  readonly compatibility_flags: readonly string[];
}

export interface WorkerdOptions {
  /** Holds the bundle, and what the objects store: a second start with the same folder goes on where the first one stopped. */
  readonly folder: string;
  /** The config, in YAML. */
  readonly config: string;
  /** The Worker's variables and secrets. */
  readonly bindings: Readonly<Record<string, string>>;
}

/** The bundled Worker in workerd itself, with nothing between its socket and the Worker. It has no queue. */
export async function startWorkerd({ folder, config, bindings }: WorkerdOptions): Promise<ReceiverProcess> {
  const { build: _, ...wrangler } = parse(readFileSync(join(PROJECT, 'wrangler.jsonc'), 'utf8')) as WranglerConfig;
  if (!existsSync(join(folder, 'bundle', 'worker.js'))) await bundle(folder, config, wrangler);
  mkdirSync(join(folder, 'objects'), { recursive: true });
  writeFileSync(join(folder, 'workerd.capnp'), capnp(folder, wrangler, bindings));
  const words = ['serve', join(folder, 'workerd.capnp'), '--control-fd=3'];
  const child = spawn(join(PROJECT, 'node_modules', '.bin', 'workerd'), words, { stdio: ['ignore', 'pipe', 'pipe', 'pipe'] });
  const [, stdout, stderr, control] = child.stdio;
  const log: Record<string, unknown>[] = [];
  const complaints: string[] = [];
  const hear = (line: string): void => {
    if (line.startsWith('{"level"')) log.push(JSON.parse(line) as Record<string, unknown>);
    else complaints.push(line);
  };
  for (const stream of [stdout, stderr]) if (stream !== null) createInterface({ input: stream }).on('line', hear);
  const port = await new Promise<number>((resolve, reject) => {
    createInterface({ input: control as NodeJS.ReadableStream }).on('line', (line) => {
      const said = JSON.parse(line) as { readonly event: string; readonly port?: number };
      if (said.event === 'listen' && said.port !== undefined) resolve(said.port);
    });
    child.once('exit', (code) => reject(new Error(`workerd ended with ${code}: ${complaints.join('\n')}`)));
  });
  const end = async (signal: StopSignal): Promise<number | null> => {
    if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
    const exited = once(child, 'exit');
    child.kill(signal);
    return ((await exited) as [number | null])[0];
  };
  return { url: `http://127.0.0.1:${port}`, log, complaints, pid: child.pid ?? 0, end };
}

/** As a deployment bundles it. */
async function bundle(folder: string, config: string, wrangler: WranglerConfig): Promise<void> {
  const module = join(folder, 'deployed-config.ts');
  writeFileSync(module, `export default ${JSON.stringify(config)};\n`);
  const aliases = Object.fromEntries(Object.entries(wrangler.alias).map(([name, file]) => [name, join(PROJECT, file)]));
  const own = { ...wrangler, main: join(PROJECT, wrangler.main), alias: { ...aliases, './deployed-config.ts': module } };
  writeFileSync(join(folder, 'wrangler.json'), JSON.stringify(own));
  const words = ['deploy', '--dry-run', '--config', join(folder, 'wrangler.json'), '--outdir', join(folder, 'bundle')];
  const env = { ...process.env, WRANGLER_SEND_METRICS: 'false' };
  await promisify(execFile)(join(PROJECT, 'node_modules', '.bin', 'wrangler'), words, { cwd: PROJECT, env });
}

/** workerd's own configuration (workerd.capnp of its package). */
function capnp(folder: string, wrangler: WranglerConfig, bindings: Readonly<Record<string, string>>): string {
  const texts = Object.entries(bindings).map(([name, text]) => `(name = ${JSON.stringify(name)}, text = ${JSON.stringify(text)}),`);
  return `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "relay", worker = .relay),
    (name = "internet", network = (allow = ["public", "private", "local"])),
    (name = "objects", disk = (path = ${JSON.stringify(join(folder, 'objects'))}, writable = true)),
  ],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "relay")],
);
const relay :Workerd.Worker = (
  modules = [(name = "worker.js", esModule = embed "bundle/worker.js")],
  compatibilityDate = ${JSON.stringify(wrangler.compatibility_date)},
  compatibilityFlags = ${JSON.stringify(wrangler.compatibility_flags)},
  bindings = [${texts.join(' ')} (name = "RELAY", durableObjectNamespace = "RelayObject")],
  durableObjectNamespaces = [(className = "RelayObject", uniqueKey = "relay", enableSql = true)],
  durableObjectStorage = (localDisk = "objects"),
  globalOutbound = "internet",
);
`;
}
