import type { Hono } from 'hono';
import type { Config } from '../../../src/config/config.ts';
import type { CompiledTarget } from '../../../src/route/target.ts';
import type { RequestVariables } from '../../http/request-log.ts';
import type { Runtime } from '../../runtime.ts';
import type { Store } from '../../store/store.ts';
import type { PlanRollback, RollBack } from '../../webhook/roll-back.ts';
import type { PlanOptions } from '../../webhook/route-event.ts';
import type { Changes } from './changes.ts';
import type { Shell } from './page.ts';

/** What every page gets. Each page is a small Hono app of its own, made from this. */
export interface PageOptions extends Pick<Runtime, 'now' | 'log' | 'redactor'> {
  readonly store: Store;
  /** As it is in use; another one after a reload. */
  readonly config: () => Pick<Config, 'routes' | 'automations' | 'settings' | 'entity' | 'organization'>;
  /** Called after something was stored that may have to be sent. */
  readonly wake: () => void;
  /** Left out: nobody can roll back here. */
  readonly rollBack?: RollBack;
  readonly planRollback?: PlanRollback;
  /** With what events are planned, to show what one would send. */
  readonly plan: PlanOptions;
  readonly shell: () => Promise<Shell>;
  /** GitHub's pages, for links to repositories and runs. */
  readonly githubUrl: string;
  /** Where dispatches go to. */
  readonly githubApiUrl: string;
  readonly sandbox: boolean;
  /** W&B's app, for links. */
  readonly wandbAppUrl: string;
  /** Whose rate limit a target's deliveries count against. */
  readonly credentialFor: (target: CompiledTarget) => string;
  /** Who listens for changes; left out: there is no stream. */
  readonly changes?: Changes;
  /** How pages learn of changes: from a stream of events, or by asking again; left out: not at all. */
  readonly live?: 'stream' | 'poll';
}

/** A page, made of what all pages get. */
export type PageApp = (options: PageOptions) => Hono<RequestVariables>;
