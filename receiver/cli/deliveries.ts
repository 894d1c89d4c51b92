import { parseDuration } from '../../src/lib/duration.ts';
import { actsAs } from '../admin/api-parts.ts';
import { pageState } from '../admin/components/delivery-advice.ts';
import { nameProblem } from '../admin/person-name.ts';
import type { Counted } from '../store/approvals.ts';
import { DELIVERY_STATES, type DeliveryState, type DeliveryView } from '../store/delivery.ts';
import type { DeliveryFilter } from '../store/page.ts';
import type { ChangeResult } from '../store/store.ts';
import { type AdminTarget, withAdmin } from './admin-access.ts';
import { type CommandIo, type ExitCode, formatTime, renderTable } from './output.ts';

export interface ListOptions extends AdminTarget {
  readonly states: readonly string[];
  /** A duration such as `24h`. */
  readonly since: string | undefined;
  readonly limit: number;
  readonly json: boolean;
}

/** `wandb-relay deliveries`: the deliveries with their states and reasons. */
export function listDeliveries(io: CommandIo, options: ListOptions): Promise<ExitCode> | ExitCode {
  const filter = readFilter(io, options.states, options.since, options.limit);
  if (typeof filter === 'string') return refuse(io, filter);
  return withAdmin(io, options, async (admin) => {
    const deliveries = await admin.deliveries(filter);
    if (options.json) {
      io.printDocument(JSON.stringify(deliveries, null, 2));
      return 0;
    }
    if (deliveries.length === 0) {
      io.print(
        options.states.length === 0 ? 'There are no deliveries yet.' : `There are no deliveries in state ${options.states.join(' or ')}.`,
      );
      return 0;
    }
    const [throttles, pauses] = await Promise.all([admin.throttles(io.now()), admin.pauses()]);
    const rows = deliveries.map((delivery) => {
      const { createdAt, route, target, attempts, id } = delivery;
      return [formatTime(createdAt), pageState(delivery, throttles, pauses), route, target, String(attempts), id, noteOf(delivery)];
    });
    io.print(...renderTable(['CREATED (UTC)', 'STATE', 'ROUTE', 'TARGET', 'TRIES', 'ID', 'NOTE'], rows));
    for (const { credential, until, reason } of throttles) {
      io.print('', `Throttled until ${formatTime(until)} (UTC): all deliveries with credential ${credential}. ${reason}`);
    }
    for (const { scope, by, at } of pauses) {
      const what = scope.kind === 'everything' ? 'everything' : `${scope.kind} ${scope.name}`;
      io.print('', `Paused since ${formatTime(at)} (UTC) by ${by}: ${what}. "wandb-relay resume" sends it.`);
    }
    if (deliveries.length === options.limit) io.print(`The newest ${options.limit}; see more with --limit.`);
    return 0;
  });
}

/** A delivery's note in the table: its run with the conclusion, or the reason of its state. */
function noteOf({ run, runUrl, reason }: DeliveryView): string {
  if (run?.status === 'missing') return 'no run appeared: see its notes';
  const ended = run?.status === 'completed' ? `${run.conclusion ?? 'ended'} ` : '';
  return runUrl === null ? (reason ?? '') : `${ended}${runUrl}`;
}

/** `wandb-relay deliveries ID`: one delivery with its request and every attempt. */
export function showDelivery(io: CommandIo, id: string, { json, ...target }: AdminTarget & { readonly json: boolean }): Promise<ExitCode> {
  return withAdmin(io, target, async (admin) => {
    const found = await admin.delivery(id);
    if (found === undefined) return refuse(io, `${id}: there is no such delivery`);
    if (json) {
      io.printDocument(JSON.stringify(found, null, 2));
      return 0;
    }
    const { delivery, attempts, notes } = found;
    const event = await admin.event(delivery.eventId);
    const facts: [string, string | null][] = [
      ['delivery', delivery.id],
      ['event', `${delivery.eventId} (${event?.event.type ?? 'no longer stored'})`],
      ['route', delivery.route],
      ['target', delivery.target],
      ['state', pageState(delivery, await admin.throttles(io.now()), await admin.pauses())],
      ['reason', delivery.reason],
      ['created', formatTime(delivery.createdAt)],
      ['next try', delivery.dueAt === null ? null : formatTime(delivery.dueAt)],
      ['run', delivery.runUrl],
      ['ended', delivery.run?.conclusion ?? null],
    ];
    for (const [name, value] of facts) if (value !== null) io.print(`${name.padEnd(9)} ${value}`);
    io.print('', 'request');
    io.printDocument(`${JSON.stringify(delivery.request, null, 2)}\n`);
    const rows = attempts.map((a) => [formatTime(a.startedAt), a.outcome, String(a.status ?? ''), `${a.durationMs}ms`, a.detail]);
    io.print(...(rows.length === 0 ? ['No attempts yet.'] : renderTable(['ATTEMPT (UTC)', 'OUTCOME', 'STATUS', 'TOOK', 'DETAIL'], rows)));
    const noteRows = notes.map(({ at, text }) => [formatTime(at), text]);
    if (notes.length > 0) io.print('', ...renderTable(['NOTE (UTC)', ''], noteRows));
    const earlier = (found.earlierRuns ?? []).map(({ conclusion, status, url }) => [conclusion ?? status, url ?? '']);
    if (earlier.length > 0) io.print('', ...renderTable(['RUN BEFORE IT WAS SENT AGAIN', ''], earlier));
    return 0;
  });
}

export interface ReplayOptions extends AdminTarget {
  readonly states: readonly string[];
  readonly since: string | undefined;
  readonly dryRun: boolean;
  /** Who does it, for the notes. */
  readonly as: string | undefined;
}

/** Replaying more than this at once takes a narrower --since. */
const REPLAY_LIMIT = 10_000;

/** `wandb-relay replay`: sends finished deliveries again, by id or by state. */
export function replay(io: CommandIo, ids: readonly string[], options: ReplayOptions): Promise<ExitCode> | ExitCode {
  if (ids.length > 0 && options.states.length > 0) return refuse(io, 'replay: name deliveries by id or by --state, not both');
  if (ids.length === 0 && options.states.length === 0) return refuse(io, 'replay: name deliveries: by their ids, or with --state dead');
  const filter = readFilter(io, options.states, options.since, REPLAY_LIMIT);
  if (typeof filter === 'string') return refuse(io, filter);
  const { as } = options;
  const problem = as === undefined ? undefined : nameProblem(as);
  if (problem !== undefined) return refuse(io, `--as: ${problem}`);
  return withAdmin(io, options, async (admin) => {
    // Oldest first, so that they leave in the order in which they came.
    const chosen = ids.length > 0 ? ids : (await admin.deliveries(filter)).map(({ id }) => id).reverse();
    if (options.dryRun) {
      for (const id of chosen) io.print(`${id} would be replayed`);
      io.print(`${chosen.length} would be replayed. Nothing was changed.`);
      return 0;
    }
    return report(io, 'replayed', await admin.replay(chosen, io.now(), actsAs({ by: as?.trim() }, 'the command line')));
  });
}

export type Decision = 'approve' | 'reject' | 'cancel';

export interface DecideOptions extends AdminTarget {
  /** Who decides; needed but for `cancel`. */
  readonly as: string | undefined;
  readonly reason: string | undefined;
}

const DONE = { approve: 'approved', reject: 'rejected', cancel: 'cancelled' } as const;

/** `wandb-relay approve`, `reject` and `cancel`. */
export function decide(
  io: CommandIo,
  decision: Decision,
  ids: readonly string[],
  { as, reason, ...target }: DecideOptions,
): Promise<ExitCode> | ExitCode {
  // A named token of the receiver at --url says who it is.
  if (as === undefined && decision !== 'cancel' && target.url === undefined)
    return refuse(io, `${decision}: say who decides, such as --as ada`);
  const problem = as === undefined ? undefined : nameProblem(as);
  if (problem !== undefined) return refuse(io, `--as: ${problem}`);
  const options = actsAs({ by: as?.trim(), reason }, 'the command line');
  return withAdmin(io, target, async (admin) => report(io, DONE[decision], await admin[decision](ids, io.now(), options)));
}

function report(io: CommandIo, done: string, results: readonly ChangeResult[]): ExitCode {
  for (const result of results) {
    if (result.done) io.print(`${result.id} ${done}${countedText(result.counted)}`);
    else io.complain(`${result.id} not ${done}: ${result.why}`);
  }
  const count = results.filter((result) => result.done).length;
  const isSent = (done === 'approved' || done === 'replayed') && results.some((result) => result.done && result.counted === undefined);
  io.print(`${count} of ${results.length} ${done}.${isSent ? ' A running receiver takes them up within a second.' : ''}`);
  return count === results.length ? 0 : 1;
}

function countedText(counted: Counted | undefined): string {
  return counted === undefined ? '' : ` (${counted.given} of ${counted.needed} approvals: it is sent when all are there)`;
}

function readFilter(io: CommandIo, states: readonly string[], since: string | undefined, limit: number): DeliveryFilter | string {
  const unknown = states.find((state) => !(DELIVERY_STATES as readonly string[]).includes(state));
  if (unknown !== undefined) return `--state: "${unknown}" is none of ${DELIVERY_STATES.join(', ')}`;
  const age = since === undefined ? undefined : parseDuration(since);
  if (since !== undefined && age === undefined) return `--since: "${since}" is not a duration, such as 30m, 24h or 3d`;
  return {
    limit,
    ...(states.length === 0 ? {} : { states: states as DeliveryState[] }),
    ...(age === undefined ? {} : { since: io.now() - age }),
  };
}

function refuse(io: CommandIo, why: string): ExitCode {
  io.complain(why);
  return 1;
}
