import { join } from 'node:path';
import { expect, it } from 'vitest';
import { sqliteStore } from '../../../receiver/store/sqlite/sqlite-store.ts';
import type { RelayEvent } from '../../../src/event/event.ts';
import { openMigrated } from '../../stand-ins/sqlite-in-test.ts';
import { T0 } from '../store/samples.ts';
import { commandLine } from './command-io.ts';

const RESNET: RelayEvent = {
  type: 'add_artifact_alias',
  source: 'default',
  entity: 'acme',
  project: 'train',
  collection: 'resnet50',
  alias: 'production',
};

it('says which version has an alias, in a table that can be read and cut', async () => {
  const { cwd, run } = commandLine();
  const store = sqliteStore(openMigrated(join(cwd, 'relay.db')));
  await store.correctAlias({ event: { ...RESNET, version: 'v12' }, at: T0 });
  await store.correctAlias({ event: { ...RESNET, version: 'v13' }, at: T0 + 60_000 });
  await store.correctAlias({ event: { ...RESNET, collection: 'bert\u001b[2J', source: 'prod-eu', version: 'v2' }, at: T0 });
  await store.correctAlias({ event: { ...RESNET, alias: 'staging', version: 'v1' }, at: T0 });
  await store.correctAlias({ event: { ...RESNET, alias: 'staging' }, at: T0 + 1000 });
  await store.close();

  expect((await run('where')).out.split('\n').map((line) => line.split(/ {2,}/))).toEqual([
    ['COLLECTION', 'ALIAS', 'VERSION', 'SINCE (UTC)', 'BY', 'REPLACED', 'DEPLOYED'],
    ['acme/train/bert\\u001b[2J (prod-eu)', 'production', 'v2', '2026-01-01 00:00:00', "W&B's API"],
    ['acme/train/resnet50', 'production', 'v13', '2026-01-01 00:01:00', "W&B's API", 'v12'],
    ['acme/train/resnet50', 'staging', 'none', '2026-01-01 00:00:01', "W&B's API"],
    [''],
  ]);
  expect((await run('where', 'resnet50', '--alias', 'staging')).out).not.toContain('production');
  expect((await run('where', 'vgg')).out).toContain('Nothing is known of vgg');
});
