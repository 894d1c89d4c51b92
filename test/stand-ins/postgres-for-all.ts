import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestProject } from 'vitest/node';
import { type PostgresServer, startPostgres } from './postgres.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    /** Answers with the URL of the PostgreSQL that all test files of a run share. */
    sharedPostgres: string;
  }
}

/** Every test file has stores of its own on it, at the same time. */
const MAX_CONNECTIONS = 400;

/** Set up once for a run: the first test file that asks starts the server, and the end of the run removes it. */
export default async function postgresForAll(project: TestProject): Promise<() => Promise<void>> {
  let server: Promise<PostgresServer> | undefined;
  const http = createServer(async (_request, response) => {
    try {
      server ??= startPostgres({ maxConnections: MAX_CONNECTIONS });
      response.end((await server).url);
    } catch (error) {
      response.writeHead(500).end(String(error));
    }
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => http.once('listening', resolve));
  project.provide('sharedPostgres', `http://127.0.0.1:${(http.address() as AddressInfo).port}`);
  return async () => {
    http.closeAllConnections();
    http.close();
    await (await server?.catch(() => undefined))?.remove();
  };
}
