import { readApiAddress, WANDB_APP } from '../lib/api-address.ts';
import { parseDuration } from '../lib/duration.ts';
import { err, ok, type Result } from '../lib/result.ts';
import { DEFAULT_MAX_DELETES, type MigratedFrom, readMigratedFrom } from '../plan/plan-settings.ts';

export const COMMANDS = ['validate', 'plan', 'approved', 'apply', 'drift', 'export', 'event'] as const;
const WANDB_API_URL = 'https://api.wandb.ai';

export type ActionCommand = (typeof COMMANDS)[number];

/** The inputs of the Action, see action.yml. */
export interface ActionInputs {
  readonly command: ActionCommand;
  /** Files or globs. */
  readonly config: readonly string[];
  /** Blank where there are no secrets, as in a fork's pull request. */
  readonly wandbApiKey: string;
  readonly wandbBaseUrl: string;
  readonly githubToken: string;
  readonly comment: boolean;
  /** Tells several comments of one namespace apart; blank: there is one. */
  readonly commentKey: string;
  /** drift: also list what no definition is for. */
  readonly unmanaged: boolean;
  readonly prune: boolean;
  readonly maxDeletes: number;
  readonly allowDeleteMajority: boolean;
  readonly migrateFrom: MigratedFrom | undefined;
  /** apply: of the plans that were approved. */
  readonly fingerprints: readonly string[];
  readonly planFile: string;
  /** plan: how far back run automations are tried on past runs, in milliseconds; `undefined`: they are not. */
  readonly backtestMs: number | undefined;
  /** plan: how often one automation may fire in that time; `undefined`: as often as it does. */
  readonly maxEstimatedFires: number | undefined;
  readonly workingDirectory: string;
}

/** Reads and checks all inputs. Returns all errors at once, each with its input and an allowed value. */
export function readInputs(get: (name: string) => string): Result<ActionInputs, string[]> {
  const errors: string[] = [];
  const truth = (name: string, otherwise: boolean): boolean => {
    const text = get(name).trim().toLowerCase();
    if (text === '') return otherwise;
    if (text === 'true' || text === 'false') return text === 'true';
    errors.push(`${name}: "${text}" must be true or false`);
    return otherwise;
  };
  const command = get('command').trim() || 'plan';
  if (!(COMMANDS as readonly string[]).includes(command)) errors.push(`command: "${command}" is none of ${COMMANDS.join(', ')}`);
  const maxDeletes = Number(get('max-deletes').trim() || DEFAULT_MAX_DELETES);
  if (!Number.isInteger(maxDeletes) || maxDeletes < 0) errors.push(`max-deletes: "${get('max-deletes')}" must be a whole number`);
  const migrateFrom = get('migrate-from').trim() === '' ? undefined : readMigratedFrom(get('migrate-from'));
  if (migrateFrom?.ok === false) errors.push(`migrate-from: ${migrateFrom.error}`);
  const fingerprints = get('fingerprint')
    .split(/[\s,]+/)
    .filter((part) => part !== '');
  if (!fingerprints.every((part) => /^[0-9a-f]{64}$/.test(part))) {
    errors.push('fingerprint: must be the 64 hex digits of the output fingerprint of "plan"; of several plans, each on a line');
  }
  const baseUrl = readApiAddress(get('wandb-base-url').trim() || WANDB_API_URL, WANDB_API_URL, WANDB_APP);
  if (!baseUrl.ok) errors.push(`wandb-base-url: ${baseUrl.error}`);
  const backtest = get('backtest').trim();
  const backtestMs = backtest === '' ? undefined : parseDuration(backtest);
  if (backtest !== '' && (backtestMs ?? 0) === 0) errors.push(`backtest: "${backtest}" must be a duration such as 12h or 30d`);
  const most = get('max-estimated-fires').trim();
  const maxEstimatedFires = most === '' ? undefined : Number(most);
  if (maxEstimatedFires !== undefined && (!Number.isInteger(maxEstimatedFires) || maxEstimatedFires < 0)) {
    errors.push(`max-estimated-fires: "${most}" must be a whole number`);
  }
  if (most !== '' && backtest === '') errors.push('max-estimated-fires: needs the input backtest, such as 30d');
  const config = (get('config').trim() || 'wandb-relay.yaml')
    .split(/[\n,]/)
    .map((part) => part.trim())
    .filter((part) => part !== '');
  const inputs: ActionInputs = {
    command: command as ActionCommand,
    config,
    wandbApiKey: get('wandb-api-key').trim(),
    wandbBaseUrl: baseUrl.ok ? baseUrl.value : WANDB_API_URL,
    githubToken: get('github-token').trim(),
    comment: truth('comment', true),
    commentKey: get('comment-key').trim(),
    unmanaged: truth('unmanaged', false),
    prune: truth('prune', false),
    maxDeletes,
    allowDeleteMajority: truth('allow-delete-majority', false),
    migrateFrom: migrateFrom?.ok === true ? migrateFrom.value : undefined,
    fingerprints,
    planFile: get('plan-file').trim(),
    backtestMs,
    maxEstimatedFires,
    workingDirectory: get('working-directory').trim() || '.',
  };
  return errors.length > 0 ? err(errors) : ok(inputs);
}
