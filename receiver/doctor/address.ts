import { messageOf } from '../../src/lib/error-message.ts';
import { type Check, checksOf } from './check.ts';

export interface AddressOptions {
  /** As W&B reaches the receiver, such as `https://relay.example.com`. */
  readonly url: string;
  readonly fetch: typeof fetch;
  /** GitHub's webhooks are taken, too. */
  readonly fromGitHub: boolean;
  readonly signal: AbortSignal;
}

/**
 * Whether the receiver answers at its public address as those who send to it need it. What is sent is not signed, so the receiver
 * refuses it, and nothing is stored.
 */
export async function checkAddress({ url, fetch, fromGitHub, signal }: AddressOptions): Promise<Check[]> {
  const { username = '', password = '' } = URL.parse(url) ?? {};
  if (username !== '' || password !== '')
    return [
      checksOf('url', new URL(url).host)(
        'problem',
        'has a user and a password in it, which W&B does not send: write the address without them',
      ),
    ];
  const check = checksOf('url', url);
  if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol))
    return [check('problem', 'is not an address: write it as https://relay.example.com')];
  const base = url.replace(/\/+$/, '');
  const send = (path: string, init: RequestInit = {}) => fetch(`${base}${path}`, { ...init, redirect: 'manual', signal });
  try {
    const ready = await send('/readyz');
    const trouble = await unlikeReceiver(ready, [200, 503]);
    if (trouble !== undefined) return [check('problem', trouble)];
    const checks = [readiness(ready.status)];
    for (const path of ['/webhooks/wandb', ...(fromGitHub ? ['/webhooks/github'] : [])]) {
      const answer = await send(path, { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{}' });
      const wrong = await unlikeReceiver(answer, [401]);
      checks.push(wrong === undefined ? ['ok', `${path} refuses what is not signed`] : ['problem', `POST ${path} ${wrong}`]);
    }
    if (new URL(url).protocol === 'http:') checks.push(['warning', 'is not encrypted: W&B would send events in the clear; use https']);
    return checks.map(([state, detail]) => check(state, detail));
  } catch (error) {
    return [check('problem', `cannot be reached from here: ${reasonOf(error)}`)];
  }
}

function readiness(status: number): [Check['state'], string] {
  return status === 200 ? ['ok', 'is ready'] : ['problem', 'answers that it is not ready: GET /readyz says why'];
}

/** Why an answer is not the receiver's; `undefined`: it is. */
async function unlikeReceiver(answer: Response, expected: readonly number[]): Promise<string | undefined> {
  await answer.body?.cancel();
  const { status } = answer;
  if (status >= 300 && status < 400)
    return `is answered with a redirect (${status}), which W&B does not follow: use the address that it leads to`;
  if (!/\bjson\b/.test(answer.headers.get('content-type') ?? ''))
    return `is answered with ${status} and no JSON: something else is there, or a proxy in between answers`;
  return expected.includes(status) ? undefined : `is answered with ${status}: is BASE_PATH part of the address?`;
}

function reasonOf(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause.message : '';
  return cause === '' ? messageOf(error) : cause;
}
