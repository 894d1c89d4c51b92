import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';
import { parse } from 'jsonc-parser';
import type { Vite } from 'vitest/node';

const BOLT = '@slack/bolt/dist/App.js';
const BUNDLED = '\0bundled-bolt';

/**
 * Bolt as it is in the Worker's bundle: in one piece, and without what wrangler.jsonc leaves out (`alias`). In pieces it loads
 * Node's parts that workerd does not have.
 */
export function bundledBolt(root: string): Vite.Plugin {
  return {
    name: 'bundled-bolt',
    enforce: 'pre',
    resolveId: (id) => (id === BOLT ? BUNDLED : undefined),
    load: async (id) => {
      if (id !== BUNDLED) return undefined;
      const { alias } = parse(readFileSync(join(root, 'wrangler.jsonc'), 'utf8')) as { alias: Record<string, string> };
      const { outputFiles } = await build({
        absWorkingDir: root,
        entryPoints: [BOLT],
        bundle: true,
        format: 'esm',
        platform: 'node',
        alias: Object.fromEntries(Object.entries(alias).map(([name, file]) => [name, join(root, file)])),
        banner: { js: `import { createRequire } from 'node:module'; const require = createRequire('file:///');` },
        write: false,
      });
      return outputFiles[0]?.text;
    },
  };
}
