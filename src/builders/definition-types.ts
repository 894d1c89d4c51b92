import type { z } from 'zod';
import type { automationSchema } from '../automation/automation.ts';
import type { configSchema } from '../config/config-schema.ts';
import type { digestSchema } from '../digest/definition.ts';
import type { JsonObject } from '../lib/json.ts';

/** The types of a config in TypeScript. They refuse what the config file refuses, as far as types can. */

/** An object with exactly one of the keys of `T`. */
export type ExactlyOne<T> = {
  [K in keyof T]: { readonly [P in K]: T[P] } & { readonly [P in Exclude<keyof T, K>]?: never };
}[keyof T];

type NonEmpty<T> = readonly [T, ...T[]];

/** Equal to a text, or exactly one of the keys. */
export type MatchDefinition =
  | string
  | ExactlyOne<{ regex: string; contains: string; in: NonEmpty<string>; not_in: NonEmpty<string>; not: string }>;

type Written = z.input<typeof automationSchema>;
type WrittenEvent = Written['event'];
type Fields<K extends keyof WrittenEvent> = NonNullable<WrittenEvent[K]>;

type AliasCondition =
  | { readonly alias?: MatchDefinition; readonly filter?: never }
  | { readonly alias?: never; readonly filter: JsonObject };
type TagCondition = { readonly tag?: MatchDefinition; readonly filter?: never } | { readonly tag?: never; readonly filter: JsonObject };

type Comparison = ExactlyOne<{
  above: number;
  above_or_equal_to: number;
  below: number;
  below_or_equal_to: number;
  equal_to: number;
  not_equal_to: number;
}>;
type Amount = number | `${number}%`;
type ChangeAmount = ExactlyOne<{ increases_by: Amount; decreases_by: Amount; changes_by: Amount }>;
/** Without an aggregate only the latest value is compared, so there is no window. */
type ThresholdWindow =
  | { readonly aggregate?: never; readonly window?: 1 }
  | (Required<Pick<Fields<'run_metric'>, 'aggregate'>> & { readonly window?: number });
type ChangeWindows =
  | { readonly aggregate?: never; readonly window?: 1; readonly prior_window?: 1 }
  | (Required<Pick<Fields<'run_metric_change'>, 'aggregate'>> & { readonly window?: number; readonly prior_window?: number });

interface MetricEvents {
  run_metric: { readonly metric: string } & ThresholdWindow & Comparison;
  run_metric_change: { readonly metric: string } & ChangeWindows & ChangeAmount;
}
type Zscore = Fields<'run_metric_zscore'>;
type RunEvents = ExactlyOne<
  MetricEvents & {
    run_metric_zscore: Omit<Zscore, 'over'> & { readonly over?: never };
    run_state: { readonly states: NonEmpty<'running' | 'finished' | 'failed'>; readonly grace?: never; readonly longer_than?: never };
  }
>;
/** With `engine: relay`: also what W&B does not have. */
type RelayEvents = ExactlyOne<
  MetricEvents & {
    run_metric_zscore: Zscore;
    run_metric_nonfinite:
      | { readonly metric: string; readonly metrics?: never }
      | { readonly metric?: never; readonly metrics: MatchDefinition };
    run_metric_stall: { readonly metric: string; readonly window: number; readonly less_than: Amount };
    run_silent: Fields<'run_silent'>;
    run_state: Omit<Fields<'run_state'>, 'states'> & { readonly states: NonEmpty<Fields<'run_state'>['states'][number]> };
  }
>;
type ArtifactEvents = ExactlyOne<{
  link_artifact: AliasCondition;
  unlink_artifact: AliasCondition;
  add_artifact_alias: AliasCondition;
  add_artifact_tag: TagCondition;
  remove_artifact_tag: TagCondition;
  add_collection_tag: TagCondition;
  remove_collection_tag: TagCondition;
}>;

type CollectionOf<S> = S & { readonly collection: MatchDefinition };
type OneOwner = ExactlyOne<{ project: string; registry: string; team: string; organization: string }>;
type ProjectOrRegistry = ExactlyOne<{ project: string; registry: string }> & { readonly team?: never; readonly organization?: never };
type RunScope = ExactlyOne<{ project: string; team: string }> & {
  readonly registry?: never;
  readonly organization?: never;
  readonly collection?: never;
};
export type ScopeDefinition = (OneOwner & { readonly collection?: never }) | CollectionOf<ProjectOrRegistry>;

type RelayFields = Pick<Written, 'refire' | 'for_points' | 'resolve' | 'dry_run'>;
type NoRelayFields = { readonly [F in keyof RelayFields]?: never };
/** What W&B evaluates. */
type OfWandb<Action = RunActionDefinition> = NoRelayFields & { readonly engine?: 'wandb'; readonly action: Action };

/**
 * Run events are in projects and teams only, and only they have `runs` and another engine. What the relay evaluates has a relay
 * action: W&B does not know it. Only runs can be stopped.
 */
type EventInScope =
  | ({
      readonly scope: CollectionOf<ProjectOrRegistry>;
      readonly event: { readonly create_artifact: AliasCondition };
      readonly runs?: never;
    } & OfWandb<ActionDefinition>)
  | ({ readonly scope: ScopeDefinition; readonly event: ArtifactEvents; readonly runs?: never } & OfWandb<ActionDefinition>)
  | ({ readonly scope: RunScope; readonly event: RunEvents; readonly runs?: RunsDefinition } & OfWandb)
  | ({
      readonly scope: RunScope;
      readonly event: RelayEvents;
      readonly runs?: RelayRunsDefinition;
      readonly engine: 'relay';
      readonly action: RunRelayActionDefinition;
    } & RelayFields);

interface RunWords {
  readonly name?: MatchDefinition;
  readonly user?: MatchDefinition;
  readonly filter?: never;
}
interface RunFilter {
  readonly name?: never;
  readonly user?: never;
  readonly tags?: never;
  readonly filter: JsonObject;
}
export type RunsDefinition = (RunWords & { readonly tags?: never }) | RunFilter;
/** With `engine: relay` also by tags. */
export type RelayRunsDefinition = (RunWords & { readonly tags?: MatchDefinition }) | RunFilter;

type WrittenActions = { [K in keyof Written['action']]-?: NonNullable<Written['action'][K]> };

/** Exactly one of `relay`, `webhook`, `notification` and `no_op`. */
export type RunActionDefinition = ExactlyOne<WrittenActions>;
/** The action of what the relay evaluates. */
export type RunRelayActionDefinition = Extract<RunActionDefinition, { readonly relay: object }>;

type WrittenRelay = WrittenActions['relay'];
type TargetWithoutRun = WrittenRelay['to'][number] & { readonly wandb_stop?: never };
type RelayWithoutRun = Omit<WrittenRelay, 'to'> & { readonly to: TargetWithoutRun[] };
/** An action of any automation, also of one about artifacts: nothing in it needs a run. */
export type ActionDefinition = ExactlyOne<Omit<WrittenActions, 'relay'> & { relay: RelayWithoutRun }>;
/** A relay action of any automation. */
export type RelayActionDefinition = Extract<ActionDefinition, { readonly relay: object }>;

type WrittenDigest = z.input<typeof digestSchema>;

/** A digest, as in YAML. Its collection is a name. */
export type DigestDefinition = Omit<WrittenDigest, 'scope'> & {
  readonly scope: ExactlyOne<{ project: string; registry: string; team: string }> & {
    readonly collection?: string;
    readonly organization?: never;
  };
};

/** One automation per combination of the values; `{{ each.NAME }}` in a text stands for one. */
export type ForEach = Readonly<Record<string, NonEmpty<string | number | boolean>>>;

type OtherFields = Omit<Written, 'scope' | 'event' | 'action' | 'runs' | 'engine' | keyof RelayFields>;

/** An automation, as in YAML. */
export type AutomationDefinition = OtherFields & EventInScope & { readonly for_each?: ForEach };

/** What holds for all automations that do not have the field themselves. */
export type DefaultsDefinition = Partial<OtherFields & RelayFields> & {
  readonly scope?: ScopeDefinition;
  readonly event?: AutomationDefinition['event'];
  readonly runs?: RunsDefinition | RelayRunsDefinition;
  readonly engine?: 'wandb' | 'relay';
  readonly action?: RunActionDefinition;
  readonly for_each?: ForEach;
};

/** A test of an automation, as in YAML. */
export type TestDefinition = NonNullable<z.input<typeof configSchema>['tests']>[number];

type WrittenConfig = Omit<z.input<typeof configSchema>, 'automations' | 'defaults'>;

/** A config file, as in YAML. With `defaults` an automation may leave out any field but its name. */
export type ConfigDefinition = WrittenConfig &
  (
    | { readonly defaults?: never; readonly automations?: readonly AutomationDefinition[] }
    | { readonly defaults: DefaultsDefinition; readonly automations?: readonly (DefaultsDefinition & { readonly name: string })[] }
  );
