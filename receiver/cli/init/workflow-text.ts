import { PLACEHOLDERS } from './answers.ts';

/** Where the workflows are written, from the top of the repository. */
export const WORKFLOW_FILES = {
  automations: '.github/workflows/automations.yml',
  drift: '.github/workflows/drift.yml',
  deploy: '.github/workflows/deploy.yml',
} as const;

/** What the workflows of examples/ are adapted to. */
export interface WorkflowFacts {
  /** `owner/name@ref` of the Action. */
  readonly action: string | undefined;
  /** The config file from the top of the repository. */
  readonly config: string;
  readonly branch: string | undefined;
  /** The address of W&B's API; `undefined`: that of its own cloud. */
  readonly wandbBaseUrl: string | undefined;
  /** GitHub Enterprise Server: it does not have `queue` in `concurrency`. */
  readonly isEnterpriseServer: boolean;
}

const KEY_INPUT = /^( *)wandb-api-key: .*\n/gm;
/** Characters that mean nothing to YAML, also in a list in brackets. */
const PLAIN = /^[A-Za-z0-9][A-Za-z0-9._/-]*$/;

/** A workflow of examples/ for one repository. */
export function workflowText(example: string, { action, config, branch, wandbBaseUrl, isEnterpriseServer }: WorkflowFacts): string {
  const file = PLAIN.test(config) ? config : JSON.stringify(config);
  const inputs = [
    ...(config === 'wandb-relay.yaml' ? [] : [`config: ${file}`]),
    ...(wandbBaseUrl === undefined ? [] : [`wandb-base-url: ${wandbBaseUrl}`]),
  ];
  const text = example
    .replaceAll(PLACEHOLDERS.action, () => action ?? PLACEHOLDERS.action)
    .replace(/paths: \[wandb-relay\.yaml/g, () => `paths: [${file}`)
    .replace(/branches: \[main\]/g, () => `branches: [${branch !== undefined && PLAIN.test(branch) ? branch : 'main'}]`)
    .replace(KEY_INPUT, (line, indent: string) => `${line}${inputs.map((input) => `${indent}${input}\n`).join('')}`);
  return isEnterpriseServer ? withoutQueue(text) : text;
}

function withoutQueue(text: string): string {
  return text
    .replaceAll(', queue: max }', ' }')
    .replace(/^ *queue: max\n/gm, '')
    .replace(/^ *# Without "queue: max" .*\n/gm, '');
}
