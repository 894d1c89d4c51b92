import { request as defaultRequest } from '@octokit/request';
import { RequestError } from '@octokit/request-error';
import githubAppJwt from 'universal-github-app-jwt';
import type { Redactor } from '../../src/lib/redact.ts';
import type { Logger } from '../log/log.ts';
import type { Runtime } from '../runtime.ts';
import { appClock } from './app-clock.ts';
import { githubFetch } from './client.ts';
import type { GitHubCredentials, Permission, Token } from './credentials.ts';
import { expectInAnswer } from './page-answer.ts';
import { repositoryOfUrl } from './redirects.ts';

export interface AppOptions extends Pick<Runtime, 'fetch' | 'now'> {
  readonly appId: string;
  /** PEM; PKCS#1 or PKCS#8. */
  readonly privateKey: string;
  readonly apiUrl: string;
  readonly log?: Pick<Logger, 'warn' | 'info'>;
  /** Called with every token, so that none is shown anywhere. */
  readonly redactor?: Pick<Redactor, 'add'>;
}

/** The time limit of one request for a token. */
const REQUEST_LIMIT_MS = 10_000;

/** A token is used until so long before its end, by the clocks of both sides. Milliseconds. */
const SPARE_MS = 2 * 60_000;
/** A token is redacted until so long after its end. Milliseconds. */
const REDACTED_AFTER_END_MS = 3_600_000;

interface IssuedToken extends Token {
  readonly createdAt: number;
  /** By the clock of this machine, milliseconds since 1970. */
  readonly expiresAt: number;
  /** Ends its redaction. */
  readonly forget: () => void;
}

interface Installation {
  readonly id: number;
  /** GitHub's id of the repository, when it has another name by now. */
  readonly repositoryId: number | undefined;
}

type Request = typeof defaultRequest;

/**
 * A GitHub App: the installation is found by repository, and each token is narrowed to that repository and one permission.
 * Tokens are used again until shortly before they end (an hour).
 *
 * A wrong clock does not matter: see `appClock`. A repository that was renamed is named to GitHub by its id.
 */
export function appCredentials(options: AppOptions): GitHubCredentials {
  const { now } = options;
  const clock = appClock(now, options.log);
  const limited: typeof fetch = (input, init) => options.fetch(input, { ...init, signal: AbortSignal.timeout(REQUEST_LIMIT_MS) });
  const request = defaultRequest.defaults({ baseUrl: options.apiUrl, headers: { 'user-agent': 'wandb-relay' } });
  const installations = new Map<string, Installation>();
  const tokens = new Map<string, IssuedToken>();
  const ended: IssuedToken[] = [];
  const underWay = new Map<string, Promise<IssuedToken>>();

  /** Calls GitHub as the App; once more when the clock of this machine was the reason why it did not work. */
  const asApp = async <T>(call: (request: Request) => Promise<T>, onMove?: (to: URL) => void): Promise<T> => {
    const signed = async (): Promise<T> => {
      const { token } = await githubAppJwt({ id: options.appId, privateKey: options.privateKey, now: Math.floor(clock.now() / 1000) });
      return call(request.defaults({ headers: { authorization: `Bearer ${token}` }, request: { fetch: githubFetch(limited, onMove) } }));
    };
    try {
      return await signed();
    } catch (error) {
      if (!clock.corrected(error)) throw error;
      return signed();
    }
  };

  const findInstallation = async (repository: string): Promise<Installation> => {
    const [owner = '', repo = ''] = repository.split('/');
    let movedTo: URL | undefined;
    const { data } = await asApp(
      (send) => send('GET /repos/{owner}/{repo}/installation', { owner, repo }),
      (to) => {
        movedTo = to;
      },
    );
    expectInAnswer(typeof data?.id === 'number', 'installation');
    const moved = movedTo === undefined ? undefined : repositoryOfUrl(movedTo);
    const installation = { id: data.id, repositoryId: moved !== undefined && 'id' in moved ? Number(moved.id) : undefined };
    installations.set(repository, installation);
    return installation;
  };

  const issueIn = async ({ id, repositoryId }: Installation, repository: string, permission: Permission): Promise<IssuedToken> => {
    const { data, headers } = await asApp((send) =>
      send('POST /app/installations/{installation_id}/access_tokens', {
        installation_id: id,
        ...(repositoryId === undefined ? { repositories: [repository.split('/')[1] ?? ''] } : { repository_ids: [repositoryId] }),
        permissions: { ...permission },
      }),
    );
    expectInAnswer(typeof data?.token === 'string' && data.token !== '', 'token');
    const forget = options.redactor?.add(data.token) ?? (() => {});
    return { token: data.token, createdAt: now(), expiresAt: clock.endOf(data.expires_at, headers.date), forget };
  };

  const issue = async (repository: string, permission: Permission): Promise<IssuedToken> => {
    const known = installations.get(repository);
    try {
      return await issueIn(known ?? (await findInstallation(repository)), repository, permission);
    } catch (error) {
      // The App may have been installed again since, or the repository may have another name.
      installations.delete(repository);
      if (known === undefined || !isRefusal(error)) throw error;
      return issueIn(await findInstallation(repository), repository, permission);
    }
  };

  const keep = (key: string, token: IssuedToken): IssuedToken => {
    const replaced = tokens.get(key);
    if (replaced !== undefined) ended.push(replaced);
    tokens.set(key, token);
    while (ended[0] !== undefined && ended[0].expiresAt + REDACTED_AFTER_END_MS < now()) ended.shift()?.forget();
    return token;
  };

  return {
    kind: 'app',
    // An installation belongs to an account and has an allowance of its own.
    credentialFor: (repository) => `github-app:${repository.split('/')[0]?.toLowerCase() ?? ''}`,
    token: async (repository, permission) => {
      const key = `${repository} ${JSON.stringify(permission)}`;
      const known = tokens.get(key);
      // A token from the future was issued before the clock was set back: nobody knows how long it is good for.
      if (known !== undefined && known.createdAt <= now() && known.expiresAt - SPARE_MS > now()) return known;
      const asking =
        underWay.get(key) ??
        issue(repository, permission)
          .then((token) => keep(key, token))
          .finally(() => underWay.delete(key));
      underWay.set(key, asking);
      return asking;
    },
  };
}

function isRefusal(error: unknown): boolean {
  return error instanceof RequestError && [401, 403, 404, 422].includes(error.status);
}
