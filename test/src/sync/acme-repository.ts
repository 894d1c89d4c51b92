import type { Config } from '../../../src/config/config.ts';
import { readConfigFiles } from '../../../src/config/config-files.ts';
import type { PlannedChange } from '../../../src/plan/plan.ts';
import { applySync, planSync, type SyncOptions } from '../../../src/sync/commands.ts';
import { testClient, wandbServer } from '../../stand-ins/wandb-in-test.ts';
import type { WandbStandIn, WandbStandInOptions } from '../../stand-ins/wandb-server.ts';

/** One automation, without an action. */
export function definition(name: string, { scope = '{ project: train }', alias = 'production', more = '' } = {}): string {
  return `  - { name: ${name}, scope: ${scope}, event: { add_artifact_alias: { alias: ${alias} } }, action: { no_op: {} }${more} }\n`;
}

export function configOf(file: string, definitions: string, top = ''): Config {
  const list = definitions === '' ? 'automations: []' : `automations:\n${definitions}`;
  const config = readConfigFiles([{ name: file, text: `version: 1\nentity: acme\n${top}${list}` }]);
  if (!config.ok) throw new Error(JSON.stringify(config.error));
  return config.value;
}

type Options = Partial<SyncOptions>;

/** W&B, and configs that are synced with it. A config is its file and its definitions. */
export async function wandbWithConfigs(options: WandbStandInOptions = {}) {
  const server = await wandbServer(options);
  const optionsOf = (config: Config, more: Options): SyncOptions => ({
    namespace: config.namespace,
    repository: 'acme/models',
    prune: true,
    maxDeletes: 3,
    ...more,
  });
  const apply = async (
    config: Config,
    more: Options = {},
    approval?: Parameters<typeof applySync>[3],
    fetch: typeof globalThis.fetch = globalThis.fetch,
  ) => {
    const steps: string[] = [];
    const applied = await applySync(config, testClient(server, { fetch }).client, optionsOf(config, more), approval, (step) =>
      steps.push(`${step.kind} ${step.change.name}`),
    );
    if (!applied.ok) throw new Error(applied.error.map(({ message }) => message).join('\n'));
    return { ...applied.value, steps };
  };
  return {
    server,
    apply,
    plan: async (config: Config, more: Options = {}) => {
      const planned = await planSync(config, testClient(server).client, optionsOf(config, more));
      if (!planned.ok) throw new Error(planned.error.map(({ message }) => message).join('\n'));
      return planned.value.plan;
    },
  };
}

/** Changes as `action name`, with why they are refused or how they are adopted. */
export function linesOf(changes: readonly PlannedChange[]): string[] {
  return changes.map(({ action, name, reason, adopted }) => [`${action} ${name}`, reason ?? adopted].filter(Boolean).join(': '));
}

export function markOf(server: WandbStandIn, name: string): string {
  return server.world.trigger(name).description ?? '';
}
