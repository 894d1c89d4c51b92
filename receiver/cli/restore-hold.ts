import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { messageOf } from '../../src/lib/error-message.ts';
import { DEFAULT_DATABASE_PATH, readEnvironment } from '../environment.ts';
import type { HeldBack } from '../store/pause.ts';
import { lockForReceiver, StoreInUseError } from '../store/sqlite/node-driver.ts';
import { withStore } from './open-store.ts';
import { type CommandIo, type ExitCode, formatTime } from './output.ts';

/** Who has paused everything, for the banner and the list of pauses. */
export const RESTORED_BY = 'restore';

/** @param newestAt when the newest event of the backup was received */
export function holdReason(newestAt: number | undefined): string {
  const of = newestAt === undefined ? '' : ` whose newest event is of ${formatTime(newestAt)} UTC`;
  return `restored from a backup${of}: what it calls undelivered may have been sent since. Cancel what has arrived, then resume`;
}

/** What is paused after a restore, and what to do. */
export function heldLines({ pending, in_flight: inFlight, held, unrouted }: HeldBack): string[] {
  const parts = [
    [pending, 'waiting'],
    [inFlight, 'was being sent'],
    [held, 'awaiting approval'],
    [unrouted, unrouted === 1 ? 'event still to be routed' : 'events still to be routed'],
  ] as const;
  const found = parts.filter(([count]) => count > 0).map(([count, words]) => `${count} ${words}`);
  const all = pending + inFlight + held + unrouted;
  const undelivered =
    all === 0
      ? 'Nothing in it is undelivered.'
      : `${all} undelivered (${found.join(', ')}): each may have been sent since, so the relay looks for its run or message before it sends.`;
  return [
    undelivered,
    'Everything is paused, messages too: events are accepted, and nothing is sent. When the receiver runs again:',
    '  1. wandb-relay deliveries --state pending   what waits; compare it with the runs at GitHub and the messages in Slack',
    '  2. wandb-relay cancel ID                    what has arrived already, or is not wanted any more',
    '  3. wandb-relay resume --as NAME             sends the rest',
  ];
}

/** `wandb-relay restore --hold`: a database that other tools have restored, such as pg_restore. No receiver may be running. */
export async function holdRestored(io: CommandIo, file: string | undefined): Promise<ExitCode> {
  if (file !== undefined) {
    io.complain('restore: --hold is about a database that is restored already: leave the file out');
    return 1;
  }
  const environment = readEnvironment(io.variables);
  const { postgresUrl, databasePath = DEFAULT_DATABASE_PATH } = environment.ok ? environment.value : {};
  let unlock: (() => void) | undefined;
  try {
    const path = resolve(io.cwd, databasePath);
    if (environment.ok && postgresUrl === undefined && existsSync(path)) unlock = lockForReceiver(path);
    return await withStore(io, async (store) => {
      const newestAt = (await store.eventPage({ limit: 1 })).items[0]?.receivedAt;
      io.print(...heldLines(await store.holdRestored({ by: RESTORED_BY, at: io.now(), reason: holdReason(newestAt) })));
      return 0;
    });
  } catch (error) {
    io.complain(`restore: ${messageOf(error)}${error instanceof StoreInUseError ? ': stop it first' : ''}`);
    return 1;
  } finally {
    unlock?.();
  }
}
