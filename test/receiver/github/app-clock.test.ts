import { generateKeyPairSync, verify } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { appCredentials } from '../../../receiver/github/app-credentials.ts';
import { redactorOf } from '../../../src/lib/redact.ts';
import { targetAt } from './github-in-test.ts';

const GITHUB_NOW = Date.UTC(2026, 10, 27, 12);
const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();

interface AppServer {
  /** GitHub's clock. */
  now: number;
  /** Requests, as method and path, and what was answered. */
  readonly seen: [string, number][];
  readonly bodies: Record<string, unknown>[];
  /** How the next dispatches are answered; 204 after that. */
  readonly answers: number[];
  /** The repository has this name now, and this id. */
  moved: { id: number; name: string } | undefined;
}

/** What GitHub says about a JWT, with its words (seen in @octokit/auth-app, `hook.ts`). */
function refusalOf(authorization: string | undefined, now: number): string | undefined {
  const [head = '', payload = '', signature = ''] = (authorization ?? '').replace(/^bearer /i, '').split('.');
  const isSigned = verify('RSA-SHA256', Buffer.from(`${head}.${payload}`), publicKey, Buffer.from(signature, 'base64url'));
  if (!isSigned) return 'A JSON web token could not be decoded';
  const { iat, exp } = JSON.parse(Buffer.from(payload, 'base64url').toString()) as { iat: number; exp: number };
  if (iat * 1000 > now) return "'Issued at' claim ('iat') must be an Integer representing the time that the assertion was issued";
  if (exp * 1000 <= now)
    return "'Expiration time' claim ('exp') must be a numeric value representing the future time at which the assertion expires";
  if (exp * 1000 > now + 10 * MINUTE) return "'Expiration time' claim ('exp') is too far in the future";
  return undefined;
}

async function gitHub() {
  const state: AppServer = { now: GITHUB_NOW, seen: [], bodies: [], answers: [], moved: undefined };
  const server = createServer((request, response) => {
    let text = '';
    request.on('data', (part) => {
      text += String(part);
    });
    request.on('end', () => {
      const body = text === '' ? {} : (JSON.parse(text) as Record<string, unknown>);
      state.bodies.push(body);
      const path = request.url ?? '';
      const answer = (status: number, content: unknown, headers: Record<string, string> = {}): void => {
        state.seen.push([`${request.method} ${path}`, status]);
        response.writeHead(status, { date: new Date(state.now).toUTCString(), 'content-type': 'application/json', ...headers });
        response.end(status === 204 ? undefined : JSON.stringify(content));
      };
      if (path.endsWith('/dispatches')) return answer(state.answers.shift() ?? 204, { message: 'Bad credentials' });
      const refusal = refusalOf(request.headers.authorization, state.now);
      if (refusal !== undefined) return answer(401, { message: refusal });
      const { moved } = state;
      if (path.endsWith('/installation')) {
        if (moved !== undefined && path.startsWith('/repos/'))
          return answer(301, {}, { location: `/repositories/${moved.id}/installation` });
        return answer(200, { id: 77 });
      }
      if (moved !== undefined && !Array.isArray(body.repository_ids))
        return answer(422, { message: 'There is at least one repository that does not exist' });
      return answer(201, {
        token: `t${state.seen.length}.a-b_c/d+e==${'x'.repeat(600)}`,
        expires_at: new Date(state.now + 60 * MINUTE).toISOString(),
      });
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const apiUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { state, apiUrl };
}

/** An App on a machine whose clock is so far ahead of GitHub's. */
async function appWithClock(ahead: number) {
  const { state, apiUrl } = await gitHub();
  const clock = { ahead };
  const now = () => state.now + clock.ahead;
  const lines: { message: string; fields: object }[] = [];
  const line = (fields: object, message: string) => void lines.push({ message, fields });
  const redactor = redactorOf([]);
  const credentials = appCredentials({ appId: '7', privateKey: pem, apiUrl, fetch, now, log: { warn: line, info: line }, redactor });
  const token = () => credentials.token('acme/deploy', { contents: 'write' });
  const { send } = targetAt(apiUrl, { credentials, now });
  return { state, clock, lines, redactor, token, send };
}

describe('a GitHub App on a machine with a wrong clock', () => {
  it.each([
    ['31 s ahead', 31 * SECOND, 'the clock of this machine is 31 s ahead of'],
    ['2 h ahead', 120 * MINUTE, 'the clock of this machine is 7200 s ahead of'],
    ['10 min behind', -10 * MINUTE, 'the clock of this machine is 600 s behind'],
    ['a day behind', -24 * 60 * MINUTE, 'the clock of this machine is 86400 s behind'],
  ])('signs with the time of GitHub, %s', async (_what, ahead, message) => {
    const { state, lines, send } = await appWithClock(ahead);
    expect(await send()).toMatchObject({ outcome: 'delivered' });
    expect(state.seen).toEqual([
      ['GET /repos/acme/deploy/installation', 401],
      ['GET /repos/acme/deploy/installation', 200],
      ['POST /app/installations/77/access_tokens', 201],
      ['POST /repos/acme/deploy/dispatches', 204],
    ]);
    expect(lines).toEqual([{ message: expect.stringContaining(message), fields: expect.anything() }]);
  });

  it.each([0, 20 * SECOND, -9 * MINUTE])('asks no second time when GitHub does not mind: %i ms', async (ahead) => {
    const { state, lines, token } = await appWithClock(ahead);
    await token();
    expect(state.seen.map(([, status]) => status)).toEqual([200, 201]);
    expect(lines).toEqual([]);
  });

  it('remembers the difference, and says once that it is gone', async () => {
    const { state, clock, lines, token } = await appWithClock(-10 * MINUTE);
    await token();
    state.now += 60 * MINUTE;
    await token();
    expect(state.seen.filter(([, status]) => status === 401)).toHaveLength(1);
    expect(lines).toHaveLength(1);
    clock.ahead = 0;
    state.now += 60 * MINUTE;
    await token();
    state.now += 60 * MINUTE;
    await token();
    expect(state.seen.filter(([, status]) => status === 401)).toHaveLength(2);
    expect(lines.map(({ message }) => message)).toEqual([
      expect.stringContaining('600 s behind'),
      "the clock of this machine agrees with GitHub's again",
    ]);
  });

  it.each([-10 * MINUTE, 3 * 60 * MINUTE])('uses a token for as long as it is good, by the clock that there is: %i ms', async (ahead) => {
    const { state, token } = await appWithClock(ahead);
    const first = await token();
    state.now += 57 * MINUTE;
    expect(await token()).toBe(first);
    state.now += 2 * MINUTE;
    expect(await token()).not.toBe(first);
  });

  it('does not trust a token that its clock was set back behind', async () => {
    const { clock, token } = await appWithClock(20 * SECOND);
    const first = await token();
    clock.ahead = -MINUTE;
    expect(await token()).not.toBe(first);
  });

  it('says that id and key do not belong together when that is so, and tries only once more', async () => {
    const { apiUrl, state } = await gitHub();
    const other = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
    const credentials = appCredentials({ appId: '7', privateKey: other, apiUrl, fetch, now: () => GITHUB_NOW - 60 * MINUTE });
    expect(await targetAt(apiUrl, { credentials }).send()).toMatchObject({ outcome: 'refused', status: 401 });
    expect(state.seen).toHaveLength(2);
  });
});

describe('a token of the App', () => {
  it('that is refused is tried again while it is young, and is dead after a minute', async () => {
    const { state, send } = await appWithClock(0);
    state.answers.push(401, 401, 401);
    expect(await send()).toMatchObject({ outcome: 'failed', status: 401, ambiguous: false });
    state.now += 59 * SECOND;
    expect(await send()).toMatchObject({ outcome: 'failed', status: 401, ambiguous: false });
    state.now += 2 * SECOND;
    expect(await send()).toMatchObject({ outcome: 'refused', status: 401 });
  });

  it('is redacted as soon as it is there, whatever it looks like, until it is worth nothing', async () => {
    const { state, redactor, token } = await appWithClock(0);
    const { token: first } = await token();
    expect(first.length).toBeGreaterThan(600);
    expect(redactor.text(`refused: ${first}.`)).toBe('refused: [redacted].');
    expect(redactor.text(JSON.stringify({ [first]: encodeURIComponent(first) }))).toBe('{"[redacted]":"[redacted]"}');
    expect(redactor.json({ a: first })).toEqual({ a: '[redacted]' });
    state.now += 59 * MINUTE;
    const { token: second } = await token();
    expect(redactor.text(`${first} ${second}`)).toBe('[redacted] [redacted]');
    state.now += 4 * 60 * MINUTE;
    await token();
    expect(redactor.text(first)).toBe(first);
  });

  it('is for the repository by its id when that has another name, also when it gets it later', async () => {
    const { state, token } = await appWithClock(0);
    await token();
    state.moved = { id: 1296269, name: 'acme/new' };
    state.now += 59 * MINUTE;
    await token();
    expect(state.seen.slice(2)).toEqual([
      ['POST /app/installations/77/access_tokens', 422],
      ['GET /repos/acme/deploy/installation', 301],
      ['GET /repositories/1296269/installation', 200],
      ['POST /app/installations/77/access_tokens', 201],
    ]);
    expect(state.bodies.at(-1)).toEqual({ repository_ids: [1296269], permissions: { contents: 'write' } });
  });
});
