import type { Logger as BoltLogger } from '@slack/bolt/dist/App.js';
import * as appModule from '@slack/bolt/dist/App.js';

/**
 * Bolt's App, from the file that has it: the package's own entry loads Express as well, which nothing here needs.
 *
 * The file is CommonJS. Node hands over its `module.exports` as the default export, other loaders (Vite's, for one) what
 * it calls `default`; both are taken.
 */
export const BoltApp = classOf(appModule.default);
export type BoltApp = InstanceType<typeof BoltApp>;
export type { BoltLogger };

/** The class that a CommonJS file exports as `default`, whichever way it was loaded. */
export function classOf<Class extends object>(loaded: { readonly default: Class }): Class {
  return typeof loaded === 'function' ? (loaded as unknown as Class) : loaded.default;
}
