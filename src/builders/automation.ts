import { copied, placed } from './call-site.ts';
import type {
  ActionDefinition,
  AutomationDefinition,
  ConfigDefinition,
  DigestDefinition,
  ForEach,
  RelayActionDefinition,
  RunActionDefinition,
  RunRelayActionDefinition,
  TestDefinition,
} from './definition-types.ts';
import type { ScopedEvent } from './events.ts';

/** Actions, automations and whole configs for the TypeScript builders. They return plain JSON, the same as in YAML. */

type ActionFields<K extends string> = Extract<RunActionDefinition, { readonly [P in K]: object }>[K & keyof RunActionDefinition];

/**
 * A message in a Slack channel of the team. The defaults are those of W&B's client: no title, no message, severity INFO.
 *
 * @example
 * sendNotification({ slack: '#ml-alerts', title: 'Loss is rising', severity: 'warn' })
 */
export function sendNotification(fields: ActionFields<'notification'>): ActionDefinition {
  return placed({ notification: present(mapping(fields, "sendNotification({ slack: '#ml-alerts' })")) });
}

/**
 * A request to a webhook integration of the team. Without a payload it sends the relay payload, as in YAML. `payload: null`
 * sends none, which is the default of W&B's client.
 *
 * @example
 * sendWebhook({ integration: 'ci', payload: { model: '${artifact_collection_name}' } })
 */
export function sendWebhook(fields: ActionFields<'webhook'>): ActionDefinition {
  return placed({ webhook: present(mapping(fields, "sendWebhook({ integration: 'my-hook' })")) });
}

/**
 * No action: the automation only shows in W&B's history.
 *
 * @example
 * automation({ name: 'watch', event: onLinkArtifact(registry('model')), action: doNothing() })
 */
export function doNothing(): ActionDefinition {
  return placed({ no_op: {} });
}

/**
 * A request to the receiver, and where the receiver delivers it.
 *
 * @example
 * relay({ to: [{ repository_dispatch: { repository: 'acme/deploy', event_type: 'model-ready' } }] })
 *
 * @example
 * // Of a run automation: stops the run that fired, once somebody has agreed.
 * relay({ to: [{ wandb_stop: {} }], approval: { slack: '#ml-runs' } })
 */
export function relay(fields: RelayActionDefinition['relay']): RelayActionDefinition;
export function relay(fields: ActionFields<'relay'>): RunRelayActionDefinition;
export function relay(fields: ActionFields<'relay'>): RunRelayActionDefinition {
  return placed({ relay: present(mapping(fields, 'relay({ to: [ … ] })')) });
}

interface CommonFields {
  /** At most 255 characters; unique in its scope. */
  readonly name: string;
  readonly description?: string;
  /** Default true. */
  readonly enabled?: boolean;
  /** Identifies the automation, also after a rename; default: its name. */
  readonly key?: string;
  /** Its earlier name, for a rename without deleting and creating. */
  readonly movedFrom?: string;
  /** Take over an automation of this name: one that nobody manages, or one of another repository. Default false. */
  readonly adopt?: boolean | { readonly from: string };
  /** One automation per combination: `{ project: ['eu', 'us'] }`, with `{{ each.project }}` in the texts. */
  readonly forEach?: ForEach;
}

/** Which action an event may have: only runs can be stopped. */
type EventAndAction =
  | { readonly event: ScopedEvent; readonly action: ActionDefinition }
  | { readonly event: ScopedEvent<'run'>; readonly action: RunActionDefinition };

/** What W&B evaluates. */
interface WandbFields {
  readonly engine?: 'wandb';
  readonly refire?: never;
  readonly forPoints?: never;
  readonly resolve?: never;
  readonly dryRun?: never;
}

/** What the receiver evaluates: nothing is made in W&B. */
interface RelayFields {
  readonly event: ScopedEvent<'run'> | ScopedEvent<'relay'>;
  readonly engine: 'relay';
  /** Only a relay action: W&B does not know the automation. */
  readonly action: RunRelayActionDefinition;
  /** The shortest time between two firings for one run, such as `1h`; `never`: one firing for each run. Default `24h`. */
  readonly refire?: string;
  /** So many values in a row must meet the condition. Default 1. */
  readonly forPoints?: number;
  /** Also an event when the condition ends. Default false. */
  readonly resolve?: boolean;
  /** Firings are logged and shown, and nothing is dispatched. Default false. */
  readonly dryRun?: boolean;
}

/** The fields of `automation`. Only run events may have another engine than W&B's. */
export type AutomationFields = CommonFields & ((WandbFields & EventAndAction) | RelayFields);

/**
 * One automation.
 *
 * @example
 * automation({
 *   name: 'deploy-production',
 *   event: onAddArtifactAlias(collection(registry('model'), 'resnet50'), artifactEvent.alias.eq('production')),
 *   action: relay({ to: [{ repository_dispatch: { repository: 'acme/deploy', event_type: 'model-ready' } }] }),
 * })
 * @example
 * automation({
 *   name: 'crashed',
 *   engine: 'relay',
 *   event: onRunState(project('train'), runEvent.state.eq('crashed', { grace: '10m' })),
 *   refire: 'never',
 *   action: relay({ to: [{ slack: { channel: '#ml-alerts' } }] }),
 * })
 */
export function automation({
  name,
  event,
  action,
  movedFrom,
  forEach,
  forPoints,
  dryRun,
  ...more
}: AutomationFields): AutomationDefinition {
  // A config in JavaScript is not type-checked.
  if (event?.scope === undefined)
    throw new TypeError(`${JSON.stringify(name)} needs an event in its scope, such as onRunState(project('train'), …)`);
  const definition = {
    name,
    ...present(more),
    ...(movedFrom === undefined ? {} : { moved_from: movedFrom }),
    ...(forEach === undefined ? {} : { for_each: forEach }),
    ...(forPoints === undefined ? {} : { for_points: forPoints }),
    ...(dryRun === undefined ? {} : { dry_run: dryRun }),
    scope: copied(event.scope),
    event: event.event,
    ...(event.runs === undefined ? {} : { runs: event.runs }),
    action,
  };
  // The scope and the event fit: the types of the builders saw to it, and reading the config checks it again.
  return placed(definition as unknown as AutomationDefinition);
}

/**
 * A summary in a Slack channel, by a schedule.
 *
 * @example
 * digest({ name: 'daily', schedule: '0 9 * * 1-5', timezone: 'Europe/Berlin', scope: project('train'), slack: '#ml', metrics: ['val/loss'] })
 */
export function digest(fields: DigestDefinition): DigestDefinition {
  const { scope, ...more } = mapping(fields, "digest({ name: 'daily', schedule: '0 9 * * 1-5', … })");
  return placed({ ...present(more), scope: copied(scope) });
}

/** The fields of `automationTest`: those of YAML, with the automation itself or its name. */
export type AutomationTestFields = Omit<TestDefinition, 'automation'> & {
  readonly automation: string | Pick<AutomationDefinition, 'name' | 'key'>;
};

/**
 * A test of an automation, for `tests` of a config.
 *
 * @example
 * automationTest({
 *   name: 'a loss that explodes',
 *   automation: 'loss-too-high',
 *   series: { loss: '3 2.9 2.8x10 NaN 9+1x3' },
 *   fires: [{ step: 14 }],
 * })
 */
export function automationTest(fields: AutomationTestFields): TestDefinition {
  const example = "automationTest({ name: 'explodes', automation, series: { loss: '3 9' }, fires: [{ step: 1 }] })";
  const { name, automation: tested, ...rest } = mapping(fields, example);
  return placed({ name, automation: typeof tested === 'string' ? tested : (tested.key ?? tested.name), ...present(rest) });
}

/** `Omit` on each member of a union. */
type WithoutVersion<C> = C extends unknown ? Omit<C, 'version'> : never;

/**
 * A whole config file. It has to be the default export.
 *
 * @example
 * export default config({ entity: 'acme', automations: [deployProduction] });
 */
export function config(fields: WithoutVersion<ConfigDefinition>): ConfigDefinition {
  return placed({ version: 1, ...present(fields) } as ConfigDefinition);
}

/** A config in JavaScript is not type-checked. */
function mapping<T extends object>(fields: T, example: string): T {
  if (typeof fields === 'object' && fields !== null && !Array.isArray(fields)) return fields;
  throw new TypeError(`needs an object, not ${JSON.stringify(fields)}: write ${example}`);
}

/** Without undefined fields: JSON has no `undefined`. */
function present<T extends object>(fields: T): T {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as T;
}
