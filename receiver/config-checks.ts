import type { Config } from '../src/config/config.ts';
import { configWarnings as writtenWarnings } from '../src/config/config-warnings.ts';
import { formatDiagnostic } from '../src/lib/diagnostic.ts';
import type { TargetDefinition } from '../src/route/target-schema.ts';
import { whyNotEvaluated } from './engine/engine-part.ts';
import type { Environment } from './environment.ts';

/** What only config and environment together tell; the same wherever a receiver runs. Lines for people. */

/** Why a receiver that is to send for real cannot; `sandbox` is how to try the routes without. */
export function credentialProblems({ github }: Pick<Environment, 'github'>, { routes }: Pick<Config, 'routes'>, sandbox: string): string[] {
  if (github !== undefined) return [];
  const sending = routes.filter((route) => route.to.some(isForGitHub)).map((route) => route.name);
  if (sending.length === 0) return [];
  const some = sending.length > 3 ? `${sending.slice(0, 3).join(', ')} and ${sending.length - 3} more` : sending.join(', ');
  return [
    `GITHUB_TOKEN: is not set, and neither is GITHUB_APP_ID, but routes send to GitHub (${some}): set one, or try the routes with ${sandbox}`,
  ];
}

/** A token of fewer characters could be found by trying, however slowly. */
const SHORTEST_TOKEN = 16;

/** Tokens for the pages and the API that anybody could guess. */
export function tokenProblems({ access }: Pick<Environment, 'access'>): string[] {
  return access.people
    .filter(({ token }) => token.length < SHORTEST_TOKEN)
    .map(({ name, role, isShared }) => {
      const variable = role === 'viewer' ? 'RELAY_VIEWER_TOKEN' : 'RELAY_ADMIN_TOKEN';
      const whose = isShared ? `${variable}: the token` : `RELAY_ADMIN_TOKENS: the token of ${name}`;
      return `${whose} has fewer than ${SHORTEST_TOKEN} characters and could be guessed: make one with "openssl rand -hex 32"`;
    });
}

/** What is posted is signed, so that who gets it can tell that it is from the relay. */
export function alertProblems({ alertSecrets }: Pick<Environment, 'alertSecrets'>, { settings }: Pick<Config, 'settings'>): string[] {
  if (settings.alertWebhook === null || alertSecrets.length > 0) return [];
  return [
    'RELAY_ALERT_WEBHOOK_SECRET: is not set, but alerts.webhook is: set it to the secret that the other side checks the signature with',
  ];
}

export function isForGitHub({ repository_dispatch, workflow_dispatch }: TargetDefinition): boolean {
  return repository_dispatch !== undefined || workflow_dispatch !== undefined;
}

/** What the config asks for and this receiver cannot do, so that nobody waits for it. */
export function configWarnings(
  config: Config,
  environment: Pick<Environment, 'slack' | 'postgresUrl' | 'wandbApiKey'>,
  sandbox: boolean,
): string[] {
  const { slack, postgresUrl, wandbApiKey } = environment;
  const warnings: string[] = [];
  const connected = sandbox || slack !== undefined;
  if (!connected && config.routes.some((route) => route.to.some((target) => target.slack !== undefined))) {
    warnings.push(
      postgresUrl === undefined
        ? 'SLACK_BOT_TOKEN is not set: messages fail, and can be replayed once it is set'
        : 'SLACK_BOT_TOKEN is not set: messages wait for a receiver on this database that has it',
    );
  }
  if (!connected && config.routes.some((route) => route.approval !== undefined)) {
    warnings.push('SLACK_BOT_TOKEN is not set: nobody is asked to approve dispatches; use "wandb-relay approve"');
  }
  if (!sandbox && wandbApiKey === undefined && config.routes.some((route) => route.to.some((target) => target.wandb_stop !== undefined))) {
    warnings.push(
      postgresUrl === undefined
        ? 'WANDB_API_KEY is not set: no run is stopped (wandb_stop); what fails can be replayed once it is set'
        : 'WANDB_API_KEY is not set: runs are stopped (wandb_stop) only by a receiver on this database that has it',
    );
  }
  const notEvaluated = whyNotEvaluated(config.automations, environment, sandbox);
  if (notEvaluated !== undefined) warnings.push(notEvaluated);
  warnings.push(...writtenWarnings(config).map(formatDiagnostic));
  return warnings;
}
