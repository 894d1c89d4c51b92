import type { Mute } from '../conversations.ts';
import type { NewEvent } from '../delivery.ts';
import { type MuteRow, viewOfMute } from './views.ts';
import { exec, rows, type Work } from './work.ts';

const MUTES = 'SELECT route, subject_key, until, muted_by FROM mutes';

/** Mutes that have ended are removed as well. */
export function* setMute({ route, subjectKey, until, by }: Mute, now: number): Work<void> {
  yield* exec('DELETE FROM mutes WHERE until <= $1', now);
  if (until <= 0) {
    yield* exec('DELETE FROM mutes WHERE route = $1 AND subject_key = $2', route, subjectKey);
    return;
  }
  yield* exec(
    `INSERT INTO mutes (route, subject_key, until, muted_by, set_at) VALUES ($1, $2, $3, $4, $5)
     ON CONFLICT (route, subject_key) DO UPDATE SET until = excluded.until, muted_by = excluded.muted_by, set_at = excluded.set_at`,
    route,
    subjectKey,
    until,
    by,
    now,
  );
}

export function* listMutes(now: number): Work<Mute[]> {
  return (yield* rows<MuteRow>(`${MUTES} WHERE until > $1 ORDER BY until, subject_key COLLATE "C", route COLLATE "C"`, now)).map(
    viewOfMute,
  );
}

export function* mutesOf(subjectKeys: readonly string[], now: number): Work<Mute[]> {
  const found = yield* rows<MuteRow>(
    `${MUTES} WHERE subject_key = ANY ($1) AND until > $2 ORDER BY route COLLATE "C", subject_key COLLATE "C"`,
    [...new Set(subjectKeys)],
    now,
  );
  return found.map(viewOfMute);
}

export function muteIn(mutes: readonly Mute[], route: string, event: Pick<NewEvent, 'subjectKey'>, now: number): Mute | undefined {
  return mutes.find((mute) => mute.route === route && mute.subjectKey === event.subjectKey && mute.until > now);
}
