import type { Octokit } from '@octokit/rest';
import { messageOf } from '../../src/lib/error-message.ts';
import type { Runtime } from '../runtime.ts';
import type { RunLog } from '../store/store.ts';
import { repositoryOfUrl } from './redirects.ts';

export interface RenamedOptions extends Pick<Runtime, 'log' | 'redactor'> {
  readonly store: Pick<RunLog, 'keepRepositoryId'>;
}

/** Repositories that the config names by a name that they no longer have. */
export interface RenamedRepositories {
  /**
   * To be called when GitHub sent a request about a repository on to another address. Asks GitHub once for the new name,
   * logs it once, and stores the repository's id, by which the webhooks of its runs are recognised. Never rejects.
   *
   * @param repository as the config names it
   * @param client may read the repository
   * @returns what to add to the delivery's detail, such as "acme/deploy is now acme/new: …"; `undefined` when the name is the same
   */
  moved(repository: string, to: URL, client: Octokit): Promise<string | undefined>;
}

/**
 * Does one piece of work at GitHub with a client, and reports when GitHub redirected it because the repository has
 * another name. What is added to the result's detail says so.
 */
export async function reportingMoves<Result extends { readonly outcome: string }>(
  repository: string,
  renamed: RenamedRepositories | undefined,
  clientWith: (onMove: (to: URL) => void) => Octokit,
  work: (client: Octokit) => Promise<Result>,
): Promise<Result> {
  let movedTo: URL | undefined;
  const client = clientWith((to) => {
    movedTo ??= to;
  });
  const result = await work(client);
  if (movedTo === undefined || renamed === undefined) return result;
  const sentence = await renamed.moved(repository, movedTo, client);
  if (sentence === undefined || !('detail' in result) || String(result.detail).includes(sentence)) return result;
  return { ...result, detail: `${result.detail}; ${sentence}` };
}

interface Identity {
  readonly id: string;
  /** `undefined` when GitHub did not tell. */
  readonly name: string | undefined;
}

export function renamedRepositories({ store, log, redactor }: RenamedOptions): RenamedRepositories {
  const known = new Map<string, Promise<Identity | undefined>>();
  const reported = new Set<string>();

  const identityAt = async (to: URL, client: Octokit): Promise<Identity | undefined> => {
    const found = repositoryOfUrl(to);
    if (found === undefined) return undefined;
    try {
      const { data } = await client.request('id' in found ? `GET /repositories/${found.id}` : `GET /repos/${found.name}`);
      const { id, full_name: name } = data as { id?: unknown; full_name?: unknown };
      if (typeof id === 'number' && typeof name === 'string') return { id: String(id), name };
    } catch (error) {
      log.debug({ error: redactor.text(messageOf(error)) }, 'the new name of a repository could not be read');
    }
    return 'id' in found ? { id: found.id, name: undefined } : undefined;
  };

  const identityOf = async (to: URL, client: Octokit): Promise<Identity | undefined> => {
    const key = JSON.stringify(repositoryOfUrl(to) ?? to.pathname);
    const asking = known.get(key) ?? identityAt(to, client);
    known.set(key, asking);
    const identity = await asking;
    // Asked again with the next request.
    if (identity?.name === undefined) known.delete(key);
    return identity;
  };

  return {
    moved: async (repository, to, client) => {
      const identity = await identityOf(to, client);
      if (identity?.name?.toLowerCase() === repository.toLowerCase()) return undefined;
      const sentence =
        identity?.name === undefined
          ? `${repository} has another name now${identity === undefined ? '' : ` (its id is ${identity.id})`}: change it in the config`
          : `${repository} is now ${identity.name}: change it in the config`;
      if (!reported.has(sentence)) {
        reported.add(sentence);
        log.warn({ repository, renamed: identity?.name, repositoryId: identity?.id }, sentence);
      }
      if (identity !== undefined) await remember(repository, identity.id);
      return sentence;
    },
  };

  async function remember(repository: string, id: string): Promise<void> {
    try {
      await store.keepRepositoryId(repository, id);
    } catch (error) {
      log.warn(
        { repository, error: redactor.text(messageOf(error)) },
        'the id of a renamed repository could not be stored; trying again with the next request',
      );
    }
  }
}
