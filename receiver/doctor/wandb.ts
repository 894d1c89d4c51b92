import type { Config } from '../../src/config/config.ts';
import type { WandbClient } from '../../src/wandb/client.ts';
import { readKeyOwner } from '../../src/wandb/scope-directory.ts';
import { type Check, checksOf } from './check.ts';

/** Whose the API key is, and whether that user sees the config's team. One query. */
export async function checkWandb(client: WandbClient, { entity }: Pick<Config, 'entity'>): Promise<Check> {
  const check = checksOf('wandb', 'WANDB_API_KEY');
  const owner = await readKeyOwner(client);
  if (!owner.ok) return check('problem', owner.error.message);
  const { username = 'an unnamed user', teams, entity: own } = owner.value;
  if (entity !== undefined && entity !== username && entity !== own && !teams.includes(entity)) {
    const seen = teams.length === 0 ? 'no team' : teams.join(', ');
    return check(
      'problem',
      `is ${username}'s, who is not in the team "${entity}" of the config (in ${seen}): add the user there, or use a key of a member`,
    );
  }
  return check('ok', `is ${username}'s${entity === undefined ? '' : `, who sees ${entity}`}`);
}
