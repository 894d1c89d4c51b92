import { exportDefinition } from '../automation/export-definition.ts';
import type { ExportedFile } from '../automation/export-yaml.ts';
import type { Config } from '../config/config.ts';
import { type Diagnostic, failure } from '../lib/diagnostic.ts';
import { ok, type Result } from '../lib/result.ts';
import type { WandbClient } from '../wandb/client.ts';
import { readFeatures } from '../wandb/feature-lookup.ts';
import { wandbIntegrations } from '../wandb/integrations.ts';
import { resolveScopes } from '../wandb/scopes.ts';
import { listTriggers } from '../wandb/triggers.ts';

/**
 * Reads all automations of a team and its organization as definitions. Sends no mutation.
 *
 * @returns the definitions, and the names of automations that cannot be exported, each with the reason
 */
export async function exportSync(
  { entity, organization, namespace }: Pick<Config, 'entity' | 'organization'> & Partial<Pick<Config, 'namespace'>>,
  client: WandbClient,
  repository: string,
): Promise<Result<ExportedFile, Diagnostic[]>> {
  if (entity === undefined) return failure('no team is named: set "entity" in the config, or pass --entity');
  const features = await readFeatures(client);
  if (!features.ok) return failure(features.error.message);
  const resolved = await resolveScopes(client, [], entity, organization);
  if (!resolved.ok) return failure(resolved.error.message);
  const { owners } = resolved.value;
  const listed = await listTriggers(client, features.value, owners);
  if (!listed.ok) return failure(listed.error.message);
  const home = owners.organizations[0];
  const slackNames = await wandbIntegrations(client).slackNames(entity);
  const context = {
    entity,
    organization: home?.name,
    organizationEntity: home?.entity,
    organizations: owners.organizations,
    ...(slackNames.ok ? { slackNames: slackNames.value } : {}),
    repository,
    namespace,
  };
  const names = listed.value.triggers.map(({ name }) => name);
  const left = listed.value.unreadable.map(({ name, scopeKind }) => ({
    name,
    why: `this version does not know its scope ${scopeKind}`,
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
