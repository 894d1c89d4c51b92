import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { ReceiverProcess, StopSignal } from '../../test/stand-ins/receiver-process.ts';
import { startWrangler, writeWranglerConfig } from '../wrangler.ts';

/**
 * The Worker in Cloudflare's own runtime on this machine, with the config of a folder, as a receiver. What it has stored
 * stays in the folder, so that one that was killed goes on where it stopped.
 */
export async function startWorkerReceiver(options: {
  readonly cwd: string;
  readonly environment: Readonly<Record<string, string>>;
}): Promise<ReceiverProcess> {
  const { PORT = '0', ...variables } = options.environment;
  const config = writeWranglerConfig(options.cwd, `export { default } from ${JSON.stringify(join(options.cwd, 'wandb-relay.yaml'))};\n`);
  const words = ['dev', '--config', config, '--port', PORT, '--inspector-port', '0', '--persist-to', join(options.cwd, 'state')];
  const vars = Object.entries(variables).map(([name, value]) => `${name}:${value}`);
  const child = startWrangler([...words, '--var', ...vars], { detached: true });
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
