import { describe, expect, it } from 'vitest';
import { hasTooManySubrequests, NeverSentError, neverSent } from '../../../src/lib/never-sent.ts';

const wrapped = (cause: unknown): Error => new Error('request failed', { cause: new TypeError('fetch failed', { cause }) });

describe('a request that never left', () => {
  it.each([
    ['because Node found nobody there', Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' })],
    ['because it was given up before', new NeverSentError('no connection was free')],
    [
      'because an invocation on Workers has sent too many',
      new Error(
        'Too many subrequests by single Worker invocation. To configure this limit, refer to https://developers.cloudflare.com/workers/wrangler/configuration/#limits',
      ),
    ],
    ['and the same in the words of an earlier runtime', new Error('Too many API requests by single Worker invocation.')],
  ])('is recognised, %s', (_why, error) => {
    expect(neverSent(error)).toBe(true);
    expect(neverSent(wrapped(error))).toBe(true);
  });

  it.each([
    ['a connection that was lost', new Error('Network connection lost.')],
    ['an error of the runtime', new Error('internal error; reference = 86lrj7bruh1eojeuf5pr8fcb')],
    ['a time limit', new DOMException('The operation was aborted due to timeout', 'TimeoutError')],
    ['words of a server', new Error('GitHub says: Too many subrequests')],
    ['no error', 'Too many subrequests by single Worker invocation.'],
  ])('is not %s', (_what, error) => {
    expect(neverSent(error)).toBe(false);
  });

  it('may be sent by another invocation only when the runtime refused it', () => {
    expect(hasTooManySubrequests(wrapped(new Error('Too many subrequests by single Worker invocation.')))).toBe(true);
    expect(hasTooManySubrequests(new NeverSentError('no connection was free'))).toBe(false);
  });
});
