import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';

/**
 * `node scripts/write-older-receiver.ts COMMIT`: writes the command line as it was at a commit to test/fixtures/older-receiver.mjs.gz, for
 * the test that runs it beside this one on one database. In one file, so that the test needs neither the history nor the network; without
 * the packages, which are those that are installed. Run it after each release, with the release's commit.
 */
const ROOT = join(import.meta.dirname, '..');
const commit = execFileSync('git', ['rev-parse', `${process.argv[2] ?? ''}^{commit}`], { cwd: ROOT, encoding: 'utf8' }).trim();
const folder = mkdtempSync(join(tmpdir(), 'older-receiver-'));
try {
  const archive = execFileSync('git', ['archive', commit, 'receiver', 'src', 'package.json', 'tsconfig.json'], {
    cwd: ROOT,
    maxBuffer: 256 * 1024 * 1024,
  });
  execFileSync('tar', ['x', '-C', folder], { input: archive });
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
  const { outputFiles } = await build({
    absWorkingDir: folder,
    entryPoints: ['receiver/cli/main.ts'],
    bundle: true,
    platform: 'node',
    target: 'node24',
    format: 'esm',
    packages: 'external',
    minify: true,
    legalComments: 'none',
    write: false,
  });
  const { version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { version: string };
  const code = `// wandb-relay ${version} at ${commit}\n${outputFiles[0]?.text.replace(/^#!.*\n/, '') ?? ''}`;
  writeFileSync(join(ROOT, 'test', 'fixtures', 'older-receiver.mjs.gz'), gzipSync(code, { level: 9 }));
  console.log(`test/fixtures/older-receiver.mjs.gz is wandb-relay ${version} at ${commit}`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
