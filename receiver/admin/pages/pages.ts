import type { Config } from '../../../src/config/config.ts';
import type { Runtime } from '../../runtime.ts';
import type { PauseStore } from '../../store/pause.ts';
import type { Search } from '../../store/search.ts';
import type { Store } from '../../store/store.ts';
import type { RollBack } from '../../webhook/roll-back.ts';
import type { Shell } from './page.ts';

/** What every page gets. Each page is a small Hono app of its own, made from this. */
export interface PageOptions extends Pick<Runtime, 'now' | 'log' | 'redactor'> {
  readonly store: Store & Search & PauseStore;
  /** As it is in use; another one after a reload. */
  readonly config: () => Pick<Config, 'routes' | 'automations' | 'settings' | 'entity' | 'organization'>;
  /** Called after something was stored that may have to be sent. */
  readonly wake: () => void;
  readonly rollBack?: RollBack;
  readonly shell: () => Promise<Shell>;
  /** GitHub's pages, for links to repositories and runs. */
  readonly githubUrl: string;
  readonly sandbox: boolean;
}
