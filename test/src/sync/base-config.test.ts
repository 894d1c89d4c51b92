import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ConfigPlace, readBaseConfig } from '../../../src/sync/base-config.ts';
import { type CommitFiles, gitFiles } from '../../../src/sync/commit-files.ts';
import { repositoryTop } from '../../../src/sync/repository-top.ts';
import { temporaryFolder } from '../../stand-ins/temporary-folder.ts';

const route = (name: string) => `version: 1\nroutes:\n  - { name: ${name}, on: {}, to: [{ slack: { channel: "#x" } }] }\n`;

let top = '';
let files: CommitFiles;
beforeAll(async () => {
  top = mkdtempSync(join(tmpdir(), 'wandb-relay-test-'));
  const write = (name: string, text: string) => {
    mkdirSync(join(top, name, '..'), { recursive: true });
    writeFileSync(join(top, name), text);
  };
  write('infra/a.yaml', route('a'));
  write('infra/b.yaml', route('b'));
  write('infra/odd [name].yaml', route('c'));
  write('infra/broken.yaml', 'version: 1\nroutes: 3\n');
  write('infra/config.ts', 'throw new Error("it ran")');
  const git = (...words: string[]) =>
    execFileSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@example.com', ...words], { cwd: top, stdio: 'pipe' });
  git('init', '-q');
  git('add', '.');
  git('commit', '-qm', 'first');
  const found = await gitFiles(top, 'HEAD');
  if (!found.ok) throw new Error(found.error);
  files = found.value;
});

afterAll(() => rmSync(top, { recursive: true, force: true }));

const place = (folder: string, ...patterns: string[]): ConfigPlace => ({
  patterns,
  cwd: folder,
  top: repositoryTop(folder, folder, undefined),
});
const names = (base: Awaited<ReturnType<typeof readBaseConfig>>) =>
  'unknown' in base ? base.unknown : (base.config?.routes.map(({ name }) => name) ?? 'no config');

describe('the config at a commit', () => {
  it.each([
    [['a.yaml'], ['a']],
    [
      ['a.yaml', './b.yaml', 'a.yaml'],
      ['a', 'b'],
    ],
    [['[ab].yaml'], ['a', 'b']],
    [['../*/{a,b}.yaml'], ['a', 'b']],
    [['new.yaml'], 'no config'],
    [['new.yaml', 'b.yaml'], ['b']],
    [['config.ts'], 'infra/config.ts is code, and code of another commit is not run'],
    [['broken.yaml'], expect.stringMatching(/^the config at [0-9a-f]{7} is not valid for this version: infra\/broken\.yaml:2:9: /)],
    [['../../elsewhere.yaml'], '../../elsewhere.yaml is outside of the repository'],
  ])('%j', async (patterns, wanted) => {
    expect(names(await readBaseConfig(files, place(join(top, 'infra'), ...patterns)))).toEqual(wanted);
  });

  it('is found through a symbolic link', async () => {
    const link = join(temporaryFolder(), 'link');
    symlinkSync(join(top, 'infra'), link);
    expect(names(await readBaseConfig(files, place(link, 'a.yaml')))).toEqual(['a']);
  });

  it('is unknown for a file that a job made', async () => {
    expect(names(await readBaseConfig(files, place(top, 'definitions.json'), files))).toBe(
      'definitions.json is not in the repository, so its earlier content is unknown',
    );
  });
});

describe('a commit that the checkout does not have', () => {
  it('is an error, whatever its name is', async () => {
    for (const name of ['nowhere', '--help', 'a'.repeat(40)]) {
      expect(await gitFiles(top, name)).toMatchObject({ ok: false, error: expect.stringContaining('has no commit') });
    }
    expect(await gitFiles(temporaryFolder(), 'HEAD')).toMatchObject({ ok: false });
  });
});
