import type { HeldBack, Pause, PauseScope } from '../pause.ts';
import { markRestored, type OpenState } from './restored.ts';
import { exec, exists, insertRows, rows, type Work } from './work.ts';

const COLUMNS = { kind: 'text', name: 'text', paused_by: 'text', at: 'bigint', reason: 'text' } as const;

interface PauseRow {
  readonly kind: PauseScope['kind'];
  readonly name: string;
  readonly paused_by: string;
  readonly at: number;
  readonly reason: string | null;
}

/** What `name` is of everything; and of everything with its messages. */
const NO_NAME = '';
const MESSAGES_TOO = 'messages too';

/**
 * A condition on the delivery `d`: it is not paused. Pausing everything, or a route, holds back what is dispatched; messages tell
 * people of it and go on. Pausing a credential holds back all that uses it, and so does everything after a restore: messages may have
 * left as well.
 */
export const NOT_PAUSED = `NOT EXISTS (SELECT 1 FROM pauses p WHERE
  (p.kind = 'everything' AND (d.conversation IS NULL OR p.name = '${MESSAGES_TOO}')) OR (p.kind = 'route' AND p.name = d.route AND d.conversation IS NULL)
  OR (p.kind = 'credential' AND p.name = d.credential))`;

export function* pause({ scope, by, at, reason }: Pause): Work<boolean> {
  if (scope.kind === 'everything' && (yield* exists(`SELECT 1 FROM pauses WHERE kind = 'everything'`))) return false;
  const row = [scope.kind, nameOf(scope), by, at, reason];
  return (yield* insertRows('pauses', COLUMNS, [row], { ignoreExisting: true })) > 0;
}

/** Whether it was paused. */
export function* resume(scope: PauseScope): Work<boolean> {
  if (scope.kind === 'everything') return (yield* exec(`DELETE FROM pauses WHERE kind = 'everything'`)) > 0;
  return (yield* exec('DELETE FROM pauses WHERE kind = $1 AND name = $2', scope.kind, nameOf(scope))) > 0;
}

export function* listPauses(): Work<Pause[]> {
  const found = yield* rows<PauseRow>(
    'SELECT kind, name, paused_by, at, reason FROM pauses ORDER BY at, kind COLLATE "C", name COLLATE "C"',
  );
  return found.map(({ kind, name, paused_by, at, reason }) => ({
    scope: kind === 'everything' ? { kind } : { kind, name },
    by: paused_by,
    at,
    reason,
    ...(kind === 'everything' && name === MESSAGES_TOO ? { messagesToo: true as const } : {}),
  }));
}

/** See `PauseStore.holdRestored`. */
export function* holdRestored({ by, at, reason }: Pick<Pause, 'by' | 'at' | 'reason'>): Work<HeldBack> {
  const open = yield* markRestored(at);
  // Their deliveries are marked when they are routed.
  const unrouted = yield* exec('UPDATE unrouted SET restored_at = $1', at);
  yield* insertRows('pauses', COLUMNS, [['everything', MESSAGES_TOO, by, at, reason]], { ignoreExisting: true });
  const count = (state: OpenState): number => open.filter((row) => row.state === state).length;
  return { pending: count('pending'), in_flight: count('in_flight'), held: count('held'), unrouted };
}

function nameOf(scope: PauseScope): string {
  return scope.kind === 'everything' ? NO_NAME : scope.name;
}
