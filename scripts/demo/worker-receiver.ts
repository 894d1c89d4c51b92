import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { ReceiverProcess, StopSignal } from '../../test/stand-ins/receiver-process.ts';
import { ROOT, WRANGLER, wranglerConfig } from '../wrangler.ts';

/**
 * The Worker in Cloudflare's own runtime on this machine, with the config of a folder, as a receiver. What it has stored
 * stays in the folder, so that one that was killed goes on where it stopped.
 */
export async function startWorkerReceiver(options: {
  readonly cwd: string;
  readonly environment: Readonly<Record<string, string>>;
}): Promise<ReceiverProcess> {
  const { PORT = '0', ...variables } = options.environment;
  const bundledConfig = join(options.cwd, 'deployed-config.ts');
  writeFileSync(bundledConfig, `export { default } from '${join(options.cwd, 'wandb-relay.yaml')}';\n`);
  const words = ['dev', '--config', wranglerConfig({ folder: options.cwd, bundledConfig }), '--port', PORT, '--inspector-port', '0'];
  const vars = Object.entries(variables).map(([name, value]) => `${name}:${value}`);
  // A group of its own, so that its end takes the runtime with it.
  const child = spawn(WRANGLER, [...words, '--persist-to', join(options.cwd, 'state'), '--var', ...vars], {
    cwd: ROOT,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, WRANGLER_SEND_METRICS: 'false', CLOUDFLARE_CF_FETCH_ENABLED: 'false', NO_COLOR: '1' },
  });
  const log: Record<string, unknown>[] = [];
  const other: string[] = [];
  const url = await new Promise<string>((resolve, reject) => {
    const hear = (line: string): void => {
      // Wrangler puts words and colours of its own around warnings.
      const begin = line.indexOf('{"level"');
      if (begin === -1) other.push(line);
      else log.push(JSON.parse(line.slice(begin, line.lastIndexOf('}') + 1)) as Record<string, unknown>);
      const ready = /Ready on (http:\S+)/.exec(line)?.[1];
      if (ready !== undefined) resolve(ready);
    };
    for (const stream of [child.stdout, child.stderr]) createInterface({ input: stream }).on('line', hear);
    child.once('exit', (code) => reject(new Error(`wrangler ended with ${code}: ${other.join('\n')}`)));
  });
  const end = async (signal: StopSignal): Promise<number | null> => {
    if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
    const exited = once(child, 'exit');
    process.kill(-(child.pid ?? 0), signal);
    return ((await exited) as [number | null])[0];
  };
  return { url, log, complaints: other, pid: child.pid ?? 0, end };
}
