import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type BuildOptions, build } from 'esbuild';
import { licenseTexts } from './licenses.ts';

const ROOT = join(import.meta.dirname, '..');

const COMMON = {
  absWorkingDir: ROOT,
  bundle: true,
  platform: 'node',
  target: 'node24',
  // jsonc-parser's CommonJS build has dynamic imports that no bundler can follow.
  mainFields: ['module', 'main'],
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

/** The packages inside that are CommonJS ask for Node's modules with `require`. Its name may be in a chunk already. */
const REQUIRE = "import { createRequire as requireOfBundle } from 'node:module';\nconst require = requireOfBundle(import.meta.url);";

/**
 * Writes the command line with the packages that it uses into `folder`: `receiver/cli/main.js`, chunks that are loaded when they
 * are needed, and the licenses of what is inside. Not minified: stacks and auditors can read it, and it starts no faster minified
 * (measured).
 */
export async function bundleCommand(folder: string): Promise<void> {
  rmSync(join(folder, 'chunks'), { recursive: true, force: true });
  const { metafile } = await build({
    ...COMMON,
    entryPoints: { 'receiver/cli/main': 'receiver/cli/main.ts' },
    format: 'esm',
    splitting: true,
    outdir: folder,
    chunkNames: 'chunks/[name]-[hash]',
    metafile: true,
    banner: { js: REQUIRE },
    // pg asks for it and goes on without it.
    external: ['pg-native'],
  });
  writeFileSync(join(folder, 'THIRD-PARTY-LICENSES.txt'), licenseTexts(ROOT, Object.keys(metafile.inputs)));
}
