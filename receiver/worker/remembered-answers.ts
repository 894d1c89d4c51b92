import { unavailable } from './unavailable.ts';
import { within } from './within.ts';

/** Nobody waits longer for an answer to another's question. Milliseconds. */
const LIMIT_MS = 5_000;

/** Asks a source at most once in a time, whoever asks and how often: anyone may, and it wakes an object. */
export type RememberedAnswers = (source: string, ask: () => Promise<Response>) => Promise<Response>;

interface Remembered {
  readonly since: number;
  readonly answer: Promise<{ readonly status: number; readonly headers: [string, string][]; readonly body: string }>;
}

/**
 * @param now milliseconds since 1970
 * @param rememberedMs how long an answer counts
 */
export function rememberedAnswers(now: () => number, rememberedMs: number): RememberedAnswers {
  const remembered = new Map<string, Remembered>();
  return async (source, ask) => {
    const known = remembered.get(source);
    const age = known === undefined ? Number.POSITIVE_INFINITY : now() - known.since;
    // A clock that was set back makes an answer older than nothing.
    const isFresh = age >= 0 && age < rememberedMs;
    const current = known !== undefined && isFresh ? known : { since: now(), answer: ask().then(copied) };
    remembered.set(source, current);
    // With a timer of its own: the runtime ends a request that only waits for another request's work.
    const answer = await within(LIMIT_MS, current.answer);
    return answer === undefined ? unavailable() : new Response(answer.body, { status: answer.status, headers: answer.headers });
  };
}

async function copied(response: Response): Awaited<Remembered>['answer'] {
  return { status: response.status, headers: [...response.headers], body: await response.text() };
}
