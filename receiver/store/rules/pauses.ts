import { type HeldBack, type Pause, type PauseScope, pauseKey, type Resumed } from '../pause.ts';
import { COLUMNS as OCCURRENCE_COLUMNS } from './occurrences.ts';
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

/** The names of occurrences that note who resumed; the first name after all of them. */
const RESUMED = 'resumed/';
const RESUMED_END = 'resumed0';

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

/** Whether it was paused. Who resumed it is noted as an occurrence, for the message about it: receivers may be told later. */
export function* resume(scope: PauseScope, by: string, at: number): Work<boolean> {
  const ended = (yield* listPauses()).find((one) => one.scope.kind === scope.kind && nameOf(one.scope) === nameOf(scope));
  const deleted =
    scope.kind === 'everything'
      ? yield* exec(`DELETE FROM pauses WHERE kind = 'everything'`)
      : yield* exec('DELETE FROM pauses WHERE kind = $1 AND name = $2', scope.kind, nameOf(scope));
  if (deleted === 0 || ended === undefined) return deleted > 0;
  yield* insertRows('occurrences', OCCURRENCE_COLUMNS, [[`${RESUMED}${pauseKey(ended)}`, at, by]], { ignoreExisting: true });
  return true;
}

interface ResumedRow {
  readonly name: string;
  readonly due_at: number;
  readonly event_id: string;
}

/** See `PauseStore.resumed`. */
export function* listResumed(since: number): Work<Resumed[]> {
  const found = yield* rows<ResumedRow>(
    `SELECT name, due_at, event_id FROM occurrences
     WHERE name COLLATE "C" >= $1 AND name COLLATE "C" < $2 AND due_at >= $3 ORDER BY due_at, name COLLATE "C"`,
    RESUMED,
    RESUMED_END,
    since,
  );
  return found.flatMap(({ name, due_at: at, event_id: by }): Resumed[] => {
    const [, kind, named = '', pausedAt] = /^resumed\/(everything|route|credential)\/(.*)\/(\d+)$/s.exec(name) ?? [];
    if (kind === undefined) return [];
    const scope: PauseScope = kind === 'everything' ? { kind } : { kind: kind as 'route' | 'credential', name: named };
    return [{ scope, pausedAt: Number(pausedAt), at, by }];
  });
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
