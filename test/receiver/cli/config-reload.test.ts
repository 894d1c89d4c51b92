import { mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type ConfigReloadOptions, createConfigReload } from '../../../receiver/cli/config-reload.ts';
import { checkConfig } from '../../../receiver/cli/load-config.ts';
import { configTrouble } from '../../../receiver/config-status.ts';
import type { Config } from '../../../src/config/config.ts';
import { eventually } from '../../stand-ins/receiver-process.ts';
import { temporaryFolder } from '../../stand-ins/temporary-folder.ts';

const FILE = 'wandb-relay.yaml';
const text = (route: string) =>
  `version: 1\nroutes: [{ name: ${route}, on: { event: run_state }, to: [{ repository_dispatch: { repository: a/b, event_type: go } }] }]\n`;

function configOf(content: string): Config {
  const checked = checkConfig(content, FILE);
  if (!checked.ok) throw new Error(checked.error.join('\n'));
  return checked.value;
}

/** A reload over a file that is looked at every few milliseconds. */
function reloading(cwd: string, change: Partial<ConfigReloadOptions> = {}) {
  const taken: string[] = [];
  const log: string[] = [];
  const line = (_fields: object, message: string) => void log.push(message);
  const reload = createConfigReload({
    cwd,
    file: FILE,
    first: { config: configOf(text('first')), text: text('first') },
    read: (changed) => {
      const checked = checkConfig(changed, FILE);
      return checked.ok ? { ok: true, value: { config: checked.value, warnings: ['a warning'] } } : checked;
    },
    replace: async ({ routes }) => void taken.push(routes.map(({ name }) => name).join()),
    now: () => 1_800_000_000_000,
    log: { debug: line, info: line, warn: line, error: line },
    everyMs: 10,
    ...change,
  });
  onTestFinished(reload.stop);
  return { reload, taken, log };
}

describe('a config that is read again', () => {
  it('is taken when the file is replaced through symbolic links, as in a ConfigMap of Kubernetes', async () => {
    const folder = temporaryFolder();
    mkdirSync(join(folder, 'v1'));
    writeFileSync(join(folder, 'v1', FILE), text('first'));
    symlinkSync('v1', join(folder, '..data'));
    symlinkSync(join('..data', FILE), join(folder, FILE));
    const { reload, taken, log } = reloading(folder);
    reload.start();

    mkdirSync(join(folder, 'v2'));
    writeFileSync(join(folder, 'v2', FILE), text('second'));
    symlinkSync('v2', join(folder, '..data_tmp'));
    renameSync(join(folder, '..data_tmp'), join(folder, '..data'));
    rmSync(join(folder, 'v1'), { recursive: true });
    await eventually('the new config is in use', () => taken.length > 0);

    expect([taken, log]).toEqual([['second'], ['a warning', 'the config was read again and is in use']]);
    expect(reload.config().routes.map(({ name }) => name)).toEqual(['second']);
  });

  it('is refused when it is broken, until the file is right again; the one before stays', async () => {
    const folder = temporaryFolder();
    const path = join(folder, FILE);
    writeFileSync(path, text('first'));
    const { reload, taken, log } = reloading(folder);
    reload.start();
    writeFileSync(path, 'version: 2\nroutes: 7\n');
    await eventually('it is refused', () => reload.status().refused !== undefined);
    expect([taken, reload.config().routes[0]?.name]).toEqual([[], 'first']);
    expect(configTrouble(reload.status())).toBe(
      'wandb-relay.yaml was changed and is refused, so the config of 2027-01-15 08:00:00 UTC stays in use: ' +
        'wandb-relay.yaml:1:10: version: must be 1 (and 1 more). Correct the file',
    );
    await new Promise((resolve) => setTimeout(resolve, 60));
    expect(log).toEqual(['the config was changed and is refused: the one before stays in use']);

    writeFileSync(path, text('first'));
    await eventually('it is taken', () => reload.status().refused === undefined);
    expect([taken, configTrouble(reload.status())]).toEqual([['first'], undefined]);
  });

  it('is refused when the file is gone, and when a part of the receiver cannot work by it', async () => {
    const folder = temporaryFolder();
    const { reload } = reloading(folder, { replace: () => Promise.reject(new Error('the rule cannot be compiled')) });
    await reload.reload();
    expect(reload.status().refused?.problems).toEqual([expect.stringMatching(/^wandb-relay.yaml: there is no such file/)]);
    writeFileSync(join(folder, FILE), text('second'));
    await reload.reload();
    expect(reload.status().refused?.problems).toEqual(['wandb-relay.yaml: the rule cannot be compiled']);
    expect(reload.config().routes[0]?.name).toBe('first');
  });

  it('is not taken while somebody writes it: half a file may be a valid config', async () => {
    const folder = temporaryFolder();
    const path = join(folder, FILE);
    writeFileSync(path, text('first'));
    const { reload, taken } = reloading(folder, { everyMs: 40 });
    reload.start();
    for (let part = 0; part < 15; part++) {
      writeFileSync(path, text(`part-${part}`));
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    writeFileSync(path, text('whole'));
    await eventually('it is taken', () => taken.length > 0);
    expect(taken).toEqual(['whole']);
  });

  it('is read at once when somebody asks, changed or not', async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, FILE), text('first'));
    const { reload, taken } = reloading(folder);
    await reload.reload();
    expect(taken).toEqual(['first']);
  });
});
