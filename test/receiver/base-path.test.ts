import { execFileSync } from 'node:child_process';
import { describe, expect, onTestFinished, test } from 'vitest';
import { readEnvironment } from '../../receiver/environment.ts';
import { chunked, rawConnection, requestHead } from '../stand-ins/raw-http.ts';
import { startReceiver } from '../stand-ins/receiver-process.ts';
import { temporaryFolder } from '../stand-ins/temporary-folder.ts';
import { ENDPOINTS, listeningReceiver } from './endpoints-in-test.ts';

describe('BASE_PATH', () => {
  test.each([
    ['/relay', '/relay'],
    ['relay/', '/relay'],
    ['/ml/relay//', '/ml/relay'],
    ['/', ''],
    ['', ''],
  ])('%j means %j', (text, basePath) => {
    expect(readEnvironment({ BASE_PATH: text })).toMatchObject({ ok: true, value: { basePath } });
  });

  test.each(['https://relay.example.com/relay', '/re lay', '/a//b', '/../a', '/a?b', '/:id', '/*'])('refuses %j in one line', (text) => {
    const read = readEnvironment({ BASE_PATH: text });
    expect(read).toEqual({ ok: false, error: [expect.stringMatching(/^BASE_PATH: .* is not a path: set it to one such as \/relay/)] });
  });

  test.each(ENDPOINTS)('moves $path, in any framing', async ({ path, body, headers, accepted }) => {
    const { url } = await listeningReceiver({ basePath: '/ml/relay' });
    const connection = await rawConnection(url);
    const text = body();
    const head = requestHead(`/ml/relay${path}`, { ...headers(text), 'transfer-encoding': 'chunked' });
    connection.write(head + chunked(text));
    expect((await connection.answer()).status).toBe(accepted);
    connection.write(requestHead(path, { ...headers(text), 'content-length': String(text.length) }) + text);
    expect((await connection.answer()).status).toBe(404);
  });

  test('moves the admin API and the answers; health checks are at both', async () => {
    const { url } = await listeningReceiver({ basePath: '/relay', adminToken: 'an-admin-token-for-tests' });
    const status = async (path: string, init?: RequestInit) => (await fetch(`${url}${path}`, init)).status;
    for (const path of ['/healthz', '/readyz', '/relay/healthz', '/relay/readyz', '/relay/healthz/']) expect(await status(path)).toBe(200);
    const headers = { authorization: 'Bearer an-admin-token-for-tests' };
    expect([await status('/relay/api/status', { headers }), await status('/api/status', { headers })]).toEqual([200, 404]);
    expect([await status('/relay/webhooks/wandb'), await status('/webhooks/wandb'), await status('/relay')]).toEqual([405, 404, 404]);
    expect(await (await fetch(`${url}/relay/nothing`)).json()).toMatchObject({
      detail: expect.stringContaining('POST /relay/webhooks/wandb'),
    });
  });

  test('shows in what the receiver prints, so that it can be pasted', async () => {
    const sandbox = await startReceiver({ cwd: temporaryFolder(), environment: { BASE_PATH: '/relay' } });
    onTestFinished(async () => void (await sandbox.end('SIGKILL')));
    expect(sandbox.url).toMatch(/:\d+\/relay$/);
    const curl = sandbox.log.map(({ text }) => String(text)).find((line) => line.startsWith('curl '));
    expect(curl).toContain('/relay/webhooks/wandb');
    expect(JSON.parse(execFileSync('bash', ['-c', curl ?? ''], { encoding: 'utf8' }))).toMatchObject({ status: 'accepted' });
  });
});
