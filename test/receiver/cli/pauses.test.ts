import { expect, it } from 'vitest';
import { sqliteStore } from '../../../receiver/store/sqlite/sqlite-store.ts';
import { openMigrated } from '../../stand-ins/sqlite-in-test.ts';
import { accept, deliveryOf, eventOf } from '../store/samples.ts';
import { commandLine } from './command-io.ts';

const CONFIG = 'version: 1\nroutes: [{ name: deploy, on: { event: link_artifact }, to: [{ slack: { channel: "#ml" } }] }]\n';

it('pauses a route of the config, or one that still has something to send, and no other', async () => {
  const { cwd, run } = commandLine({ 'wandb-relay.yaml': CONFIG });
  const store = sqliteStore(openMigrated(`${cwd}/relay.db`));
  await accept(store, eventOf('e1', { deliveries: [deliveryOf('d1', { route: 'of before' })] }));
  await store.close();
  const pause = (route: string) => run('pause', '--route', route, '--as', 'ada');
  expect(await pause('deploi')).toMatchObject({
    code: 1,
    complaints: 'pause: --route: no route of the config is called "deploi" (did you mean "deploy"?), and nothing of one waits\n',
  });
  expect(await pause('deploy')).toMatchObject({ code: 0, out: 'Route deploy is paused. Events are still accepted.\n' });
  expect(await pause('of before')).toMatchObject({ code: 0 });
  // What was paused by such a name before can be resumed.
  expect(await run('resume', '--route', 'deploi', '--as', 'ada')).toMatchObject({ code: 1, complaints: 'Route deploi is not paused\n' });
});
