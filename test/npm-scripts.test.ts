import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { PROJECT } from './stand-ins/receiver-process.ts';
import { run } from './stand-ins/run-program.ts';
import { temporaryFolder } from './stand-ins/temporary-folder.ts';

const { scripts } = JSON.parse(readFileSync(join(PROJECT, 'package.json'), 'utf8')) as { scripts: Record<string, string> };

/** A checkout as it is after an installation that left packages out; the scripts find the sources, and nothing else. */
function checkout(packages: readonly string[]): string {
  const folder = temporaryFolder();
  for (const name of packages) mkdirSync(join(folder, 'node_modules', name), { recursive: true });
  mkdirSync(join(folder, 'receiver', 'cli'), { recursive: true });
  for (const file of ['package.json', 'receiver/cli/ready.cjs']) copyFileSync(join(PROJECT, file), join(folder, file));
  return folder;
}

/** Makes this Node say that it is an older one. */
function olderNode(version: string): string {
  const file = join(temporaryFolder(), 'older-node.cjs');
  writeFileSync(
    file,
    `Object.defineProperty(process, 'version', { value: 'v${version}' });
Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '${version}' } });`,
  );
  return `--require=${file}`;
}

/**
 * What a script prints when the shell runs it, as npm has it do (npm documentation, `npm run`: `sh -c`). What an npm that the
 * script runs says itself is left out.
 */
async function printed(folder: string, script: string, environment: Readonly<Record<string, string>> = {}) {
  const { code, stdout, stderr } = await run('sh', ['-c', scripts[script] ?? ''], {
    cwd: folder,
    environment: { npm_config_loglevel: 'silent', ...environment },
  });
  return { code, lines: `${stdout}${stderr}`.trim().split('\n') };
}

describe('every npm script says in one sentence', () => {
  const names = Object.keys(scripts);

  it.each(names)('%s: that this Node is too old', async (name) => {
    const found = await printed(checkout(['commander', 'vitest']), name, { NODE_OPTIONS: olderNode('20.20.2') });
    expect(found).toEqual({
      code: 1,
      lines: [expect.stringMatching(/^wandb-relay needs Node 24 or newer; this is v20\.20\.2\. Run "npm ci/)],
    });
  });

  it.each(names)('%s: that packages are not installed', async (name) => {
    const found = await printed(checkout([]), name);
    expect(found).toEqual({
      code: 1,
      lines: [expect.stringMatching(/^The packages that wandb-relay needs are not installed: run "npm ci"/)],
    });
  });

  it.each(names.filter((name) => !['start', 'relay', 'generate'].includes(name)))(
    '%s: that it needs development packages',
    async (name) => {
      const found = await printed(checkout(['commander']), name, { NODE_ENV: 'production' });
      expect(found).toEqual({
        code: 1,
        lines: [expect.stringMatching(/^The development packages are not installed .*: run "npm ci --include=dev"/)],
      });
    },
  );
});

it('npm itself runs them like that, and adds nothing', async () => {
  const { code, stdout, stderr } = await run('npm', ['run', '--silent', 'test'], { cwd: checkout([]) });
  expect({ code, stdout, stderr }).toEqual({
    code: 1,
    stdout: '',
    stderr: expect.stringMatching(/^The packages that wandb-relay needs are not installed: run "npm ci"[^\n]*\n$/),
  });
});

it('the installed command says so, too', async () => {
  const source = readFileSync(join(PROJECT, 'receiver', 'cli', 'main.ts'), 'utf8');
  expect(source.split('\n')[0]).toBe('#!/usr/bin/env node');
  const main = join(PROJECT, 'receiver', 'cli', 'main.ts');
  const found = await run(process.execPath, [main, 'serve'], {
    cwd: temporaryFolder(),
    environment: { NODE_OPTIONS: olderNode('22.1.0') },
  });
  expect(found).toEqual({
    code: 1,
    stdout: '',
    stderr: expect.stringMatching(/^wandb-relay needs Node 24 or newer; this is v22\.1\.0\. .*\n$/),
  });
});
