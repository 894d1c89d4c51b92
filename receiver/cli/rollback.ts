import { BY_TOKEN } from '../admin/remote-admin.ts';
import type { AliasView } from '../store/ledger.ts';
import { type AdminTarget, whoProblem, withAdmin } from './admin-access.ts';
import type { CommandIo, ExitCode } from './output.ts';

export interface RollbackOptions extends AdminTarget {
  readonly alias: string;
  /** The version to deploy again; left out: the one that was deployed before. */
  readonly to: string | undefined;
  /** Who asks for it. */
  readonly as: string | undefined;
}

/** More than one is a mistake that is explained; nobody reads more than these. */
const SHOWN = 10;

/** `wandb-relay rollback`: deploys a version again that was deployed before. */
export function rollback(io: CommandIo, collection: string, { alias, to, as, ...target }: RollbackOptions): Promise<ExitCode> | ExitCode {
  const problem = whoProblem(as, target, 'say who rolls back');
  if (problem !== undefined) {
    io.complain(`rollback: --as: ${problem}`);
    return 1;
  }
  return withAdmin(io, target, async (admin) => {
    const found = await admin.aliases({ collection, alias, limit: SHOWN });
    const [only, ...others] = found;
    if (only === undefined) {
      io.complain(`${collection}: no event has given a version the alias ${alias} since this receiver runs`);
      return 1;
    }
    if (others.length > 0) {
      io.complain(`${collection}: there are several: name one as ${found.map(pathOf).join(' or ')}`);
      return 1;
    }
    const result = await admin.rollBack({ aliasKey: only.key, by: as?.trim() ?? BY_TOKEN, ...(to === undefined ? {} : { to }) });
    if (!result.ok) {
      io.complain(`not rolled back: ${result.error}`);
      return 1;
    }
    const { version, deliveries, held, holder, wandb_url } = result.value;
    const next = held ? 'Somebody must approve it first.' : 'A running receiver sends it within a second.';
    io.print(`${only.collection} ${version} is deployed again for ${alias}. ${next}`);
    for (const { id, target: to } of deliveries) io.print(`${id} ${to}`);
    if (holder !== version)
      io.print(`W&B's alias ${alias} stays on ${holder ?? 'no version'}${wandb_url === null ? '' : `; move it at ${wandb_url}`}`);
    return 0;
  });
}

function pathOf({ entity, project, collection }: AliasView): string {
  return [entity, project, collection].filter((part) => part !== null).join('/');
}
