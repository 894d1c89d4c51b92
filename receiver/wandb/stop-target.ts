import { isLive, type RunSnapshot } from '../../src/engine/run.ts';
import type { ReadFailure, RunReader } from '../../src/engine/run-reader.ts';
import { oneLine } from '../../src/event/one-line.ts';
import { err, ok, type Result } from '../../src/lib/result.ts';
import type { StopRequest } from '../../src/route/target.ts';
import type { PriorResult, SendContext, SendResult, Target } from '../outbox/target.ts';
import type { Runtime } from '../runtime.ts';

export interface StopTargetOptions extends Pick<Runtime, 'now'> {
  readonly reader: Pick<RunReader, 'runsNamed' | 'runsSince' | 'stop'>;
}

/** Without a time of W&B's own everything that uses the key waits so long after a refusal for being too fast. Milliseconds. */
const LIMITED_MS = 60_000;
/** Where a server refuses to look for a display name, the latest runs are looked through, up to so many: twenty pages. */
const MOST_LISTED = 2_000;

/**
 * Stops a run at W&B (`stopRun`), gracefully: its process ends within about half a minute, when it next asks W&B. The run is
 * looked up right before. Only the one run that the event is about is stopped, and only while it is running; one that has ended
 * is no failure. Stopping a run again changes nothing.
 */
export function stopTarget({ reader, now }: StopTargetOptions): Target<StopRequest> {
  const send = async (request: StopRequest, { signal }: SendContext): Promise<SendResult> => {
    const found = await findRun(reader, request, signal);
    if (!found.ok) return typeof found.error === 'string' ? refused(found.error) : failureOf(found.error, request, now, false);
    const run = found.value;
    const name = nameOf(run, request);
    if (!isLive(run)) return endedAlready(run, name);
    if (run.state !== 'running') return refused(`${name} is ${oneLine(run.state)}, not running: it was not stopped`);
    const stopped = await reader.stop({ id: run.id }, signal);
    if (!stopped.ok) {
      // It may have ended this moment.
      const again = stopped.error.kind === 'refused' ? await findRun(reader, request, signal) : undefined;
      if (again?.ok === true && !isLive(again.value)) return endedAlready(again.value, name);
      return failureOf(stopped.error, request, now, true);
    }
    return { outcome: 'delivered', status: 200, run: null, detail: `asked W&B to stop ${name}` };
  };

  const findPrior = async (request: StopRequest, { signal }: SendContext): Promise<PriorResult> => {
    const found = await findRun(reader, request, signal);
    if (found.ok && !isLive(found.value)) {
      const state = oneLine(found.value.state);
      return { outcome: 'found', run: null, detail: `${nameOf(found.value, request)} has ended (${state}); nothing more was sent` };
    }
    if (!found.ok && typeof found.error !== 'string') {
      const failure = failureOf(found.error, request, now, false);
      if (failure.outcome === 'failed' || failure.outcome === 'limited') return failure;
    }
    // What else there is to say, sending says.
    return { outcome: 'not_found' };
  };

  return { send, findPrior };
}

/** The one run that is meant, or why it is not known. */
async function findRun(
  reader: StopTargetOptions['reader'],
  { entity, project, run, is_id: isId }: StopRequest,
  signal: AbortSignal,
): Promise<Result<RunSnapshot, string | ReadFailure>> {
  const where = { entity, project };
  const byId = await reader.runsNamed(where, [run], { signal });
  if (!byId.ok) return byId;
  const found = new Map(byId.value.filter(({ name }) => name === run).map((one) => [one.id, one]));
  if (!isId) {
    const filter = { displayName: run };
    const namesakes = await reader.runsSince(where, { since: 0, filter, limit: MOST_LISTED, signal });
    if (!namesakes.ok) return namesakes;
    if (namesakes.value.length >= MOST_LISTED) return err(tooMany(entity, project, run));
    for (const one of namesakes.value) if (one.displayName === run) found.set(one.id, one);
  }
  const [only, ...others] = found.values();
  const place = oneLine(`${entity}/${project}`);
  if (only === undefined) return err(`there is no run ${oneLine(run)} in ${place}, or the key may not see it: nothing was stopped`);
  if (others.length === 0) return ok(only);
  const ids = [only, ...others].slice(0, 5).map(({ name }) => oneLine(name));
  return err(
    `${others.length + 1} runs in ${place} are called ${oneLine(run)} (${ids.join(', ')}${others.length > 4 ? ', …' : ''}): W&B's webhook does not say which one fired, so none was stopped`,
  );
}

/** Another run of that name may be further back, and it may be the one. */
function tooMany(entity: string, project: string, run: string): string {
  const place = oneLine(`${entity}/${project}`);
  return `this server lists runs, and does not look for a name; ${place} has more than are looked through (${MOST_LISTED}), so it is not certain which run is called ${oneLine(run)}: none was stopped. Stop it at W&B`;
}

function endedAlready(run: RunSnapshot, name: string): SendResult {
  const note = `had ended already (${oneLine(run.state)})`;
  return { outcome: 'delivered', status: null, run: null, note, detail: `${name} ${note}: there was nothing to stop` };
}

function refused(detail: string): SendResult {
  return { outcome: 'refused', status: null, detail };
}

/** `acme/train/abc123 (nightly-1)`. */
function nameOf({ name, displayName }: RunSnapshot, { entity, project }: StopRequest): string {
  const called = displayName === '' || displayName === name ? '' : ` (${displayName})`;
  return oneLine(`${entity}/${project}/${name}${called}`);
}

/** @param asked W&B was asked to stop the run, and not only about it */
function failureOf(
  { kind, message, retryAt }: ReadFailure,
  { entity, project }: StopRequest,
  now: () => number,
  asked: boolean,
): SendResult {
  const place = oneLine(`${entity}/${project}`);
  switch (kind) {
    case 'limited':
      return { outcome: 'limited', status: 429, detail: message, until: retryAt ?? now() + LIMITED_MS };
    case 'unavailable':
      return {
        outcome: 'failed',
        status: null,
        detail: message,
        ambiguous: asked,
        ...(retryAt === undefined ? {} : { notBefore: retryAt }),
      };
    case 'missing':
      return refused(message);
    case 'refused':
      return refused(
        asked
          ? `the run was not stopped: ${message}. The user or service account of WANDB_API_KEY must be allowed to write to ${place} (role Member or Admin; View-Only is not enough)`
          : `the run could not be looked up: ${message}. Check WANDB_API_KEY, and that it may read ${place}`,
      );
  }
}
