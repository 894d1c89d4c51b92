import { BY_TOKEN } from '../admin/remote-admin.ts';
import { pauseProblem, STILL_TO_SEND } from '../admin/route-to-pause.ts';
import { configPathFrom } from '../config-path.ts';
import { cleanReason } from '../reason.ts';
import type { PauseScope } from '../store/pause.ts';
import { type AdminTarget, whoProblem, withAdmin } from './admin-access.ts';
import { loadConfig } from './load-config.ts';
import type { CommandIo, ExitCode } from './output.ts';

export interface PauseOptions extends AdminTarget {
  readonly route: string | undefined;
  readonly credential: string | undefined;
  readonly as: string | undefined;
  readonly reason?: string | undefined;
}

/** `wandb-relay pause` and `resume`: nothing of it is sent until somebody resumes it; events are accepted all the same. */
export function changePause(io: CommandIo, what: 'pause' | 'resume', options: PauseOptions): Promise<ExitCode> | ExitCode {
  const { route, credential, as, reason, ...target } = options;
  if (route !== undefined && credential !== undefined) return refuse(io, `${what}: give --route or --credential, not both`);
  const problem = whoProblem(as, target, 'say who it is');
  if (problem !== undefined) return refuse(io, `${what}: --as: ${problem}`);
  const by = as?.trim() ?? BY_TOKEN;
  const scope: PauseScope =
    route !== undefined
      ? { kind: 'route', name: route }
      : credential !== undefined
        ? { kind: 'credential', name: credential }
        : { kind: 'everything' };
  const words = scope.kind === 'everything' ? 'Everything' : `${scope.kind === 'route' ? 'Route' : 'Credential'} ${scope.name}`;
  // A receiver elsewhere knows its own config.
  const config = target.url === undefined ? loadConfig(io.cwd, configPathFrom(io.variables)) : undefined;
  return withAdmin(io, target, async (admin) => {
    if (what === 'pause' && scope.kind === 'route' && config?.ok === true) {
      const waits = async () => (await admin.deliveries({ states: STILL_TO_SEND, route: scope.name, limit: 1 })).length > 0;
      const names = config.value.routes.map(({ name }) => name);
      const unknown = await pauseProblem(scope.name, names, waits);
      if (unknown !== undefined) return refuse(io, `pause: --route: ${unknown}`);
    }
    const isDone =
      what === 'pause'
        ? await admin.pause({ scope, by, at: io.now(), reason: cleanReason(reason ?? '') ?? null })
        : await admin.resume(scope, by, io.now());
    if (!isDone) return refuse(io, `${words} is ${what === 'pause' ? 'paused already' : 'not paused'}`);
    io.print(what === 'pause' ? `${words} is paused. Events are still accepted.` : `${words} is resumed.`);
    return 0;
  });
}

function refuse(io: CommandIo, message: string): ExitCode {
  io.complain(message);
  return 1;
}
