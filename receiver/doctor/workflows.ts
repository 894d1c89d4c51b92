import { parse } from 'yaml';
import type { Config } from '../../src/config/config.ts';
import { readTriggers, unheardDispatches } from '../../src/config/workflow-triggers.ts';
import { formatDiagnostic } from '../../src/lib/diagnostic.ts';
import { type Check, checksOf } from './check.ts';

export interface WorkflowFiles {
  /** `owner/name` */
  readonly repository: string;
  /** The files of `.github/workflows` on the default branch, by name. */
  readonly files: ReadonlyMap<string, string>;
  /** GitHub Enterprise Server does not have `queue` in `concurrency`. */
  readonly isEnterpriseServer: boolean;
}

/** Whether workflows listen to what the routes send to a repository, and whether their runs can be followed and are not cancelled. */
export function checkWorkflows(config: Config, { repository, files, isEnterpriseServer }: WorkflowFiles): Check[] {
  const unheard = unheardDispatches(config, repository, files).map((diagnostic) =>
    checksOf('workflow', repository)('problem', formatDiagnostic(diagnostic)),
  );
  const heard = [...files].filter(([name, text]) => isStarted(config, repository, name, text));
  return [...unheard, ...heard.map(([name, text]) => checkFile(repository, name, text, isEnterpriseServer))];
}

/** Whether the routes may start this workflow. A type that is a template may be any. */
function isStarted({ routes }: Config, repository: string, name: string, text: string): boolean {
  const { repositoryDispatch: types, workflowDispatch: inputs } = readTriggers(text);
  const isHere = (other: string | undefined): boolean => other?.toLowerCase() === repository.toLowerCase();
  return routes.some(({ to }) =>
    to.some(({ repository_dispatch: dispatch, workflow_dispatch: started }) => {
      if (isHere(started?.repository)) return started?.workflow === name && inputs !== undefined;
      if (!isHere(dispatch?.repository) || types === undefined) return false;
      const type = dispatch?.event_type;
      return types === 'any' || type === undefined || type.includes('{') || types.includes(type);
    }),
  );
}

function checkFile(repository: string, name: string, text: string, isEnterpriseServer: boolean): Check {
  const check = checksOf('workflow', `${repository} ${name}`);
  const workflow = read(text);
  const troubles = [
    ...concurrencyTroubles(workflow, isEnterpriseServer),
    ...(readTriggers(text).repositoryDispatch === undefined || String(workflow['run-name'] ?? '').includes('delivery_id')
      ? []
      : ['its runs cannot be followed: add ${{ github.event.client_payload.delivery_id }} to its "run-name"']),
  ];
  return troubles.length === 0
    ? check('ok', 'listens; its runs can be followed, and none is cancelled')
    : check('warning', troubles.join('; '));
}

/** GitHub documentation, "Control workflow concurrency": of a group one run waits, and a newer one cancels it, but for `queue: max`. */
function concurrencyTroubles(workflow: Fields, isEnterpriseServer: boolean): string[] {
  const all = [workflow.concurrency, ...Object.values(fieldsOf(workflow.jobs)).map((job) => fieldsOf(job).concurrency)];
  const groups = all.filter((one) => one !== undefined && one !== null);
  if (groups.length === 0) return ['two of its runs may be under way at once, and end in any order: set "concurrency"'];
  if (groups.some((group) => cancels(fieldsOf(group)['cancel-in-progress'])))
    return ['a run is cancelled when another one comes: take "cancel-in-progress" out of "concurrency"'];
  if (isEnterpriseServer)
    return hasGroupOfItsOwn(groups)
      ? []
      : ['GitHub Enterprise Server cancels the run that waits when another one comes: give each model a "concurrency" group of its own'];
  return groups.every((group) => fieldsOf(group).queue === 'max')
    ? []
    : ['GitHub cancels the run that waits when another one comes: set "queue: max" in "concurrency"'];
}

/** An expression may be true. */
function cancels(value: unknown): boolean {
  return value !== undefined && value !== null && String(value) !== 'false';
}

/** The group's name depends on the event, so that runs about different models do not meet. */
function hasGroupOfItsOwn(groups: readonly unknown[]): boolean {
  return groups.every((group) => {
    const name = typeof group === 'string' ? group : fieldsOf(group).group;
    return String(name).includes('client_payload') || String(name).includes('inputs.');
  });
}

type Fields = Readonly<Record<string, unknown>>;

function fieldsOf(value: unknown): Fields {
  return typeof value === 'object' && value !== null ? (value as Fields) : {};
}

function read(text: string): Fields {
  try {
    return fieldsOf(parse(text));
  } catch {
    return {};
  }
}
