import { copyFileSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { workerConfig } from '../../scripts/worker-config.ts';
import { projectCopy } from '../stand-ins/project-copy.ts';
import { PROJECT } from '../stand-ins/receiver-process.ts';
import { run } from '../stand-ins/run-program.ts';
import { temporaryFolder } from '../stand-ins/temporary-folder.ts';

const VALID = 'version: 1\nroutes:\n  - name: only-mine\n    on: { event: run_state }\n    to: [slack: { channel: "#c" }]\n';

/** `npm run deploy:worker -- --dry-run`, with what `npm run` adds to the path. */
async function deploy(project: string, words: readonly string[] = [], own: { cwd?: string; environment?: Record<string, string> } = {}) {
  const script = join(project, 'scripts', 'deploy-worker.ts');
  const environment = { WRANGLER_LOG_PATH: temporaryFolder(), ...own.environment };
  const { code, stdout, stderr } = await run(process.execPath, [script, '--dry-run', ...words], {
    cwd: own.cwd ?? project,
    environment,
  });
  return { code, stdout, problems: stderr.trim().split('\n') };
}

describe('npm run deploy:worker', () => {
  it('needs a config, checks it, and bundles nothing before it is valid', async () => {
    const project = projectCopy();
    const config = join(project, 'wandb-relay.yaml');
    const nothing = { code: 1, stdout: '' };

    expect(await deploy(project)).toEqual({
      ...nothing,
      problems: [expect.stringMatching(/^There is no wandb-relay\.yaml in .*a relay: write it .*nothing was bundled$/)],
    });

    writeFileSync(config, 'version: 1\nroutes: [\n');
    expect(await deploy(project)).toEqual({
      ...nothing,
      problems: [expect.stringMatching(/^wandb-relay\.yaml:3:1: not valid YAML: /), 'wandb-relay.yaml has 1 problem: nothing was bundled'],
    });

    writeFileSync(config, 'version: 1\nroutes:\n  - nam: deploy\n');
    expect(await deploy(project)).toEqual({
      ...nothing,
      problems: expect.arrayContaining([
        'wandb-relay.yaml:3:5: routes[0].nam: unknown key (did you mean "name"?)',
        'wandb-relay.yaml has 3 problems: nothing was bundled',
      ]),
    });
  });

  it('bundles the config and passes its arguments to wrangler, wherever it is called from', async () => {
    const project = projectCopy();
    writeFileSync(join(project, 'wandb-relay.yaml'), VALID);
    const outdir = temporaryFolder();

    const { code, stdout } = await deploy(project, ['--outdir', outdir], { cwd: temporaryFolder() });

    expect([code, stdout]).toEqual([0, expect.stringContaining('--dry-run: exiting now.')]);
    expect(bundleIn(outdir)).toContain('only-mine');
    // What was written for wrangler is gone.
    expect(readdirSync(join(project, '.wrangler')).filter((name) => name.startsWith('script-'))).toEqual([]);
  });
});

it('npm run deploy needs no config: it begins with one that has no routes', async () => {
  const { scripts } = JSON.parse(readFileSync(join(PROJECT, 'package.json'), 'utf8')) as { scripts: Record<string, string> };
  expect(scripts.deploy).toMatch(/ node scripts\/deploy-worker\.ts --starter$/);
  const project = projectCopy();

  const { code, stdout, problems } = await deploy(project, ['--starter']);

  expect([code, problems]).toEqual([0, ['']]);
  expect(stdout).toMatch(/^Deploying with examples\/workers\/wandb-relay\.yaml: .* has no routes/);
});

it('wrangler itself checks the config, too; in Workers Builds it begins with one that has no routes', async () => {
  const project = projectCopy();
  const script = join(project, 'scripts', 'write-worker-config.ts');
  const { build } = JSON.parse(readFileSync(join(project, 'wrangler.jsonc'), 'utf8').replace(/^\s*\/\/.*$/gm, '')) as {
    build: { command: string };
  };
  expect(build.command).toBe('node scripts/write-worker-config.ts');

  const without = await run(process.execPath, [script], { cwd: project });
  const inBuilds = await run(process.execPath, [script], { cwd: project, environment: { WORKERS_CI: '1' } });

  expect(without).toMatchObject({ code: 1, stderr: expect.stringMatching(/^There is no wandb-relay\.yaml in .*\n$/) });
  expect(inBuilds).toEqual({ code: 0, stdout: '', stderr: '' });
  const copied = readFileSync(join(project, '.wrangler', 'config', 'wandb-relay.yaml'), 'utf8');
  expect(copied).toBe(readFileSync(join(PROJECT, 'examples', 'workers', 'wandb-relay.yaml'), 'utf8'));
});

describe('the config of a Worker', () => {
  const at = (root: string, variables = {}, folders = [root]) => workerConfig({ root, folders, variables });

  it.each(['wandb-relay.yml', 'wandb-relay.json', 'wandb-relay.config.ts'])('is not %s, unless it is named', async (name) => {
    const root = temporaryFolder();
    writeFileSync(join(root, name), name.endsWith('.ts') ? 'export default { version: 1 };' : '{ "version": 1 }');

    expect(await at(root)).toEqual({
      ok: false,
      error: [`There is no wandb-relay.yaml in ${root}, but a ${name}: rename it, or set RELAY_CONFIG=${name}`],
    });
    expect(await at(root, { RELAY_CONFIG: name })).toMatchObject({ ok: true, value: { name } });
  });

  it('may be TypeScript: what it renders to is bundled', async () => {
    const root = temporaryFolder();
    writeFileSync(join(root, 'mine.ts'), `export default { version: 1, routes: [], entity: 'my-' + 'team' };`);

    const config = await at(root, { RELAY_CONFIG: 'mine.ts' });

    expect(config).toMatchObject({ ok: true, value: { text: expect.stringContaining('"entity": "my-team"') } });
    expect(config.ok && config.value.module).toMatch(/^export default "\{.*my-team/);
  });

  it('is looked for in the folder of the process, then where npm was called', async () => {
    const [root, caller] = [temporaryFolder(), temporaryFolder()];
    copyFileSync(join(PROJECT, 'examples', 'wandb-relay.yaml'), join(caller, 'mine.yaml'));

    expect(await at(root, { RELAY_CONFIG: 'mine.yaml' }, [root, caller])).toMatchObject({
      ok: true,
      value: { name: join(caller, 'mine.yaml') },
    });
    const { error } = (await at(root, { RELAY_CONFIG: 'other.yaml' }, [root, caller])) as { error: string[] };
    expect(error).toEqual([
      `RELAY_CONFIG is "other.yaml", but there is no file ${join(root, 'other.yaml')} or ${join(caller, 'other.yaml')}: nothing was bundled`,
    ]);
  });
});

function bundleIn(folder: string): string {
  return readdirSync(folder)
    .filter((name) => !name.endsWith('.map'))
    .map((name) => readFileSync(join(folder, name), 'utf8'))
    .join('\n');
}
