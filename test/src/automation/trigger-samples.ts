import { readFileSync } from 'node:fs';
import type { Automation, Scope } from '../../../src/automation/automation.ts';
import type { TriggerInput, TriggerScope } from '../../../src/automation/trigger.ts';
import { integrationOf, triggerInput } from '../../../src/automation/trigger-input.ts';
import type { JsonValue } from '../../../src/lib/json.ts';

/** The world that the fixtures `trigger-cases.yaml` and `trigger-inputs.json` are about. */

const FIXTURES = new URL('../../fixtures/', import.meta.url);

export function fixture(name: string): string {
  return readFileSync(new URL(name, FIXTURES), 'utf8');
}

/** By name of the automation, what W&B's Python client sends. */
export const CLIENT_INPUTS = JSON.parse(fixture('trigger-inputs.json')) as Readonly<Record<string, TriggerInput>>;

const SLACK = 'SW50ZWdyYXRpb246NDAx';
const WEBHOOK = 'SW50ZWdyYXRpb246NDAy';

/** The input for a definition in that world. */
export function inputFor(automation: Automation): TriggerInput {
  const kind = integrationOf(automation)?.kind;
  const integrationId = kind === undefined ? undefined : { slack: SLACK, webhook: WEBHOOK }[kind];
  return triggerInput(automation, { scope: scopeOf(automation.scope), integrationId });
}

function scopeOf({ registry, collection, team, organization }: Scope): TriggerScope {
  const scope = (type: TriggerScope['type'], id: string) => ({ type, id, description: '' });
  if (team !== undefined) return scope('ENTITY', 'RW50aXR5OjMwMQ==');
  if (organization !== undefined) return scope('ENTITY', 'RW50aXR5OjMwMg==');
  if (collection !== undefined) {
    const id = registry === undefined ? 'QXJ0aWZhY3RDb2xsZWN0aW9uOjIwMg==' : 'QXJ0aWZhY3RDb2xsZWN0aW9uOjIwMQ==';
    return scope('ARTIFACT_COLLECTION', id);
  }
  return scope('PROJECT', registry === undefined ? 'UHJvamVjdDoxMDE=' : 'UHJvamVjdDoxMDI=');
}

/** The input with the JSON in its strings parsed: two are equal when they say the same. */
export function opened(input: TriggerInput): JsonValue {
  const filter = JSON.parse(input.eventFilter) as { run_filter?: string };
  const webhook =
    'genericWebhookActionInput' in input.triggeredActionConfig ? input.triggeredActionConfig.genericWebhookActionInput : undefined;
  const payload = webhook?.requestPayload ?? null;
  return JSON.parse(
    JSON.stringify({
      ...input,
      eventFilter: filter.run_filter === undefined ? filter : { ...filter, run_filter: JSON.parse(filter.run_filter) },
      ...(webhook === undefined
        ? {}
        : {
            triggeredActionConfig: {
              genericWebhookActionInput: { ...webhook, requestPayload: payload === null ? null : { json: JSON.parse(payload) } },
            },
          }),
    }),
  ) as JsonValue;
}
