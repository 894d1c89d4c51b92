import { apiKeyPage, wandbAppUrl } from '../../../src/event/wandb-links.ts';
import { PLACEHOLDERS, webhookUrl } from './answers.ts';
import { type ConfigFacts, SIGNING_SECRET } from './config-text.ts';
import { WORKFLOW_FILES, type WorkflowFacts } from './workflow-text.ts';

/**
 * What a person has to do after `init`, in order: at GitHub, in W&B, and on the command line.
 *
 * @param left the files, from the top of the repository, that were there already: nothing is said about what stands in them
 */
export function nextSteps(
  config: ConfigFacts,
  workflows: WorkflowFacts,
  { wandbBaseUrl, left }: { readonly wandbBaseUrl: string; readonly left: readonly string[] },
): string[] {
  const placeholders = placeholdersIn(config, workflows).filter(({ file }) => !left.includes(file));
  const steps = [
    ...(placeholders.length === 0 ? [] : [['Replace the placeholders:', ...placeholders.map(({ file, what }) => `  ${file}: ${what}`)]]),
    [
      'GitHub: in the repository, Settings > Secrets and variables > Actions, add the secret WANDB_API_KEY:',
      `  a key of a W&B user of the team. W&B shows a new key once: ${apiKeyPage(wandbBaseUrl)}`,
    ],
    ['GitHub: Settings > Environments, add "wandb" with required reviewers: they approve what "Run workflow" would apply.'],
    [
      'The receiver: make a secret, and start it with the secret and a token for the repositories that it dispatches to:',
      '  export WANDB_WEBHOOK_SECRET="$(openssl rand -hex 32)"',
      '  export GITHUB_TOKEN=github_pat_...',
      '  wandb-relay serve',
    ],
    wandbStep(config, wandbBaseUrl),
    ['Check, and see what applying would change:', '  wandb-relay validate', '  wandb-relay plan'],
  ];
  return ['Next:', ...steps.flatMap(([first = '', ...more], i) => [`${i + 1}. ${first}`, ...more.map((line) => `  ${line}`)])];
}

function placeholdersIn({ team, repository, exported }: ConfigFacts, { action, config }: WorkflowFacts) {
  const inConfig = [
    ...(team === undefined ? [`${PLACEHOLDERS.team}, the team at W&B`] : []),
    ...(repository === undefined ? [`${PLACEHOLDERS.repository}, this repository`] : []),
    ...(exported === undefined ? ['the registry "model", one of yours'] : []),
  ];
  const { automations, drift, deploy } = WORKFLOW_FILES;
  return [
    ...inConfig.map((what) => ({ file: config, what })),
    ...(action === undefined
      ? [automations, drift, deploy].map((file) => ({ file, what: `${PLACEHOLDERS.action}, where the Action is published` }))
      : []),
    { file: deploy, what: './deploy.sh, what deploys a model' },
  ];
}

function wandbStep({ team, url }: ConfigFacts, wandbBaseUrl: string): string[] {
  const settings = `${wandbAppUrl(wandbBaseUrl)}/${encodeURIComponent(team ?? PLACEHOLDERS.team)}/settings`;
  const secret = `  Team secrets: add ${SIGNING_SECRET}; its value is the receiver's WANDB_WEBHOOK_SECRET.`;
  const webhook =
    url === undefined
      ? `  Webhooks: add one. Name: relay. URL: https://YOUR-HOST/webhooks/wandb. Secret: ${SIGNING_SECRET}. Access token: blank.`
      : `  Webhooks: nothing. "wandb-relay apply" adds the webhook "relay" with ${webhookUrl(url)} when an automation uses it.`;
  return [`W&B: ${settings}`, secret, webhook];
}
