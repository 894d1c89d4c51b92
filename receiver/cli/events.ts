import { DIGEST, RELAY_ALERT } from '../../src/event/event.ts';
import { pageState } from '../admin/components/delivery-advice.ts';
import { type AdminTarget, withAdmin } from './admin-access.ts';
import { type CommandIo, type ExitCode, formatTime, renderTable } from './output.ts';

export interface ListEventsOptions extends AdminTarget {
  readonly unmatched: boolean;
  readonly type: string | undefined;
  readonly limit: number;
  readonly json: boolean;
}

/** `wandb-relay events`: what arrived and what became of it, those that no route asked for included. */
export function listEvents(io: CommandIo, options: ListEventsOptions): Promise<ExitCode> {
  return withAdmin(io, options, async (admin) => {
    const filter = {
      limit: options.limit,
      ...(options.unmatched ? { outcomes: ['unmatched' as const] } : {}),
      ...(options.type === undefined ? {} : { type: options.type }),
    };
    const counts = await admin.counts();
    if (options.json) {
      io.printDocument(JSON.stringify({ counts, events: await admin.eventsWithBodies(filter) }, null, 2));
      return 0;
    }
    const events = await admin.events(filter);
    const rows = events.map(({ receivedAt, outcome, duplicateOf, event, id }) => [
      formatTime(receivedAt),
      event.type,
      outcome === 'duplicate' ? `duplicate of ${duplicateOf}` : outcome,
      event.source,
      event.artifact ??
        event.display_name ??
        event.run ??
        event.collection ??
        (event.type === DIGEST || event.type === RELAY_ALERT ? event.automation : undefined) ??
        '',
      `${event.alias ?? event.tag ?? event.metric ?? event.status ?? ''}${event.resolved === true ? ' (resolved)' : ''}`,
      id,
    ]);
    if (rows.length > 0) io.print(...renderTable(['RECEIVED (UTC)', 'EVENT', 'OUTCOME', 'SOURCE', 'ABOUT', 'VALUE', 'ID'], rows), '');
    const summary = Object.entries(counts.events).map(([outcome, n]) => `${n} ${outcome}`);
    io.print(
      `In all: ${summary.length === 0 ? 'no events yet' : summary.join(', ')}; ${counts.rejected} requests rejected (see "rejected").`,
    );
    return 0;
  });
}

/** `wandb-relay events ID`: one event as it was understood, what it asked for, and its body. */
export function showEvent(io: CommandIo, id: string, { json, ...target }: AdminTarget & { readonly json: boolean }): Promise<ExitCode> {
  return withAdmin(io, target, async (admin) => {
    const found = await admin.event(id);
    if (found === undefined) {
      io.complain(`${id}: there is no such event, or its routes were not tried yet (then "events" counts it as unrouted)`);
      return 1;
    }
    const deliveries = await admin.deliveriesOf(id);
    if (json) {
      io.printDocument(JSON.stringify({ event: found, deliveries }, null, 2));
      return 0;
    }
    const { event, receivedAt, outcome, duplicateOf, subjectKey, body } = found;
    const facts = Object.entries({
      received: `${formatTime(receivedAt)} (UTC)`,
      outcome,
      'duplicate of': duplicateOf,
      subject: subjectKey,
      ...event,
    });
    for (const [name, value] of facts) {
      const text = typeof value === 'object' ? JSON.stringify(value) : String(value);
      if (value !== null && value !== undefined) io.print(`${name.padEnd(12)} ${text}`);
    }
    const [throttles, pauses] = await Promise.all([admin.throttles(io.now()), admin.pauses()]);
    const rows = deliveries.map((one) => [
      pageState(one, throttles, pauses),
      one.route,
      one.target,
      one.id,
      one.reason ?? one.runUrl ?? '',
    ]);
    io.print('', ...(rows.length === 0 ? ['It asked for no delivery.'] : renderTable(['STATE', 'ROUTE', 'TARGET', 'ID', 'NOTE'], rows)));
    io.print('', 'body');
    io.printDocument(`${body}\n`);
    return 0;
  });
}

/** `wandb-relay rejected`: authentic requests that could not be read, with their bodies. */
export function listRejected(io: CommandIo, { json, ...target }: AdminTarget & { readonly json: boolean }): Promise<ExitCode> {
  return withAdmin(io, target, async (admin) => {
    const rejected = await admin.rejected(100);
    if (json) io.printDocument(JSON.stringify(rejected, null, 2));
    else if (rejected.length === 0) io.print('No authentic request was rejected.');
    else
      for (const item of rejected)
        io.print(`${formatTime(item.receivedAt)}  ${item.source}  ${item.status} ${item.reason}`, `    ${JSON.stringify(item.body)}`);
    return 0;
  });
}
