import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { type Config, readConfig } from '../../src/config/config.ts';
import { formatDiagnostic } from '../../src/lib/diagnostic.ts';
import { messageOf } from '../../src/lib/error-message.ts';
import { err, type Result } from '../../src/lib/result.ts';

/** Reads and checks a config file. The errors are lines for people; `undefined`: there is no such file. */
export function loadConfig(cwd: string, file: string): Result<Config, string[]> | undefined {
  let text: string;
  try {
    text = readFileSync(resolve(cwd, file), 'utf8');
  } catch (error) {
    if (isMissing(error)) return undefined;
    return err([`${file}: cannot be read: ${messageOf(error)}`]);
  }
  const config = readConfig(text, file);
  return config.ok ? config : err(config.error.map(formatDiagnostic));
}

export function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}

export function noSuchConfig(file: string): string {
  return `${file}: there is no such file: write it (see examples/wandb-relay.yaml), or name it with --config or RELAY_CONFIG`;
}
