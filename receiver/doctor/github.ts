import type { Config } from '../../src/config/config.ts';
import type { Environment } from '../environment.ts';
import { githubClient, ownerAndRepo } from '../github/client.ts';
import type { GitHubCredentials, Permission } from '../github/credentials.ts';
import { permissionHints } from '../github/hints.ts';
import { readFailure } from '../github/read-error.ts';
import type { Runtime } from '../runtime.ts';
import { type Check, checksOf } from './check.ts';
import { checkWorkflows } from './workflows.ts';

export interface GitHubChecksOptions extends Pick<Runtime, 'fetch' | 'now' | 'redactor'> {
  readonly config: Config;
  readonly environment: Pick<Environment, 'githubApiUrl'>;
  readonly credentials: GitHubCredentials;
  readonly signal: AbortSignal;
  readonly isEnterpriseServer: boolean;
}

/** Files of more workflows are not read. */
const MOST_FILES = 50;
const EXPIRES_SOON_MS = 14 * 86_400_000;
const DAY_MS = 86_400_000;

/** What the routes need of each repository, by the least calls that show it. Nothing is written at GitHub. */
export async function checkGitHub(options: GitHubChecksOptions): Promise<Check[]> {
  const repositories = repositoriesOf(options.config);
  const found = await Promise.all([...repositories].map(([repository, kinds]) => checkRepository(repository, kinds, options)));
  return found.flat();
}

type Kind = 'repository_dispatch' | 'workflow_dispatch';

/** What the routes do in which repository. */
function repositoriesOf({ routes }: Config): Map<string, Set<Kind>> {
  const found = new Map<string, Set<Kind>>();
  for (const target of routes.flatMap(({ to }) => to)) {
    for (const kind of ['repository_dispatch', 'workflow_dispatch'] as const) {
      const repository = target[kind]?.repository;
      if (repository !== undefined) found.set(repository, (found.get(repository) ?? new Set()).add(kind));
    }
  }
  return found;
}

async function checkRepository(repository: string, kinds: ReadonlySet<Kind>, options: GitHubChecksOptions): Promise<Check[]> {
  const check = checksOf('github', repository);
  const needed: Permission[] = [
    ...(kinds.has('repository_dispatch') ? [{ contents: 'write' } as const] : []),
    ...(kinds.has('workflow_dispatch') ? [{ actions: 'write' } as const] : []),
  ];
  const checks: Check[] = [];
  for (const permission of needed) {
    const refused = await refusalOf(repository, permission, options);
    if (refused !== undefined) return [check('problem', refused)];
  }
  const [first = { contents: 'write' } as const] = needed;
  const { token } = await options.credentials.token(repository, first);
  const { rest } = githubClient({ ...clientOptions(options), token });
  try {
    const { data, headers } = await rest.repos.get(ownerAndRepo(repository));
    checks.push(check(...accessTo(data, headers, options)));
  } catch (error) {
    return [check('problem', failureOf(error, repository, first, options))];
  }
  const unread = await refusalOf(repository, { actions: 'read' }, options);
  if (unread !== undefined) checks.push(check('warning', `runs are not followed: ${unread}`));
  return [...checks, ...(await checkFiles(repository, rest, options))];
}

/** What a repository's answer says about the credential: whether it may write there, and until when. */
function accessTo(
  data: {
    readonly archived?: boolean;
    readonly permissions?: { readonly push?: boolean | undefined } | undefined;
    readonly private?: boolean;
  },
  headers: Readonly<Record<string, string | number | undefined>>,
  { credentials, now }: GitHubChecksOptions,
): [Check['state'], string] {
  if (data.archived === true) return ['problem', 'is archived, and starts no workflow: unarchive it, or take it out of the routes'];
  if (credentials.kind === 'app') return ['ok', 'the App may do what the routes need'];
  if (data.permissions?.push === false) return ['problem', 'GITHUB_TOKEN may only read it: its user needs write access'];
  // Classic tokens name their scopes (GitHub documentation, "Scopes for OAuth apps"); others do not say what they may do.
  const scopes = String(headers['x-oauth-scopes'] ?? '').split(/,\s*/);
  const isClassic = headers['x-oauth-scopes'] !== undefined;
  if (isClassic && !scopes.includes('repo') && !(data.private === false && scopes.includes('public_repo')))
    return ['problem', 'GITHUB_TOKEN lacks the scope "repo": give it that, or use the App'];
  const expiresAt = Date.parse(
    String(headers['github-authentication-token-expiration'] ?? '')
      .replace(' UTC', 'Z')
      .replace(' ', 'T'),
  );
  if (expiresAt - now() < EXPIRES_SOON_MS)
    return ['warning', `GITHUB_TOKEN expires in ${Math.max(0, Math.floor((expiresAt - now()) / DAY_MS))} days: make a new one`];
  return [
    'ok',
    isClassic
      ? 'GITHUB_TOKEN may write there'
      : 'GITHUB_TOKEN sees it, and its user may write there (a fine-grained token does not say more)',
  ];
}

/** Only an App's tokens are narrowed, so only they show which permission is missing. */
async function refusalOf(repository: string, permission: Permission, options: GitHubChecksOptions): Promise<string | undefined> {
  try {
    await options.credentials.token(repository, permission);
    return undefined;
  } catch (error) {
    return failureOf(error, repository, permission, { ...options, isForToken: true });
  }
}

async function checkFiles(
  repository: string,
  rest: ReturnType<typeof githubClient>['rest'],
  options: GitHubChecksOptions,
): Promise<Check[]> {
  const place = { ...ownerAndRepo(repository), path: '.github/workflows' };
  try {
    const { data } = await rest.repos.getContent(place);
    const names = (Array.isArray(data) ? data : []).map(({ name }) => name).filter((name) => /\.ya?ml$/.test(name));
    const files = new Map<string, string>();
    for (const name of names.slice(0, MOST_FILES)) {
      const file = await rest.repos.getContent({ ...place, path: `${place.path}/${name}`, mediaType: { format: 'raw' } });
      files.set(name, String(file.data));
    }
    return checkWorkflows(options.config, { repository, files, isEnterpriseServer: options.isEnterpriseServer });
  } catch (error) {
    if (statusOf(error) === 404)
      return checkWorkflows(options.config, { repository, files: new Map(), isEnterpriseServer: options.isEnterpriseServer });
    const why = failureOf(error, repository, { contents: 'write' }, options);
    return [checksOf('workflow', repository)('unknown', `its workflows were not checked: ${why}`)];
  }
}

function statusOf(error: unknown): unknown {
  return typeof error === 'object' && error !== null && 'status' in error ? error.status : undefined;
}

function clientOptions({ environment, fetch, signal }: GitHubChecksOptions) {
  return { apiUrl: environment.githubApiUrl, fetch, signal };
}

function failureOf(
  error: unknown,
  repository: string,
  permission: Permission,
  { credentials, now, redactor, isForToken = false }: GitHubChecksOptions & { readonly isForToken?: boolean },
): string {
  const credential = credentials.kind === 'token' ? 'token' : isForToken ? 'app-token' : 'app';
  const hints = permissionHints(repository, credential, permission);
  return redactor.text(readFailure(error, { repository, hints, writes: false, attempts: 0, now: now(), redact: redactor.text }).detail);
}
