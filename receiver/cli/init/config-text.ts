import { stringify } from 'yaml';
import { type ExportedFile, exportYaml } from '../../../src/automation/export-yaml.ts';
import { visible, visibleDocument } from '../../../src/lib/visible.ts';
import { PLACEHOLDERS, webhookUrl } from './answers.ts';

/** The name of the team secret at W&B that signs webhooks. */
export const SIGNING_SECRET = 'RELAY_SECRET';
/** The event type that the deployment workflow of examples/ listens to. */
const EVENT_TYPE = 'model-production';

export interface ConfigFacts {
  readonly team: string | undefined;
  readonly organization: string | undefined;
  readonly repository: string | undefined;
  /** Where W&B reaches the receiver; `undefined`: not known yet. */
  readonly url: string | undefined;
  /** What exists at W&B; `undefined`: it was not read, or there is nothing. */
  readonly exported: ExportedFile | undefined;
}

/** The text of a first config. What exists at W&B comes first; else an example automation that starts the deployment workflow. */
export function configText(facts: ConfigFacts): string {
  const head = '# What W&B watches, and what the relay does with it. Checked by "wandb-relay validate", shown by "wandb-relay plan".\n';
  const webhook = webhookOf(facts);
  if (facts.exported !== undefined) {
    const example = exampleOf(facts).replace(/^(?=.)/gm, '# ');
    const more = `\n# Another automation, which starts .github/workflows/deploy.yml; put it into the list above:\n${example}`;
    return `${head}${exportYaml(facts.exported)}${webhook === undefined ? '' : stringify(webhook, { lineWidth: 140 })}${more}`;
  }
  const { team = PLACEHOLDERS.team, organization } = facts;
  const names = { version: 1, entity: team, ...(organization === undefined ? {} : { organization }) };
  // In double quotes YAML has escapes, so that invisible characters of a name are not printed raw.
  const isPlain = Object.values(names).every((name) => visible(String(name)) === name || typeof name === 'number');
  const top = visibleDocument(stringify(names, isPlain ? {} : { defaultStringType: 'QUOTE_DOUBLE', defaultKeyType: 'PLAIN' }));
  return `${head}${top}${webhook === undefined ? '' : stringify(webhook, { lineWidth: 140 })}automations:\n${exampleOf(facts)}`;
}

/** The webhook that `apply` creates. Without an address it is made in W&B's app. */
function webhookOf({ url }: ConfigFacts): object | undefined {
  if (url === undefined) return undefined;
  return { integrations: { webhooks: [{ name: 'relay', url: webhookUrl(url), secret: SIGNING_SECRET }] } };
}

function exampleOf({ repository }: ConfigFacts): string {
  return `  - name: deploy-production
    # Every collection of the registry "model". For one of them: { registry: model, collection: resnet50 }
    scope: { registry: model }
    event: { add_artifact_alias: { alias: production } }
    action:
      relay: # a webhook action at W&B, and a route in the receiver
        to:
          - repository_dispatch: { repository: ${repository ?? PLACEHOLDERS.repository}, event_type: ${EVENT_TYPE} }
`;
}
