import type { Octokit } from '@octokit/rest';
import type { DispatchRequest } from '../../src/route/target.ts';
import type { PriorResult, SearchContext, TimeWindow } from '../outbox/target.ts';
import { MOST_RUNS, type RunSearch, runPages } from './run-pages.ts';

/** GitHub's clock and ours differ by less; where its answer says otherwise, that counts. Milliseconds. */
const CLOCK_MARGIN_MS = 5 * 60_000;
/** GitHub creates a run so long after its dispatch at most, on a bad day. Milliseconds. */
const LATE_RUN_MS = 15 * 60_000;
/** A difference that the margin is there for; a larger one widens the search. Milliseconds. */
const NOTICEABLE_MS = 60_000;

/**
 * Looks for the run whose title holds the delivery's id, among those that were created when it may have been sent: in a busy
 * repository nobody finds it among all runs since. The workflow puts the id there with `run-name`
 * (`${{ github.event.client_payload.delivery_id }}`); a workflow that does not cannot be recognised.
 *
 * @param now the clock of this machine, by which the times in `context` are
 */
export async function findPriorRun(
  client: Octokit,
  request: DispatchRequest,
  context: SearchContext,
  now: () => number,
): Promise<PriorResult> {
  const workflow = request.kind === 'workflow_dispatch' ? request.workflow : null;
  const place = { repository: request.repository, event: request.kind, workflow };
  if (context.sentWithin.length === 0) return (await searchIn(client, { ...place, since: context.runsSince }, context, now)).result;
  let difference = 0;
  let windows = searchWindows(context, difference);
  const results: PriorResult[] = [];
  for (let window = windows.shift(); window !== undefined; window = windows.shift()) {
    const search = { ...place, since: window.from, until: window.to };
    const { result, aheadMs } = await searchIn(client, search, context, now);
    if (result.outcome === 'found') return result;
    if (difference === 0 && Math.abs(aheadMs) > NOTICEABLE_MS) {
      difference = aheadMs;
      windows = searchWindows(context, difference);
    } else results.push(result);
  }
  return results.find(({ outcome }) => outcome === 'unknowable') ?? { outcome: 'not_found' };
}

/** @returns also how far GitHub's clock is ahead of ours, in milliseconds, as far as its answer says so */
async function searchIn(
  client: Octokit,
  search: RunSearch,
  { deliveryId }: SearchContext,
  now: () => number,
): Promise<{ result: PriorResult; aheadMs: number }> {
  let aheadMs = 0;
  for await (const { runs, last, headers } of runPages(client, search)) {
    const run = runs.find((candidate) => candidate.display_title.includes(deliveryId));
    if (run !== undefined) return { result: { outcome: 'found', run: { id: String(run.id), url: run.html_url } }, aheadMs };
    aheadMs = Date.parse(headers.date ?? '') - now() || 0;
    if (last) return { result: { outcome: 'not_found' }, aheadMs };
  }
  return { result: { outcome: 'unknowable', detail: `more than ${MOST_RUNS} runs have started since` }, aheadMs };
}

/**
 * The windows to search in, by GitHub's clock, latest first. The clocks may have agreed when it was sent, whatever they say
 * now: a window holds both.
 *
 * @param difference how far GitHub's clock is ahead of ours, in milliseconds
 */
function searchWindows({ runsSince, sentWithin }: SearchContext, difference: number): TimeWindow[] {
  const windows = sentWithin.map(({ from, to }) => ({
    from: Math.max(from - CLOCK_MARGIN_MS, runsSince) + Math.min(difference, 0),
    to: to + LATE_RUN_MS + Math.max(difference, 0),
  }));
  return joined(windows).reverse();
}

/** Windows that overlap become one; oldest first. */
function joined(windows: readonly TimeWindow[]): TimeWindow[] {
  const all: TimeWindow[] = [];
  for (const window of windows.toSorted((a, b) => a.from - b.from)) {
    const before = all.at(-1);
    if (before === undefined || window.from > before.to) all.push(window);
    else all[all.length - 1] = { from: before.from, to: Math.max(before.to, window.to) };
  }
  return all;
}
