import { durationWords, parseDuration } from '../../src/lib/duration.ts';
import { BY_TOKEN } from '../admin/remote-admin.ts';
import { LONGEST_MUTE_H } from '../admin/requests.ts';
import { type AdminTarget, whoProblem, withAdmin } from './admin-access.ts';
import type { CommandIo, ExitCode } from './output.ts';

export interface MuteOptions extends AdminTarget {
  readonly route: string;
  /** A duration such as `8h`; left out: the mute ends. */
  readonly for?: string | undefined;
  readonly as: string | undefined;
}

const HOUR_MS = 3_600_000;

/** `wandb-relay mute` and `unmute`: no messages of a route about what an event is about. */
export function changeMute(io: CommandIo, event: string, options: MuteOptions): Promise<ExitCode> | ExitCode {
  const { route, for: time, as, ...target } = options;
  const what = time === undefined ? 'unmute' : 'mute';
  const problem = whoProblem(as, target, 'say who it is');
  if (problem !== undefined) return refuse(io, `${what}: --as: ${problem}`);
  const ms = time === undefined ? 0 : parseDuration(time);
  if (ms === undefined) return refuse(io, `--for: "${time}" is not a duration, such as 30m, 8h or 3d`);
  if (time !== undefined && (ms <= 0 || ms > LONGEST_MUTE_H * HOUR_MS))
    return refuse(io, `--for: must be above 0, and at most ${LONGEST_MUTE_H / 24}d`);
  return withAdmin(io, target, async (admin) => {
    const now = io.now();
    const isFound = await admin.mute(event, { route, until: time === undefined ? 0 : now + ms, by: as?.trim() ?? BY_TOKEN }, now);
    if (!isFound) return refuse(io, `${event}: there is no such event`);
    io.print(
      time === undefined
        ? `Route ${route} sends messages about this again.`
        : `Route ${route} sends no messages about this for ${durationWords(ms)}.`,
    );
    return 0;
  });
}

function refuse(io: CommandIo, message: string): ExitCode {
  io.complain(message);
  return 1;
}
