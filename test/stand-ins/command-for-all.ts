import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, statSync, utimesSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join, relative } from 'node:path';
import { commandFiles, writeFiles } from '../../scripts/bundle.ts';
import { BUILT_COMMAND, PROJECT } from './receiver-process.ts';

const BUILDS = join(PROJECT, 'node_modules', '.cache', 'built-command');

/** A build that no run has used for so long is removed. Milliseconds. */
const KEPT_MS = 24 * 60 * 60_000;

/**
 * Set up once for a run: the first test that starts the command line has it built as `npm run build` does, for all of them. It
 * starts in two thirds of the time that its sources take.
 */
export default async function builtCommandForAll(): Promise<() => void> {
  let main: Promise<string> | undefined;
  const http = createServer(async (_request, response) => {
    try {
      main ??= builtCommand();
      response.end(await main);
    } catch (error) {
      response.writeHead(500).end(String(error));
    }
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => http.once('listening', resolve));
  process.env[BUILT_COMMAND] = `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
  return () => {
    http.closeAllConnections();
    http.close();
  };
}

/**
 * Builds the command line of the sources as they are now, and returns the path of its main file. The folder's name is made of
 * what is in it, so that another run at the same time never finds half of it, and compiled code is found again.
 */
async function builtCommand(): Promise<string> {
  mkdirSync(BUILDS, { recursive: true });
  removeOldBuilds();
  const written = mkdtempSync(join(BUILDS, 'being-written-'));
  const { outputFiles } = await commandFiles(written);
  const hash = createHash('sha256');
  for (const { path, contents } of outputFiles) hash.update(relative(written, path)).update(contents);
  const folder = join(BUILDS, hash.digest('hex').slice(0, 16));
  if (existsSync(folder)) {
    rmSync(written, { recursive: true });
    utimesSync(folder, new Date(), new Date());
  } else {
    writeFiles(outputFiles);
    renameSync(written, folder);
  }
  return join(folder, 'receiver', 'cli', 'main.js');
}

function removeOldBuilds(): void {
  for (const name of readdirSync(BUILDS)) {
    const folder = join(BUILDS, name);
    const usedAt = statSync(folder, { throwIfNoEntry: false })?.mtimeMs ?? Date.now();
    if (usedAt < Date.now() - KEPT_MS) rmSync(folder, { recursive: true, force: true });
  }
}
