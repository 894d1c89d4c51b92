import { exportDefinition } from '../automation/export-definition.ts';
import type { ExportedFile } from '../automation/export-yaml.ts';
import type { Complaint } from '../config/complaint.ts';
import type { Config } from '../config/config.ts';
import { err, ok, type Result } from '../lib/result.ts';
import type { WandbClient } from '../wandb/client.ts';
import { readFeatures } from '../wandb/feature-lookup.ts';
import { resolveScopes } from '../wandb/scopes.ts';
import { listTriggers } from '../wandb/triggers.ts';

/** Reads all automations of a team and its organization as definitions. Sends no mutation. */
export async function exportSync(
  { entity, organization }: Pick<Config, 'entity' | 'organization'>,
  client: WandbClient,
  repository: string,
): Promise<Result<ExportedFile, Complaint[]>> {
  if (entity === undefined) return err([{ message: 'which team? Name it as "entity" in the config, or with --entity' }]);
  const features = await readFeatures(client);
  if (!features.ok) return err([{ message: features.error.message }]);
  const resolved = await resolveScopes(client, [], entity, organization);
  if (!resolved.ok) return err([{ message: resolved.error.message }]);
  const { places } = resolved.value;
  const listed = await listTriggers(client, features.value, places);
  if (!listed.ok) return err([{ message: listed.error.message }]);
  const home = places.organizations[0];
  const context = { entity, organization: home?.name, organizationEntity: home?.entity, repository };
  const names = listed.value.triggers.map(({ name }) => name);
  const left = listed.value.unreadable.map(({ name, scopeKind }) => ({
    name,
    why: `its scope is a ${scopeKind}, which this version does not know`,
  }));
  const definitions = listed.value.triggers.flatMap((live) => {
    const shared = names.indexOf(live.name) !== names.lastIndexOf(live.name);
    const exported = exportDefinition(live, context, shared);
    if (exported.ok) return [exported.value];
    left.push({ name: live.name, why: exported.error });
    return [];
  });
  return ok({ entity, organization, definitions, left });
}
