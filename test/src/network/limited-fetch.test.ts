import { describe, expect, it } from 'vitest';
import { limitedFetch, ResponseTooLongError } from '../../../src/network/limited-fetch.ts';
import { endlessServer } from '../../stand-ins/endless.ts';
import { scriptedServer } from '../../stand-ins/scripted-server.ts';

const MIB = 1024 * 1024;

describe('an answer that is read up to a limit', () => {
  it.each([false, true])('ends the connection when a success never ends (gzip: %s)', async (gzip) => {
    const server = await endlessServer({ status: 200, gzip });
    const request = limitedFetch(fetch, { maxBytes: MIB })(server.url);
    await expect(request).rejects.toThrow(ResponseTooLongError);
    await expect(request).rejects.toThrow('longer than 1024 KiB');
    await server.left;
    // What the sockets and the compression hold on the way; a gigabyte takes a second.
    expect(server.sent()).toBeLessThan(256 * MIB);
  });

  it.each([false, true])('keeps the status, and the beginning, of a refusal that never ends (gzip: %s)', async (gzip) => {
    const server = await endlessServer({ status: 403, gzip });
    const response = await limitedFetch(fetch, { maxBytes: MIB })(server.url);
    expect(response.status).toBe(403);
    expect(response.headers.get('content-encoding')).toBeNull();
    const text = await response.text();
    expect(text).toHaveLength(64 * 1024);
    expect(text).toMatch(/^\{"message":"x+$/);
    await server.left;
  });

  it('changes nothing about an answer within the limit', async () => {
    const body = 'x'.repeat(1_000);
    const server = await scriptedServer({ status: 201, headers: { 'x-a': 'b' }, body: { body } }, { status: 204 }, { status: 304 });
    const limited = limitedFetch(fetch, { maxBytes: 1_100 });
    const response = await limited(server.url, { method: 'POST', body: '{}' });
    expect([response.status, response.headers.get('x-a'), await response.json()]).toEqual([201, 'b', { body }]);
    expect([(await limited(server.url)).status, (await limited(server.url)).status]).toEqual([204, 304]);
  });

  it('accepts exactly as many bytes as the limit, and not one more', async () => {
    const server = await scriptedServer({ status: 200, body: 'x'.repeat(100) }, { status: 200, body: 'x'.repeat(101) });
    const limited = limitedFetch(fetch, { maxBytes: 100 });
    expect(await (await limited(server.url)).text()).toHaveLength(100);
    await expect(limited(server.url)).rejects.toThrow(ResponseTooLongError);
  });
});
