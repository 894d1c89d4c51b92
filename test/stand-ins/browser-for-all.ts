import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { BrowserServer } from 'playwright-core';
import type { TestProject } from 'vitest/node';
import { findChromium, launchOptions, NO_CHROMIUM } from '../../scripts/find-chromium.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    /** Answers with the address of the Chromium that all test files of a run share. */
    sharedBrowser: string;
  }
}

/** Set up once for a run: the first test file that asks starts the browser, and the end of the run closes it. */
export default async function browserForAll(project: TestProject): Promise<() => Promise<void>> {
  let server: Promise<BrowserServer> | undefined;
  const http = createServer(async (_request, response) => {
    try {
      server ??= start();
      response.end((await server).wsEndpoint());
    } catch (error) {
      response.writeHead(500).end(String(error));
    }
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => http.once('listening', resolve));
  project.provide('sharedBrowser', `http://127.0.0.1:${(http.address() as AddressInfo).port}`);
  return async () => {
    http.closeAllConnections();
    http.close();
    await (await server?.catch(() => undefined))?.close();
  };
}

async function start(): Promise<BrowserServer> {
  const program = findChromium();
  if (program === undefined) throw new Error(NO_CHROMIUM);
  const { chromium } = await import('playwright-core');
  return chromium.launchServer(launchOptions(program));
}
