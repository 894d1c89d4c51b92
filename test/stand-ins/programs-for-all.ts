import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, statSync, utimesSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { build } from 'esbuild';
import { bundleCommand } from '../../scripts/bundle.ts';
import { BUILT_PROGRAMS, COMMAND, PROJECT } from './receiver-process.ts';

const BUILDS = join(PROJECT, 'build-tests');

/** A build that no run has used for so long is removed. Milliseconds. */
const KEPT_MS = 24 * 60 * 60_000;

/**
 * Set up once for a run: a program that tests start is built with its packages when the first of them asks, as `npm run build`
 * builds the command line. It starts in a third to two thirds of the time that its sources take.
 */
export default async function programsForAll(): Promise<() => void> {
  const built = new Map<string, Promise<string>>();
  const http = createServer(async ({ url = '' }, response) => {
    try {
      const { searchParams } = new URL(url, 'http://localhost');
      const main = built.get(url) ?? builtProgram(searchParams.get('source') ?? '', searchParams.getAll('external'));
      built.set(url, main);
      response.end(await main);
    } catch (error) {
      response.writeHead(500).end(String(error));
    }
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => http.once('listening', resolve));
  removeOldBuilds();
  process.env[BUILT_PROGRAMS] = `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
  return () => {
    http.closeAllConnections();
    http.close();
  };
}

/**
 * Builds a program of the sources as they are now, and returns the path of its main file. The folder's name is made of what is
 * in it, so that another run at the same time never finds half of it, and compiled code is found again.
 */
async function builtProgram(source: string, external: readonly string[]): Promise<string> {
  mkdirSync(BUILDS, { recursive: true });
  const written = mkdtempSync(join(BUILDS, 'being-written-'));
  if (source === COMMAND && external.length === 0) await bundleCommand(written);
  else await bundle(written, source, external);
  const folder = join(BUILDS, digestOf(written));
  try {
    renameSync(written, folder);
  } catch {
    // It is there: the same was built before.
    rmSync(written, { recursive: true });
    utimesSync(folder, new Date(), new Date());
  }
  return join(folder, source.replace(/\.ts$/, '.js'));
}

/** A small program of the tests, or the command line with packages outside of it. */
async function bundle(folder: string, source: string, external: readonly string[]): Promise<void> {
  await build({
    absWorkingDir: PROJECT,
    entryPoints: { [source.replace(/\.ts$/, '')]: source },
    outdir: folder,
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node24',
    // The CommonJS build of jsonc-parser cannot be bundled.
    mainFields: ['module', 'main'],
    banner: { js: "import { createRequire as requireOfBundle } from 'node:module';\nconst require = requireOfBundle(import.meta.url);" },
    external: ['pg-native', ...external],
  });
}

function digestOf(folder: string): string {
  const hash = createHash('sha256');
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  for (const path of files.map(({ parentPath, name }) => join(parentPath, name)).sort()) {
    hash.update(path.slice(folder.length)).update(readFileSync(path));
  }
  return hash.digest('hex').slice(0, 16);
}

function removeOldBuilds(): void {
  mkdirSync(BUILDS, { recursive: true });
  for (const name of readdirSync(BUILDS)) {
    const folder = join(BUILDS, name);
    const usedAt = statSync(folder, { throwIfNoEntry: false })?.mtimeMs ?? Date.now();
    if (usedAt < Date.now() - KEPT_MS) rmSync(folder, { recursive: true, force: true });
  }
}
