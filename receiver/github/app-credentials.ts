import { createAppAuth } from '@octokit/auth-app';
import { request as defaultRequest } from '@octokit/request';
import type { GitHubCredentials } from './credentials.ts';

export interface AppOptions {
  readonly appId: string;
  /** PEM; PKCS#1 or PKCS#8. */
  readonly privateKey: string;
  readonly apiUrl: string;
  readonly fetch: typeof fetch;
}

/** The time limit of one request for a token. */
const REQUEST_LIMIT_MS = 10_000;

/**
 * A GitHub App: the installation is found by repository, and each token is narrowed to that repository and one permission.
 * The library caches tokens until shortly before they end (an hour); it is asked for tokens only, so that its own
 * retries never touch a dispatch.
 */
export function appCredentials(options: AppOptions): GitHubCredentials {
  const limitedFetch: typeof fetch = (input, init) => options.fetch(input, { ...init, signal: AbortSignal.timeout(REQUEST_LIMIT_MS) });
  const request = defaultRequest.defaults({ baseUrl: options.apiUrl, request: { fetch: limitedFetch } });
  const auth = createAppAuth({ appId: options.appId, privateKey: options.privateKey, request });
  const installations = new Map<string, number>();

  const installationOf = async (repository: string): Promise<number> => {
    const known = installations.get(repository);
    if (known !== undefined) return known;
    const [owner = '', repo = ''] = repository.split('/');
    const { token } = await auth({ type: 'app' });
    const { data } = await request('GET /repos/{owner}/{repo}/installation', {
      owner,
      repo,
      headers: { authorization: `Bearer ${token}` },
    });
    installations.set(repository, data.id);
    return data.id;
  };

  return {
    kind: 'app',
    // An installation belongs to an account and has an allowance of its own.
    credentialFor: (repository) => `github-app:${repository.split('/')[0]?.toLowerCase() ?? ''}`,
    token: async (repository, permission) => {
      const installationId = await installationOf(repository);
      try {
        const repositoryNames = [repository.split('/')[1] ?? ''];
        const { token, createdAt } = await auth({ type: 'installation', installationId, repositoryNames, permissions: { ...permission } });
        return { token, createdAt: Date.parse(createdAt) };
      } catch (error) {
        // The App may have been installed anew: look the installation up again next time.
        installations.delete(repository);
        throw error;
      }
    },
  };
}
