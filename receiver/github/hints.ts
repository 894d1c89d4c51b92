import type { DispatchRequest } from '../../src/route/target.ts';
import type { Permission } from './credentials.ts';
import type { AnswerContext } from './read-error.ts';

/** What a person can do about each refusal. The permissions are GitHub's (REST API documentation of each endpoint). */
export function hintsFor(request: DispatchRequest, credential: 'token' | 'app' | 'app-token'): AnswerContext['hints'] {
  const { repository } = request;
  if (credential === 'app-token') {
    return {
      unauthorized:
        "GITHUB_APP_ID and GITHUB_APP_PRIVATE_KEY do not belong together, or this machine's clock is wrong: fix that and replay",
      forbidden: `The App is suspended, or lacks a permission: check its installation on ${repository} and replay`,
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
        ? "Fix the route's event_type or client_payload and send the event again"
        : `Check that ${request.workflow} has "on: workflow_dispatch" with these inputs on ${request.ref}; then replay, or fix the route and send the event again`,
  };
}

function permissionOf(request: DispatchRequest): string {
  return request.kind === 'repository_dispatch' ? 'Contents: read and write' : 'Actions: read and write';
}

/** What a person can do when runs may not be read. Nothing is lost by it but the news. */
export function readingHints(repository: string, credential: 'token' | 'app' | 'app-token'): AnswerContext['hints'] {
  const hints = accessHints(repository, credential, 'Actions: read');
  if (credential === 'app-token') return hints;
  const access = `${whoOf(credential)} needs the permission "Actions: read" for ${repository} to follow its runs`;
  return { ...hints, forbidden: access, notFound: `It is gone, or ${access}` };
}

/** What a person can do when a commit's status may not be written. */
export function statusHints(repository: string, sha: string, credential: 'token' | 'app' | 'app-token'): AnswerContext['hints'] {
  const hints = accessHints(repository, credential, 'Commit statuses: read and write');
  if (credential === 'app-token') return hints;
  return {
    ...hints,
    notFound: `${repository} does not exist, or ${whoOf(credential)} may not see it: give it access ("Commit statuses: read and write") and replay`,
    invalid: `${repository} has no commit ${sha}, or it has 1,000 statuses of this context already: was the commit pushed there?`,
  };
}

/** What a person can do when a credential lacks a permission in a repository, or does not see it. */
export function permissionHints(
  repository: string,
  credential: 'token' | 'app' | 'app-token',
  permission: Permission,
): AnswerContext['hints'] {
  return accessHints(repository, credential, permissionWords(permission));
}

/** As GitHub's pages name it: `Actions: read and write`. */
function permissionWords(permission: Permission): string {
  const [[name = '', level] = []] = Object.entries(permission);
  return `${name.charAt(0).toUpperCase()}${name.slice(1)}: ${level === 'write' ? 'read and write' : 'read'}`;
}

function accessHints(repository: string, credential: 'token' | 'app' | 'app-token', permission: string): AnswerContext['hints'] {
  const who = whoOf(credential);
  const forbidden = `${who} may not do this in ${repository}: give it "${permission}"`;
  if (credential === 'app-token') {
    return {
      unauthorized:
        "GITHUB_APP_ID and GITHUB_APP_PRIVATE_KEY do not belong together, or this machine's clock is wrong: fix that and restart",
      forbidden: `The App is suspended, or lacks "${permission}": check its installation on ${repository}`,
      notFound: `The App is not installed on ${repository}, or the repository is gone: install it there`,
      invalid: `The App lacks the permission "${permission}", or was not given ${repository}: grant it`,
    };
  }
  return {
    unauthorized:
      credential === 'token'
        ? 'GITHUB_TOKEN has expired or was revoked: set a new one and restart'
        : "The App's token was refused: check its installation",
    forbidden,
    notFound: `${repository} does not exist, or ${who} may not see it: give it "${permission}"`,
    invalid: forbidden,
  };
}

function whoOf(credential: 'token' | 'app' | 'app-token'): string {
  return credential === 'token' ? 'GITHUB_TOKEN' : 'the App';
}
