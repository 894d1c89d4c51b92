import type { Config } from '../../src/config/config.ts';
import type { NewId } from '../../src/lib/id.ts';
import type { Route } from '../../src/route/route.ts';
import type { Runtime } from '../runtime.ts';
import type { Store } from '../store/store.ts';
import type { RollBack } from '../webhook/roll-back.ts';
import type { Access } from './access.ts';

/** What the admin API is made of. */
export interface AdminOptions extends Pick<Runtime, 'now' | 'log' | 'redactor'> {
  readonly store: Store;
  readonly access: Access;
  /** Called after something was stored that may have to be sent. */
  readonly wake: () => void;
  readonly newId: NewId;
  /** Those in use. */
  readonly routes: () => readonly Route[];
  /** The config as it is written, for where something is configured; left out: not known. */
  readonly definitions?: (() => Pick<Config, 'routes' | 'automations'>) | undefined;
  readonly githubApiUrl: string;
  /** The path of the API, for its document: `/relay/api`. */
  readonly path: string;
  /** Left out: nobody can roll back here. */
  readonly rollBack?: RollBack;
}
