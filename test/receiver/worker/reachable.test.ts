import { reset } from 'cloudflare:test';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { tellingNeverSent } from '../../../receiver/worker/reachable.ts';
import { neverSent } from '../../../src/lib/never-sent.ts';
import { aliasBody } from '../../stand-ins/wandb-sender.ts';
import { type Service, simulate } from './simulated-object.ts';

afterEach(async () => {
  vi.restoreAllMocks();
  await reset();
});

const LOST = Object.assign(new Error('Network connection lost.'), { retryable: true });
type Step = Response | Error;

/** A server that follows a script; which requests it got. */
function scripted(...steps: Step[]) {
  const asked: string[] = [];
  const clock = { now: 1_800_000_000_000 };
  const fetch: typeof globalThis.fetch = async (_input, init) => {
    asked.push(init?.method ?? 'GET');
    const step = steps.shift() ?? LOST;
    if (step instanceof Error) throw step;
    return step;
  };
  const send = tellingNeverSent(fetch, () => clock.now);
  const post = () => send('https://github.test/x', { method: 'POST', body: '{}' });
  return { asked, clock, post, get: () => send('https://github.test/x'), failure: () => post().catch((error: unknown) => error) };
}

describe('a request that changes something and got no answer', () => {
  test.each([
    ['a closed port', LOST],
    ['an unknown host or a failed TLS handshake', new Error('internal error; reference = 86lrj7bruh1eojeuf5pr8fcb')],
  ])('was never sent when nobody answers at all: %s', async (_what, error) => {
    const { asked, failure } = scripted(error, error);
    expect(neverSent(await failure())).toBe(true);
    expect(asked).toEqual(['POST', 'HEAD']);
  });

  test('may have been sent when the server is there', async () => {
    const { failure } = scripted(LOST, new Response(null, { status: 404 }));
    expect(await failure()).toBe(LOST);
  });

  test('may have been sent when the server was there a moment ago: it may have died over it', async () => {
    const { post, failure, clock, asked } = scripted(new Response(null, { status: 204 }), LOST, LOST, LOST, LOST);
    await post();
    clock.now += 59_000;
    expect(await failure()).toBe(LOST);
    clock.now += 2_000;
    expect(neverSent(await failure())).toBe(true);
    expect(asked).toEqual(['POST', 'POST', 'POST', 'HEAD']);
  });

  test('may have been sent when it took too long', async () => {
    const late = new DOMException('The operation was aborted due to timeout', 'TimeoutError');
    const { failure, asked } = scripted(late as Error);
    expect(await failure()).toBe(late);
    expect(asked).toEqual(['POST']);
  });

  test('one that changes nothing is not looked into', async () => {
    const { get, asked } = scripted(LOST);
    await expect(get()).rejects.toBe(LOST);
    expect(asked).toEqual(['GET']);
  });
});

describe('an answer of Cloudflare itself', () => {
  const answer = (status: number, server = 'cloudflare') => new Response('<html>', { status, headers: { server } });

  test.each([521, 523, 525, 526, 530])('%i says that nothing was sent', async (status) => {
    const { failure } = scripted(answer(status));
    const error = await failure();
    expect(neverSent(error)).toBe(true);
    expect(String(error)).toContain(`github.test`);
  });

  test.each([520, 522, 524, 500])('%i does not', async (status) => {
    expect((await scripted(answer(status)).post()).status).toBe(status);
  });

  test('a server that gives the same status is believed', async () => {
    expect((await scripted(answer(521, 'nginx')).post()).status).toBe(521);
  });
});

const CONFIG = `
version: 1
routes:
  - name: deploy
    on: { event: add_artifact_alias, alias: production }
    to:
      - repository_dispatch: { repository: acme/deploy, event_type: go }
`;

/** workerd's own failure. */
const at =
  (address: string): Service =>
  ({ method, body }) =>
    fetch(address, { method, ...(body === '' ? {} : { body }) });

describe('an attempt on workerd', () => {
  test.each([
    ['a closed port', 'http://127.0.0.1:1/'],
    ['an unknown host', 'http://no-such-host.invalid/'],
  ])('at %s has failed, and is not ambiguous', async (_what, address) => {
    await simulate({ config: CONFIG, services: { 'github.test': at(address) } }, async (object) => {
      const [id = ''] = await object.post(aliasBody('v1'));
      await object.until(async () => {
        const { attempts } = await object.delivery(id);
        expect(attempts).toMatchObject([{ outcome: 'failed', detail: expect.stringContaining('GitHub could not be reached') }]);
      });
    });
  });
});
