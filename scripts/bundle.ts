import { chmodSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { type BuildOptions, build } from 'esbuild';
import { rolldown } from 'rolldown';
import { licenseTexts } from './licenses.ts';

const ROOT = join(import.meta.dirname, '..');

/** jsonc-parser's CommonJS build has dynamic imports that no bundler can follow. */
const MAIN_FIELDS = ['module', 'main'];

const COMMON = {
  absWorkingDir: ROOT,
  bundle: true,
  platform: 'node',
  target: 'node24',
  mainFields: MAIN_FIELDS,
  legalComments: 'none',
} as const satisfies BuildOptions;

/** What is committed in dist/. */
export interface ActionBundle {
  readonly code: string;
  /** The licenses of the packages in it. */
  readonly licenses: string;
}

/** The Action's bundle. CommonJS, because the packages inside need `require` of Node's modules. */
export async function bundleAction(): Promise<ActionBundle> {
  const { outputFiles, metafile } = await build({
    ...COMMON,
    entryPoints: ['src/action/main.ts'],
    format: 'cjs',
    minify: true,
    write: false,
    metafile: true,
    outfile: 'dist/index.cjs',
  });
  const [file] = outputFiles;
  if (file === undefined) throw new Error('esbuild returned no file');
  return { code: file.text, licenses: licenseTexts(ROOT, Object.keys(metafile.inputs)) };
}

/**
 * Parts that are one file each, with all that they import and that no part before them has. Opening, linking and starting a hundred
 * small files took a third of the start of a receiver (measured). A command loads the first and what it needs of the others.
 */
const PARTS = [
  { name: 'command', test: /\/receiver\/cli\/node-io\.ts$/ },
  { name: 'config', test: /\/receiver\/(cli\/load-config|config-checks|environment)\.ts$/ },
  { name: 'store', test: /\/receiver\/cli\/open-store\.ts$/ },
  // Commands, too, ask the API, without a server.
  { name: 'http', test: /\/receiver\/(admin\/guard|http\/request-body)\.ts$|\/hono\/dist\/index\.js$/ },
  { name: 'serve', test: /\/receiver\/cli\/serve\.ts$/ },
];

/**
 * Writes the command line with the packages that it uses into `folder`: `receiver/cli/main.js`, chunks that are loaded when they
 * are needed, and the licenses of what is inside. Not minified: stacks and auditors can read it, and it starts no faster minified
 * (measured).
 */
export async function bundleCommand(folder: string): Promise<void> {
  rmSync(join(folder, 'chunks'), { recursive: true, force: true });
  const bundle = await rolldown({
    cwd: ROOT,
    input: { 'receiver/cli/main': 'receiver/cli/main.ts' },
    platform: 'node',
    transform: { target: 'node24' },
    resolve: { mainFields: MAIN_FIELDS },
    // pg asks for it and goes on without it.
    external: ['pg-native'],
    // Some modules belong to a part, and to a smaller one where that is loaded alone.
    checks: { ineffectiveDynamicImport: false },
  });
  const { output } = await bundle.write({
    dir: folder,
    format: 'esm',
    entryFileNames: '[name].js',
    chunkFileNames: 'chunks/[name]-[hash].js',
    comments: { legal: false },
    topLevelVar: true,
    codeSplitting: { groups: PARTS.map((part, index) => ({ ...part, priority: PARTS.length - index })) },
  });
  await bundle.close();
  chmodSync(join(folder, 'receiver', 'cli', 'main.js'), 0o755);
  const modules = output.flatMap((file) => (file.type === 'chunk' ? file.moduleIds : []));
  writeFileSync(
    join(folder, 'THIRD-PARTY-LICENSES.txt'),
    licenseTexts(
      ROOT,
      modules.map((id) => relative(ROOT, id)),
    ),
  );
}
