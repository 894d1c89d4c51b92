import type { AlertPolicyOf } from '../../src/route/alert-policy.ts';
import type { ConfigInUse, DigestOptions } from '../config-in-use.ts';
import type { Environment } from '../environment.ts';
import type { Extension } from '../receiver.ts';
import { isSameContent, replaceable } from '../replaceable.ts';
import type { Runtime } from '../runtime.ts';
import type { Store } from '../store/store.ts';
import type { DigestReader } from './read-runs.ts';

/** What is loaded with every receiver of digests: whether there are any. The rest is loaded only then. */

export interface DigestPartOptions {
  readonly inUse: ConfigInUse;
  readonly sandbox: boolean;
  readonly runtime: Runtime;
  readonly environment: Pick<Environment, 'wandbApiKey' | 'wandbBaseUrl'>;
  readonly store: Store;
  readonly plan: { readonly connected: { readonly slack: boolean }; readonly newId: () => string; readonly alerts?: AlertPolicyOf };
  readonly wake: () => void;
  readonly hasJumped: () => boolean;
}

/** What sends digests, when the config has some and Slack is connected; else what says why nothing does. */
export async function digestParts(options: DigestPartOptions): Promise<Extension> {
  const { extension } = await replaceable(options.inUse, {
    isSame: (a, b) => isSameContent(a.digests, b.digests),
    make: ({ digests }) => digestPart(options, digests),
  });
  return extension;
}

async function digestPart(options: DigestPartOptions, digests: DigestOptions | undefined): Promise<Extension | undefined> {
  const { sandbox, runtime, environment, store, plan, wake, hasJumped } = options;
  if (digests === undefined || digests.definitions.length === 0 || sandbox) return undefined;
  if (!plan.connected.slack) return { details: () => ['digests are not sent: set SLACK_BOT_TOKEN'] };
  const { createDigests } = await import('./create-digests.ts');
  const reader = await readerOf(runtime, environment);
  return createDigests({
    ...runtime,
    digests: digests.definitions,
    entity: digests.entity,
    store,
    wake,
    isSteady: () => !hasJumped(),
    newId: plan.newId,
    ...(plan.alerts === undefined ? {} : { alerts: plan.alerts }),
    ...(reader === undefined ? {} : { reader }),
  });
}

async function readerOf(runtime: Runtime, environment: DigestPartOptions['environment']): Promise<DigestReader | undefined> {
  const { wandbApiKey, wandbBaseUrl } = environment;
  if (wandbApiKey === undefined) return undefined;
  const [{ wandbClientFor }, { createRunReader }] = await Promise.all([
    import('../wandb/client.ts'),
    import('../../src/wandb/run-reader.ts'),
  ]);
  return createRunReader({ client: await wandbClientFor(runtime, { wandbApiKey, wandbBaseUrl }), now: runtime.now });
}
