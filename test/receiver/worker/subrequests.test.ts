import { describe, expect, test } from 'vitest';
import { countSubrequests } from '../../../receiver/worker/subrequests.ts';
import { neverSent } from '../../../src/lib/never-sent.ts';

/** What Cloudflare throws (seen in logs of Workers). */
const REFUSAL =
  'Too many subrequests by single Worker invocation. To configure this limit, refer to https://developers.cloudflare.com/workers/wrangler/configuration/#limits';

/** A platform that really refuses, and counts invocations. */
function platform({ limit = 3, believed = 3 }: { limit?: number; believed?: number } = {}) {
  const seen = { sent: 0, refused: 0, asked: 0 };
  let left = limit;
  const fetch = async () => {
    if (left === 0) {
      seen.refused += 1;
      throw new Error(REFUSAL);
    }
    left -= 1;
    seen.sent += 1;
    return new Response('x');
  };
  const subrequests = countSubrequests({
    fetch,
    limit: believed,
    askForInvocation: () => {
      seen.asked += 1;
    },
  });
  const invoke = (fresh = limit): void => {
    left = fresh;
    subrequests.renew();
  };
  return { seen, subrequests, invoke };
}

const turn = () => new Promise((resolve) => setTimeout(resolve));

describe('the requests of an invocation', () => {
  test('stop before the limit, and go on in the next one', async () => {
    const { seen, subrequests, invoke } = platform();
    const all = Array.from({ length: 7 }, () => subrequests.fetch('http://x/'));
    await turn();
    expect(seen).toMatchObject({ sent: 3, refused: 0 });
    expect(seen.asked).toBeGreaterThan(0);
    await subrequests.spent();
    invoke();
    await turn();
    expect(seen.sent).toBe(6);
    invoke();
    expect((await Promise.all(all)).map(({ status }) => status)).toEqual(Array(7).fill(200));
    expect(seen.refused).toBe(0);
  });

  test('do not ask for another one when they are just enough', async () => {
    const { seen, subrequests } = platform();
    await Promise.all(Array.from({ length: 3 }, () => subrequests.fetch('http://x/')));
    expect(seen.asked).toBe(0);
  });

  test('are fewer where the platform says so: what it refused is sent in the next one', async () => {
    const { seen, subrequests, invoke } = platform({ limit: 2, believed: 50 });
    const all = Array.from({ length: 4 }, () => subrequests.fetch('http://x/'));
    await turn();
    expect(seen).toMatchObject({ sent: 2 });
    invoke();
    await Promise.all(all);
    expect(seen.sent).toBe(4);
  });

  test('are not waited for for ever: what is refused in three of them fails, and was never sent', async () => {
    const { seen, subrequests, invoke } = platform({ limit: 0, believed: 50 });
    const failed = subrequests.fetch('http://x/').catch((error: unknown) => error);
    for (let time = 0; time < 3; time++) {
      await turn();
      invoke();
    }
    expect(neverSent(await failed)).toBe(true);
    expect(seen).toMatchObject({ sent: 0, refused: 3 });
  });

  test('what is ended while it waits was never sent', async () => {
    const { seen, subrequests } = platform({ limit: 0, believed: 0 });
    const aborter = new AbortController();
    const failed = subrequests.fetch('http://x/', { signal: aborter.signal }).catch((error: unknown) => error);
    await turn();
    aborter.abort();
    expect(neverSent(await failed)).toBe(true);
    expect(seen).toMatchObject({ sent: 0, refused: 0 });
  });

  test('whoever waits for the end of them hears of it, also when a new invocation came in between', async () => {
    const { subrequests, invoke } = platform();
    const spent = subrequests.spent();
    await Promise.all(Array.from({ length: 3 }, () => subrequests.fetch('http://x/')));
    invoke();
    const more = Array.from({ length: 4 }, () => subrequests.fetch('http://x/'));
    await spent;
    invoke();
    await Promise.all(more);
  });
});
