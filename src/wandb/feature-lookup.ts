import * as z from 'zod';
import { ok, type Result } from '../lib/result.ts';
import type { WandbClient } from './client.ts';
import { ORGANIZATION_FLAGS, SERVER_FEATURES } from './documents.ts';
import { type ServerFeatures, supports } from './features.ts';
import type { WandbError } from './wandb-error.ts';

const serverFeaturesShape = z.object({
  serverInfo: z.object({ features: z.array(z.object({ name: z.string(), isEnabled: z.boolean() }).nullable()).nullish() }).nullish(),
});

const organizationFlagsShape = z.object({
  organization: z
    .object({ featureFlags: z.array(z.object({ rampKey: z.string(), isEnabled: z.boolean() }).nullable()).nullish() })
    .nullish(),
});

/**
 * Asks the server for its features, in one request. A server that refuses the query is too old to have any of them.
 */
export async function readFeatures(client: WandbClient): Promise<Result<ServerFeatures, WandbError>> {
  const answer = await client.query(SERVER_FEATURES, {}, serverFeaturesShape);
  if (!answer.ok) return answer.error.kind === 'invalid' ? ok(new Set()) : answer;
  const features = answer.value.serverInfo?.features ?? [];
  return ok(new Set(features.filter((feature) => feature?.isEnabled === true).map((feature) => feature?.name ?? '')));
}

/**
 * Whether the organization may have automations on a whole team or on itself: W&B switches that on per organization, and
 * the server's own flag must be on as well. One request; an organization or server without such flags has them off.
 */
export async function entityScopeAllowed(
  client: WandbClient,
  features: ServerFeatures,
  organization: string,
): Promise<Result<boolean, WandbError>> {
  if (!supports(features, { scope: 'ENTITY' })) return ok(false);
  const answer = await client.query(ORGANIZATION_FLAGS, { organization }, organizationFlagsShape);
  if (!answer.ok) return answer.error.kind === 'invalid' ? ok(false) : answer;
  const flags = answer.value.organization?.featureFlags ?? [];
  return ok(flags.some((flag) => flag?.rampKey === 'automation_entity_scope' && flag.isEnabled));
}
