import { withStore } from './open-store.ts';
import { type CommandIo, type ExitCode, formatTime, renderTable } from './output.ts';

export interface ListEventsOptions {
  readonly unmatched: boolean;
  readonly type: string | undefined;
  readonly limit: number;
  readonly json: boolean;
}

/** `wandb-relay events`: what arrived and what became of it, those that no route asked for included. */
export function listEvents(io: CommandIo, options: ListEventsOptions): Promise<ExitCode> {
  return withStore(io, async (store) => {
    const events = await store.events({
      limit: options.limit,
      ...(options.unmatched ? { outcomes: ['unmatched'] } : {}),
      ...(options.type === undefined ? {} : { type: options.type }),
    });
    const counts = await store.counts();
    if (options.json) {
      io.printDocument(JSON.stringify({ counts, events }, null, 2));
      return 0;
    }
    const rows = events.map(({ receivedAt, outcome, duplicateOf, event, id }) => [
      formatTime(receivedAt),
      event.type,
      outcome === 'duplicate' ? `duplicate of ${duplicateOf}` : outcome,
      event.source,
      event.artifact ?? event.run ?? event.collection ?? '',
      event.alias ?? event.tag ?? event.metric ?? event.status ?? '',
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

/** `wandb-relay rejected`: authentic requests that could not be read, with their bodies. */
export function listRejected(io: CommandIo, json: boolean): Promise<ExitCode> {
  return withStore(io, async (store) => {
    const rejected = await store.rejected(100);
    if (json) io.printDocument(JSON.stringify(rejected, null, 2));
    else if (rejected.length === 0) io.print('No authentic request was rejected.');
    else
      for (const item of rejected)
        io.print(`${formatTime(item.receivedAt)}  ${item.source}  ${item.status} ${item.reason}`, `    ${JSON.stringify(item.body)}`);
    return 0;
  });
}
