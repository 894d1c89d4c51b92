import type { ProjectRef, ReadFailure } from '../engine/run-reader.ts';
import { projectKey } from './projects.ts';
import type { WandbError } from './wandb-error.ts';

/** What a failed request means to who reads runs. */
export function failureOf(error: WandbError): ReadFailure {
  const { message, retryAt } = error;
  if (retryAt !== undefined && (error.status === 429 || error.status === null)) return { kind: 'limited', message, retryAt };
  const when = retryAt === undefined ? {} : { retryAt };
  switch (error.kind) {
    case 'unauthorized':
    case 'forbidden':
    case 'invalid':
    case 'conflict':
      return { kind: 'refused', message, ...when };
    case 'not_found':
      return { kind: 'missing', message, ...when };
    case 'unclear':
    case 'unavailable':
      return { kind: error.status === 429 ? 'limited' : 'unavailable', message, ...when };
  }
}

/** W&B does not distinguish the two. */
export function missingProject(project: ProjectRef): ReadFailure {
  return { kind: 'missing', message: `W&B has no project ${projectKey(project)}, or the owner of the API key may not see it` };
}
