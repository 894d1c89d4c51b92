import type { DispatchRequest } from '../../src/target.ts';
import type { AnswerContext } from './answer.ts';

/** What a person can do about each refusal. The permissions are GitHub's (REST API documentation of each endpoint). */
export function hintsFor(request: DispatchRequest, credential: 'token' | 'app' | 'app-token'): AnswerContext['hints'] {
  const { repository } = request;
  if (credential === 'app-token') {
    return {
      unauthorized:
        "GITHUB_APP_ID and GITHUB_APP_PRIVATE_KEY do not belong together, or this machine's clock is wrong: mend that and replay",
      forbidden: `The App is suspended, or lacks a permission: look at its installation on ${repository} and replay`,
      notFound: `The App is not installed on ${repository}, or the repository is gone: install it there and replay`,
      invalid: `The App lacks the permission "${permissionOf(request)}", or was not given ${repository}: grant it and replay`,
    };
  }
  const who = credential === 'token' ? 'GITHUB_TOKEN' : 'the App';
  const missing =
    request.kind === 'repository_dispatch'
      ? `${repository} does not exist, or ${who} may not see it: check the name, give it access (${permissionOf(request)}) and replay`
      : `${repository} has no workflow ${request.workflow}, or ${who} may not see it: check both names, give it access (${permissionOf(request)}) and replay`;
  return {
    unauthorized:
      credential === 'token'
        ? 'GITHUB_TOKEN has expired or was revoked: set a new one, restart and replay'
        : "The App's token was refused: check its installation and replay",
    forbidden: `${who} may not do this in ${repository}: give it "${permissionOf(request)}" and replay`,
    notFound: missing,
    invalid:
      request.kind === 'repository_dispatch'
        ? "Mend the route's event_type or client_payload and send the event again"
        : `Check that ${request.workflow} has "on: workflow_dispatch" with these inputs on ${request.ref}; then replay, or mend the route and send the event again`,
  };
}

function permissionOf(request: DispatchRequest): string {
  return request.kind === 'repository_dispatch' ? 'Contents: read and write' : 'Actions: read and write';
}
