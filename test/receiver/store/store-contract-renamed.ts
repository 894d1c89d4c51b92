import { describe, expect, test } from 'vitest';
import type { RunReport } from '../../../receiver/store/run.ts';
import type { Store } from '../../../receiver/store/store.ts';
import { acceptDispatched, nothingFollows, reportOf, runOf } from './conversation-samples.ts';
import { MINUTE, type OpenStore, T0, withStore } from './samples.ts';

const DEPLOY = '1296269';
const OTHER = '4711';

/** Runs of repositories whose names change. */
export function renamedContract(open: OpenStore): void {
  const onStore = (name: string, work: (store: Store) => Promise<void>) => test(name, () => withStore(open, work));
  const report = (store: Store, ...reports: RunReport[]) => store.recordRuns(reports, T0 + MINUTE, nothingFollows);
  const renamed = (changes: Partial<RunReport> = {}) => reportOf('queued', { repository: 'acme/new', repositoryId: DEPLOY, ...changes });

  describe('a report about a repository with another name', () => {
    onStore('is about the runs that were dispatched to it, by its id', async (store) => {
      await acceptDispatched(store);
      await store.keepRepositoryId('Acme/Deploy', DEPLOY);
      expect(await store.runsOf(renamed())).toMatchObject([{ deliveryId: 'd-e1', repository: 'acme/deploy' }]);
      expect(await report(store, renamed())).toMatchObject([{ deliveryId: 'd-e1', repository: 'acme/deploy' }]);
      expect(await report(store, reportOf('completed', { repository: 'acme/newer', repositoryId: DEPLOY }))).toHaveLength(1);
      expect(await runOf(store)).toMatchObject({ status: 'completed' });
    });

    onStore('is about none while the id is not known, without one, or with that of another', async (store) => {
      await acceptDispatched(store);
      expect(await report(store, renamed())).toEqual([]);
      await store.keepRepositoryId('acme/deploy', DEPLOY);
      await store.keepRepositoryId('acme/other', OTHER);
      const { repositoryId: _id, ...nameless } = renamed();
      expect(await report(store, nameless, renamed({ repositoryId: OTHER }))).toEqual([]);
    });

    onStore('needs a delivery in its title like any other', async (store) => {
      await acceptDispatched(store);
      await store.keepRepositoryId('acme/deploy', DEPLOY);
      expect(await report(store, renamed({ title: 'Deploy' }), renamed({ event: 'push' }))).toEqual([]);
    });
  });

  describe("a repository's id", () => {
    onStore('is learned from reports under the old name', async (store) => {
      await acceptDispatched(store);
      expect(await report(store, reportOf('queued', { repositoryId: DEPLOY }))).toHaveLength(1);
      expect(await report(store, reportOf('completed', { repository: 'acme/new', repositoryId: DEPLOY }))).toHaveLength(1);
    });

    onStore('is the latest one, when the old name belongs to another repository now', async (store) => {
      await acceptDispatched(store);
      await store.keepRepositoryId('acme/deploy', DEPLOY);
      await store.keepRepositoryId('acme/deploy', DEPLOY);
      await store.keepRepositoryId('acme/deploy', OTHER);
      expect(await report(store, renamed())).toEqual([]);
      expect(await report(store, renamed({ repositoryId: OTHER }))).toHaveLength(1);
    });
  });
}
