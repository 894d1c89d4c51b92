import { parse } from 'yaml';
import type { Diagnostic } from '../lib/diagnostic.ts';
import type { RouteDefinition } from '../route/route.ts';
import { isTemplate } from '../route/template.ts';
import type { Config } from './config.ts';

/** The dispatches that start a workflow. */
export interface WorkflowTriggers {
  /** The event types that start it; `any` without a list; `undefined` when none does. */
  readonly repositoryDispatch: readonly string[] | 'any' | undefined;
  /** The inputs that it declares; `undefined` when it cannot be started by hand. */
  readonly workflowDispatch: readonly string[] | undefined;
}

const NOTHING: WorkflowTriggers = { repositoryDispatch: undefined, workflowDispatch: undefined };

/** Reads the `on:` of a workflow file. A file that is no workflow triggers nothing. */
export function readTriggers(workflow: string): WorkflowTriggers {
  let on: unknown;
  try {
    on = field(parse(workflow), 'on');
  } catch {
    return NOTHING;
  }
  if (typeof on === 'string') on = [on];
  if (Array.isArray(on)) {
    return {
      repositoryDispatch: on.includes('repository_dispatch') ? 'any' : undefined,
      workflowDispatch: on.includes('workflow_dispatch') ? [] : undefined,
    };
  }
  if (typeof on !== 'object' || on === null) return NOTHING;
  const types = field(field(on, 'repository_dispatch'), 'types');
  const inputs = field(field(on, 'workflow_dispatch'), 'inputs');
  return {
    repositoryDispatch:
      'repository_dispatch' in on ? (types === undefined || types === null ? 'any' : [types].flat().map(String)) : undefined,
    workflowDispatch: 'workflow_dispatch' in on ? Object.keys(typeof inputs === 'object' && inputs !== null ? inputs : {}) : undefined,
  };
}

function field(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>)[name] : undefined;
}

/**
 * The dispatches to this repository that none of its workflows listens to. GitHub answers such a dispatch with 204 and
 * starts nothing.
 *
 * @param repository `owner/name` of the checkout
 * @param workflows the files of `.github/workflows` on this branch, by name
 */
export function unheardDispatches(config: Config, repository: string, workflows: ReadonlyMap<string, string>): Diagnostic[] {
  const triggers = new Map([...workflows].map(([name, text]) => [name, readTriggers(text)]));
  return config.routes.flatMap((route) =>
    route.to.flatMap((target, j) => {
      const [kind, message] = findSilentTarget(target, repository, triggers) ?? [];
      const path = [...route.path, 'to', j, ...(kind === undefined ? [] : [kind])];
      return message === undefined ? [] : [config.locator.at(path, message)];
    }),
  );
}

function findSilentTarget(
  target: RouteDefinition['to'][number],
  repository: string,
  triggers: ReadonlyMap<string, WorkflowTriggers>,
): [string, string] | undefined {
  const { repository_dispatch: dispatch, workflow_dispatch: started } = target;
  const type = dispatch?.event_type;
  if (dispatch !== undefined && type !== undefined && isSame(dispatch.repository, repository) && !isTemplate(type)) {
    const heard = [...triggers.values()].some(({ repositoryDispatch: types }) => types === 'any' || types?.includes(type));
    if (heard) return undefined;
    return [
      'repository_dispatch',
      `no workflow in .github/workflows listens to it: add "${type}" to "on: repository_dispatch: types:" of one`,
    ];
  }
  if (started !== undefined && isSame(started.repository, repository) && !/^\d+$/.test(started.workflow)) {
    const declared = triggers.get(started.workflow);
    if (declared === undefined) return ['workflow_dispatch', `there is no .github/workflows/${started.workflow}`];
    const inputs = declared.workflowDispatch;
    if (inputs === undefined) return ['workflow_dispatch', `.github/workflows/${started.workflow} has no "on: workflow_dispatch"`];
    const missing = Object.keys(started.inputs ?? {}).filter((name) => !inputs.includes(name));
    if (missing.length > 0)
      return ['workflow_dispatch', `.github/workflows/${started.workflow} declares no input ${missing.join(', ')}: GitHub would refuse it`];
  }
  return undefined;
}

/** GitHub's names are the same in any case. */
function isSame(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase();
}
