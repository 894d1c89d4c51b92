import { createAppAuth } from '@octokit/auth-app';
import { request as defaultRequest } from '@octokit/request';
import type { GitHubCredentials, Permission, Token } from './credentials.ts';

export interface AppOptions {
  readonly appId: string;
  /** PEM; PKCS#1 or PKCS#8. */
  readonly privateKey: string;
  readonly apiUrl: string;
  readonly fetch: typeof fetch;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/** The time limit of one request for a token. */
const REQUEST_LIMIT_MS = 10_000;

/** A token is used until so long before its end, by the clocks of both sides. Milliseconds. */
const SPARE_MS = 2 * 60_000;

interface IssuedToken extends Token {
  /** Milliseconds since 1970. */
  readonly expiresAt: number;
}

/**
 * A GitHub App: the installation is found by repository, and each token is narrowed to that repository and one permission.
 * Tokens are used again until shortly before they end (an hour).
 *
 * The library signs for the App. Its own way to installation tokens is not used: requests under way are shared there by
 * all that runs in the process, and on Workers one whose Durable Object ended in the middle is never answered, so every
 * later one would wait for it (@octokit/auth-app 8, `getInstallationAuthenticationConcurrently`).
 */
export function appCredentials(options: AppOptions): GitHubCredentials {
  const limitedFetch: typeof fetch = (input, init) => options.fetch(input, { ...init, signal: AbortSignal.timeout(REQUEST_LIMIT_MS) });
  const request = defaultRequest.defaults({ baseUrl: options.apiUrl, request: { fetch: limitedFetch } });
  const auth = createAppAuth({ appId: options.appId, privateKey: options.privateKey, request });
  const installations = new Map<string, number>();
  const tokens = new Map<string, IssuedToken>();
  const underWay = new Map<string, Promise<IssuedToken>>();

  const asApp = async () => ({ authorization: `Bearer ${(await auth({ type: 'app' })).token}` });

  const installationOf = async (repository: string): Promise<number> => {
    const known = installations.get(repository);
    if (known !== undefined) return known;
    const [owner = '', repo = ''] = repository.split('/');
    const { data } = await request('GET /repos/{owner}/{repo}/installation', { owner, repo, headers: await asApp() });
    installations.set(repository, data.id);
    return data.id;
  };

  const issue = async (repository: string, permission: Permission): Promise<IssuedToken> => {
    const installationId = await installationOf(repository);
    try {
      const { data } = await request('POST /app/installations/{installation_id}/access_tokens', {
        installation_id: installationId,
        repositories: [repository.split('/')[1] ?? ''],
        permissions: { ...permission },
        headers: await asApp(),
      });
      return { token: data.token, createdAt: options.now(), expiresAt: Date.parse(data.expires_at) };
    } catch (error) {
      // The App may have been installed anew: look the installation up again next time.
      installations.delete(repository);
      throw error;
    }
  };

  return {
    kind: 'app',
    // An installation belongs to an account and has an allowance of its own.
    credentialFor: (repository) => `github-app:${repository.split('/')[0]?.toLowerCase() ?? ''}`,
    token: async (repository, permission) => {
      const key = `${repository} ${JSON.stringify(permission)}`;
      const known = tokens.get(key);
      if (known !== undefined && known.expiresAt - SPARE_MS > options.now()) return known;
      const asking =
        underWay.get(key) ??
        issue(repository, permission)
          .then((token) => {
            tokens.set(key, token);
            return token;
          })
          .finally(() => underWay.delete(key));
      underWay.set(key, asking);
      return asking;
    },
  };
}
