import type { Pause, PauseScope } from '../pause.ts';
import { exec, insertRows, rows, type Work } from './work.ts';

const COLUMNS = { kind: 'text', name: 'text', paused_by: 'text', at: 'bigint', reason: 'text' } as const;

interface PauseRow {
  readonly kind: PauseScope['kind'];
  readonly name: string;
  readonly paused_by: string;
  readonly at: number;
  readonly reason: string | null;
}

/** What `name` is of everything. */
const NO_NAME = '';

/**
 * A condition on the delivery `d`: it is not paused. Pausing everything, or a route, holds back what is dispatched; messages tell
 * people of it and go on. Pausing a credential holds back all that uses it.
 */
export const NOT_PAUSED = `NOT EXISTS (SELECT 1 FROM pauses p WHERE
  (d.conversation IS NULL AND (p.kind = 'everything' OR (p.kind = 'route' AND p.name = d.route))) OR (p.kind = 'credential' AND p.name = d.credential))`;

export function* pause({ scope, by, at, reason }: Pause): Work<boolean> {
  const row = [scope.kind, nameOf(scope), by, at, reason];
  return (yield* insertRows('pauses', COLUMNS, [row], { ignoreExisting: true })) > 0;
}

/** Whether it was paused. */
export function* resume(scope: PauseScope): Work<boolean> {
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
  }));
}

function nameOf(scope: PauseScope): string {
  return scope.kind === 'everything' ? NO_NAME : scope.name;
}
