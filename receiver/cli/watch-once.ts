import { setTimeout as sleep } from 'node:timers/promises';
import { durationWords } from '../../src/lib/duration.ts';
import { composeParts } from '../compose.ts';
import type { ComposeOptions } from '../compose-context.ts';
import type { WatchReport } from '../engine/watch-status.ts';
import type { Watcher } from '../engine/watcher.ts';
import { createReceiver } from '../receiver.ts';
import type { DeliveryState } from '../store/delivery.ts';
import type { CommandIo, ExitCode } from './output.ts';

export interface WatchOnceOptions extends ComposeOptions {
  /** Resolves when the process is asked to stop. */
  readonly stopped: Promise<string>;
}

/** So long a lease may last that a process left behind when it was killed. Milliseconds. */
const LEASE_PATIENCE_MS = 25_000;
/** So long rounds go on while more was logged than one of them reads. Milliseconds. */
const CATCH_UP_MS = 5 * 60_000;
/** A retry that is due later than this is left to the next time. Milliseconds. */
const RETRY_PATIENCE_MS = 60_000;
/** And all of sending takes no longer. Milliseconds. */
const SENDING_MS = 5 * 60_000;
const PROGRESS_MS = 1_000;

/** Evaluates what is new in every project, sends what follows from it, and says in a few lines what that was. */
export async function watchOnce(io: CommandIo, { stopped, ...composed }: WatchOnceOptions): Promise<ExitCode> {
  const { store } = composed;
  const isFirst = (await store.engineProjects()).length === 0;
  const before = (await store.counts()).deliveries;
  const parts = await composeParts({ ...composed, wakeLater: () => undefined, startsSteady: true });
  const { watcher } = parts;
  if (watcher === undefined) throw new Error('automations are watched only with a key of W&B');
  const receiver = createReceiver(parts);
  const ending = new AbortController();
  void stopped.then((why) => ending.abort(new Error(why)));
  const endProgress = showProgress(io, watcher);
  try {
    await readAll(io, watcher, ending.signal);
    receiver.start();
    await sendAll(io, { ...composed, send: () => receiver.runOnce() }, ending.signal);
  } finally {
    endProgress();
    await receiver.stop(0);
  }
  const after = (await store.counts()).deliveries;
  return report(io, watcher, { before, after, isFirst });
}

/** Rounds until everything that is there is read, or another receiver turns out to read it. */
async function readAll(io: CommandIo, watcher: Watcher, signal: AbortSignal): Promise<void> {
  const since = io.now();
  for (;;) {
    await watcher.runOnce();
    const passed = io.now() - since;
    const reports = watcher.report();
    // Somebody else has the project, or has read it a moment ago.
    const waits = reports.some(({ rounds }) => rounds === 0) && passed < LEASE_PATIENCE_MS;
    const isBehind = reports.some(({ behindMs, problem }) => behindMs > 0 && problem === null) && passed < CATCH_UP_MS;
    const next = watcher.nextAt();
    if ((!waits && !isBehind) || next === undefined || signal.aborted) return;
    await pause(next - io.now(), signal);
  }
}

interface Sending extends Pick<ComposeOptions, 'store'> {
  readonly send: () => Promise<void>;
}

/** Sends until nothing is due soon. */
async function sendAll(io: CommandIo, { store, send }: Sending, signal: AbortSignal): Promise<void> {
  for (const since = io.now(); !signal.aborted; ) {
    await send();
    const next = await store.nextDueAt();
    const wait = (next ?? Number.POSITIVE_INFINITY) - io.now();
    if (wait > RETRY_PATIENCE_MS || io.now() - since >= SENDING_MS) return;
    await pause(wait, signal);
  }
}

async function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  await sleep(Math.max(0, milliseconds), undefined, { signal }).catch(() => undefined);
}

function showProgress(io: CommandIo, watcher: Watcher): () => void {
  const { progress } = io;
  if (progress === undefined) return () => undefined;
  const since = io.now();
  const timer = setInterval(() => {
    const read = watcher.report().filter(({ rounds }) => rounds > 0).length;
    progress(`${Math.round((io.now() - since) / 1000)} s: ${read} ${read === 1 ? 'project' : 'projects'} read`);
  }, PROGRESS_MS);
  return () => {
    clearInterval(timer);
    progress('');
  };
}

type Counted = Readonly<Partial<Record<DeliveryState, number>>>;

interface Outcome {
  readonly before: Counted;
  readonly after: Counted;
  /** Nothing was remembered. */
  readonly isFirst: boolean;
}

function report(io: CommandIo, watcher: Pick<Watcher, 'report' | 'unlisted'>, { before, after, isFirst }: Outcome): ExitCode {
  const reports = watcher.report();
  const unlisted = watcher.unlisted();
  for (const { entity, failure } of unlisted) io.print(`${entity}: its projects could not be listed: ${failure.message}`);
  for (const one of reports) io.print(reportLine(one, reports.length > 1));
  const more = (state: DeliveryState) => (after[state] ?? 0) - (before[state] ?? 0);
  const waiting = (after.pending ?? 0) + (after.in_flight ?? 0);
  const events = reports.reduce((sum, one) => sum + one.events, 0);
  const failed = more('dead');
  const parts = [
    `${events} ${events === 1 ? 'event' : 'events'}`,
    `${Math.max(0, more('delivered'))} sent`,
    ...(failed > 0 ? [`${failed} failed`] : []),
    ...((after.held ?? 0) > 0 ? [`${after.held} waiting for approval`] : []),
    ...(waiting > 0 ? [`${waiting} to be tried again the next time`] : []),
  ];
  io.print(parts.join(', '));
  const unread = reports.filter(({ problem }) => problem !== null).length;
  if (isFirst && unread < reports.length)
    io.print('This was the first look: runs and automations are known from now on, and nothing fires for what was there before.');
  if (unread === reports.length) return 1;
  return unread + unlisted.length > 0 || failed > 0 ? 4 : 0;
}

/** @param isOneOfMany the events of a single project are those of all, which are counted below */
function reportLine({ project, problem, isElsewhere, live, behindMs, events }: WatchReport, isOneOfMany: boolean): string {
  if (isElsewhere) return `${project}: another receiver watches it`;
  if (problem !== null) return `${project}: not read whole: ${problem}`;
  const late = behindMs > 0 ? `; ${durationWords(behindMs)} behind: the next time goes on` : '';
  const counted = isOneOfMany ? `, ${events} ${events === 1 ? 'event' : 'events'}` : '';
  return `${project}: ${live} ${live === 1 ? 'run goes on' : 'runs go on'}${counted}${late}`;
}
