import type { Automation } from '../automation/automation.ts';
import type { TriggerInput, TriggerScope } from '../automation/trigger.ts';
import type { SourceLocation } from '../lib/diagnostic.ts';
import type { JsonObject } from '../lib/json.ts';

/** A definition with its names resolved: what W&B should have. */
export interface DesiredTrigger {
  readonly key: string;
  /** The name that it had, for a rename that is not a deletion and a creation. */
  readonly movedFrom: string | undefined;
  /** Take over an automation of this name that nobody manages, or one of another repository. */
  readonly adopt: boolean | { readonly from: string };
  /** Without the mark of ownership. */
  readonly input: TriggerInput;
  readonly scope: TriggerScope;
  /** The webhook integration, if the config declares it. Its id is not known before it is created. */
  readonly integration?: JsonObject | undefined;
  /** The definition itself, for people. */
  readonly automation: Automation;
  /** Where it is defined. */
  readonly location?: SourceLocation;
}
