import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { otherNamespaces, readDefinitions } from '../../../src/sync/definitions.ts';
import { temporaryFolder } from '../../stand-ins/temporary-folder.ts';

const CONFIG = 'version: 1\nentity: acme\nautomations: []\n';

/** A checkout with these files. */
function checkout(files: Readonly<Record<string, string>>, git = ''): string {
  const top = temporaryFolder();
  for (const [name, text] of Object.entries({ '.git/config': git, ...files })) {
    mkdirSync(dirname(join(top, name)), { recursive: true });
    writeFileSync(join(top, name), text);
  }
  return top;
}

const namespaceIn = async (cwd: string, ...patterns: string[]) => {
  const config = await readDefinitions(cwd, patterns);
  if (!config.ok) throw new Error(JSON.stringify(config.error));
  return config.value.namespace;
};

describe('the namespace of a config', () => {
  const files = { 'ml/a/x.yaml': CONFIG, 'ml/a/y.yaml': CONFIG, 'ml/b/z.yaml': CONFIG, 'wandb-relay.yaml': CONFIG };

  it.each([
    ['', ['wandb-relay.yaml'], 'wandb-relay.yaml'],
    ['ml', ['../wandb-relay.yaml'], 'wandb-relay.yaml'],
    ['', ['ml/a/x.yaml'], 'ml/a/x.yaml'],
    ['ml/a', ['x.yaml'], 'ml/a/x.yaml'],
    ['ml/b', ['../a/x.yaml'], 'ml/a/x.yaml'],
    ['', ['ml/a/*.yaml'], 'ml/a'],
    ['ml/a', ['*.yaml'], 'ml/a'],
    ['', ['ml/*/*.yaml'], 'ml'],
    ['', ['ml/a/x.yaml', 'wandb-relay.yaml'], '.'],
  ])('is its path in the repository, also from %s: %j', async (cwd, patterns, namespace) => {
    const top = checkout(files);
    expect(await namespaceIn(join(top, cwd), ...patterns)).toBe(namespace);
    expect(await namespaceIn('/', ...patterns.map((pattern) => join(top, cwd, pattern)))).toBe(namespace);
  });

  it('is the one that a file declares', async () => {
    const declared = checkout({ 'a.yaml': `namespace: ours\n${CONFIG}`, 'b.yaml': CONFIG });
    expect(await namespaceIn(declared, '*.yaml')).toBe('ours');
  });

  it('without git counts from GITHUB_WORKSPACE, else from the working directory', async () => {
    const folder = temporaryFolder();
    mkdirSync(join(folder, 'ops'));
    writeFileSync(join(folder, 'ops', 'x.yaml'), CONFIG);
    for (const [workspace, namespace] of [
      [folder, 'ops/x.yaml'],
      [join(folder, 'elsewhere'), 'x.yaml'],
      [undefined, 'x.yaml'],
    ] as const) {
      const config = await readDefinitions(join(folder, 'ops'), ['x.yaml'], { code: 'run', workspace });
      expect(config.ok && config.value.namespace).toBe(namespace);
    }
  });
});

describe('whether a config of the checkout has a namespace', () => {
  const use = (files: Readonly<Record<string, string>>, namespace: string, own = ['new.yaml']) =>
    otherNamespaces(checkout({ 'new.yaml': CONFIG, ...files }), own, undefined)(namespace);

  it.each([
    ['its file is gone', {}, 'old.yaml', 'free'],
    ['its file is a config', { 'old.yaml': CONFIG }, 'old.yaml', 'held'],
    ['its file is no config any more', { 'old.yaml': 'jobs: {}\n' }, 'old.yaml', 'free'],
    ['its file declares another', { 'old.yaml': `namespace: x\n${CONFIG}` }, 'old.yaml', 'free'],
    ['another file declares it', { 'x/y.yml': `namespace: old\n${CONFIG}` }, 'old', 'held'],
    ['its file cannot be read as YAML', { 'old.yaml': `${CONFIG}a: [` }, 'old.yaml', 'held'],
    [
      'code may declare it',
      { 'x.ts': "import { config } from 'wandb-relay/builders';\nexport default config({ namespace: 'old' });" },
      'old',
      'held',
    ],
    [
      'code does not name it',
      { 'x.ts': "import { config } from 'wandb-relay/builders';\nexport default config({ namespace: 'new' });" },
      'old',
      'free',
    ],
    ['its folder has several configs', { 'ml/a.yaml': CONFIG, 'ml/b.yaml': CONFIG }, 'ml', 'held'],
    ['its folder has one config', { 'ml/a.yaml': CONFIG }, 'ml', 'free'],
    ['its folder is gone', { 'other/a.yaml': CONFIG }, 'ml', 'free'],
    ['the top has several other configs', { 'ml/a.yaml': CONFIG, 'b.yaml': CONFIG }, '.', 'held'],
    ['only a dependency has it', { 'node_modules/x/old.yaml': CONFIG }, 'old.yaml', 'free'],
  ] as const)('%s', (_what, files, namespace, expected) => {
    expect(use(files as Readonly<Record<string, string>>, namespace)).toBe(expected);
  });

  it('is free for a file that is now one of several of the config', () => {
    expect(use({ 'old.yaml': CONFIG }, 'old.yaml', ['*.yaml'])).toBe('free');
  });

  it('is unknown without a whole checkout', () => {
    expect(otherNamespaces(checkout({ 'new.yaml': CONFIG }, '[core]\n\tsparseCheckout = true\n'), ['new.yaml'], undefined)('old')).toBe(
      'unknown',
    );
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'plan.json'), JSON.stringify({ version: 1, namespace: 'a' }));
    expect(otherNamespaces(folder, ['plan.json'], folder)('old')).toBe('unknown');
  });
});
