import { execFile } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { bundleCommand } from '../scripts/bundle.ts';
import { PROJECT, startReceiver } from './stand-ins/receiver-process.ts';
import { temporaryFolder } from './stand-ins/temporary-folder.ts';

const run = promisify(execFile);
/** Files that a receiver reads until it listens; each takes a third of a millisecond. */
const MOST_FILES = 20;

/** This very Node first on the path. */
const env = { PATH: `${dirname(process.execPath)}:${process.env.PATH}`, HOME: process.env.HOME };
/** npm also needs what this machine says of proxies and certificates, and nothing of the npm that runs these tests. */
const npmEnv = { ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('npm_'))), ...env };

describe('the package', () => {
  it('installed into an empty folder, gives a working command', { timeout: 240_000 }, async () => {
    const folder = temporaryFolder();
    const packed = await run('npm', ['pack', '--json', '--pack-destination', folder], { cwd: PROJECT, env: npmEnv });
    const [{ filename, files }] = JSON.parse(packed.stdout) as [{ filename: string; files: { path: string }[] }];
    const paths = files.map((file) => file.path);
    expect(paths).toContain('build/receiver/cli/main.js');
    expect(paths).toContain('examples/wandb-relay.yaml');
    expect(paths.filter((path) => path.startsWith('test/') || path.endsWith('.db'))).toEqual([]);

    writeFileSync(join(folder, 'package.json'), '{"private":true}');
    await run('npm', ['install', '--prefer-offline', '--no-audit', '--no-fund', join(folder, filename)], { cwd: folder, env: npmEnv });
    const command = join(folder, 'node_modules', '.bin', 'wandb-relay');
    const { version } = JSON.parse(readFileSync(join(PROJECT, 'package.json'), 'utf8')) as { version: string };
    expect((await run(command, ['--version'], { cwd: folder, env })).stdout.trim()).toBe(version);

    const example = join(folder, 'node_modules', 'wandb-relay', 'examples', 'wandb-relay.yaml');
    expect((await run(command, ['validate', '--config', example], { cwd: folder, env })).stdout).toContain('ok (5 routes');

    const serving = run(command, ['serve'], { cwd: folder, env: { ...env, PORT: '0' } });
    let printed = '';
    serving.child.stdout?.on('data', (text: string) => {
      printed += text;
      if (printed.includes('"msg":"listening"') && !serving.child.killed) serving.child.kill('SIGTERM');
    });
    expect((await serving).stdout).toContain('"msg":"stopped"');

    // The builders, as a config in TypeScript imports them: Node runs it as it is.
    const source = `import { automation, config, doNothing, onLinkArtifact, project } from 'wandb-relay/builders';
const made: { name: string } = automation({ name: 'a', event: onLinkArtifact(project('train')), action: doNothing() });
console.log(JSON.stringify(config({ entity: 'acme', automations: [made as never] })));`;
    writeFileSync(join(folder, 'wandb-relay.config.mts'), source);
    const rendered = await run(process.execPath, ['wandb-relay.config.mts'], { cwd: folder, env });
    expect(JSON.parse(rendered.stdout)).toMatchObject({ version: 1, automations: [{ scope: { project: 'train' } }] });

    // And as the command runs them, where nothing is installed, with the place of a mistake.
    const elsewhere = temporaryFolder();
    const wrong = `import { automation, config, doNothing, onLinkArtifact, project } from 'wandb-relay/builders';
export default config({
  entity: 'acme',
  automations: [automation({ name: ' a ', event: onLinkArtifact(project('train')), action: doNothing() })],
});`;
    writeFileSync(join(elsewhere, 'wandb-relay.config.ts'), wrong);
    await expect(run(command, ['validate', '--config', 'wandb-relay.config.ts'], { cwd: elsewhere, env })).rejects.toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^wandb-relay\.config\.ts:4:17: .*must not begin or end with a space/),
    });
  });

  it('has everything that it loads in it, with the licenses', { timeout: 240_000 }, async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'package.json'), '{"type":"module","version":"0.0.0"}');
    await bundleCommand(folder);
    const chunks = readdirSync(join(folder, 'chunks'));
    const load = `for (const chunk of ${JSON.stringify(chunks)}) await import('${pathToFileURL(folder).href}/chunks/' + chunk);`;
    expect(chunks.length).toBeGreaterThan(50);
    expect((await run(process.execPath, ['--input-type=module', '-e', load], { cwd: folder, env })).stderr).toBe('');
    // A receiver starts with a few of them: a change of imports may break the parts into many again.
    const loaded = join(folder, 'loaded.txt');
    const config =
      'version: 1\nroutes: [{ name: r, on: { event: run_state }, to: [{ repository_dispatch: { repository: acme/a, event_type: go } }] }]\n';
    writeFileSync(join(folder, 'wandb-relay.yaml'), config);
    const hook = join(PROJECT, 'test', 'stand-ins', 'report-loaded.ts');
    const relay = await startReceiver({
      cwd: folder,
      environment: { LOADED_MODULES: loaded, GITHUB_TOKEN: 'a-token-for-tests', WANDB_WEBHOOK_SECRET: 'a-secret-for-tests' },
      nodeOptions: ['--import', hook],
      main: join(folder, 'receiver', 'cli', 'main.js'),
    });
    await relay.end('SIGTERM');
    const files = readFileSync(loaded, 'utf8')
      .split('\n')
      .filter((line) => line.includes(pathToFileURL(folder).href));
    expect(files.length).toBeGreaterThan(3);
    expect(files.length).toBeLessThanOrEqual(MOST_FILES);
    const licenses = readFileSync(join(folder, 'THIRD-PARTY-LICENSES.txt'), 'utf8');
    // All of zod would be half a megabyte of languages, which each start reads.
    expect(chunks.filter((chunk) => readFileSync(join(folder, 'chunks', chunk), 'utf8').includes('zod/v4/locales/de.js'))).toEqual([]);
    for (const name of ['hono', 'pg', 'liquidjs', '@slack/bolt', '@octokit/rest', 'zod', 'pino'])
      expect(licenses).toMatch(new RegExp(`^${name} \\d`, 'm'));
  });
});
