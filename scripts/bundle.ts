import { join } from 'node:path';
import { build } from 'esbuild';

/** The Action's bundle, as it is committed in dist/. CommonJS, because the packages inside need `require` of Node's modules. */
export async function bundleAction(): Promise<string> {
  const root = join(import.meta.dirname, '..');
  const { outputFiles } = await build({
    absWorkingDir: root,
    entryPoints: ['src/action/main.ts'],
    bundle: true,
    platform: 'node',
    target: 'node24',
    format: 'cjs',
    // jsonc-parser's CommonJS build has dynamic imports that no bundler can follow.
    mainFields: ['module', 'main'],
    minify: true,
    legalComments: 'none',
    write: false,
    outfile: 'dist/index.cjs',
  });
  const [file] = outputFiles;
  if (file === undefined) throw new Error('esbuild returned no file');
  return file.text;
}
