import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { type Config, readConfig } from '../../src/config/config.ts';
import { formatDiagnostic } from '../../src/lib/diagnostic.ts';
import { messageOf } from '../../src/lib/error-message.ts';
import { err, ok, type Result } from '../../src/lib/result.ts';

/** Reads and checks a config file. The errors are lines for people; `undefined`: there is no such file. */
export function loadConfig(cwd: string, file: string): Result<Config, string[]> | undefined {
  const text = readConfigText(cwd, file);
  return text?.ok === true ? checkConfig(text.value, file) : text;
}

/** What is in a config file. The errors are lines for people; `undefined`: there is no such file. */
export function readConfigText(cwd: string, file: string): Result<string, string[]> | undefined {
  try {
    return ok(readFileSync(resolve(cwd, file), 'utf8'));
  } catch (error) {
    if (isMissing(error)) return undefined;
    return err([`${file}: cannot be read: ${messageOf(error)}`]);
  }
}

/** Checks what is in a config file. The errors are lines for people. */
export function checkConfig(text: string, file: string): Result<Config, string[]> {
  const config = readConfig(text, file);
  return config.ok ? config : err(config.error.map(formatDiagnostic));
}

export function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}

export function noSuchConfig(file: string): string {
  return `${file}: there is no such file: write it (see examples/wandb-relay.yaml), or name it with --config or RELAY_CONFIG`;
}
