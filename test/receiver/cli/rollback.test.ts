import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { sqliteStore } from '../../../receiver/store/sqlite/sqlite-store.ts';
import type { RelayEvent } from '../../../src/event/event.ts';
import { promotionOf } from '../../../src/event/promotion.ts';
import { digest } from '../../../src/lib/digest.ts';
import { openMigrated } from '../../stand-ins/sqlite-in-test.ts';
import { heldEvent, reportOf } from '../store/conversation-samples.ts';
import { claim, deliveryOf, eventOf, succeed, T0 } from '../store/samples.ts';
import { commandLine } from './command-io.ts';

const EVENT: RelayEvent = {
  type: 'add_artifact_alias',
  source: 'default',
  entity: 'acme',
  project: 'train',
  collection: 'resnet50',
  alias: 'production',
};
const CONFIG = `
version: 1
routes:
  - name: deploy
    on: { event: add_artifact_alias }
    approval: { slack: "#ml", approvals: 2 }
    to:
      - repository_dispatch: { repository: acme/deploy, event_type: go }
`;

/** v1 is deployed, v2 has the alias. */
async function folder() {
  const line = commandLine();
  const store = sqliteStore(openMigrated(join(line.cwd, 'relay.db')));
  for (const version of ['v1', 'v2']) {
    const event = { ...EVENT, version };
    const promotion = { aliasKey: digest(promotionOf(event)!.aliasKey), version, replacing: () => ({ event, firings: [] }) };
    const planned = eventOf(version, { event, deliveries: version === 'v1' ? [deliveryOf('d-v1')] : [] });
    await store.accept([{ ...planned, promotion }], { dedupeWindowMs: 0 });
    for (const claimed of await claim(store, T0)) await succeed(store, claimed, T0);
    if (version === 'v1') await store.recordRuns([reportOf('completed', { title: 'd-v1' })], T0, () => []);
  }
  await store.accept([heldEvent('e1', { subject: 'x', approval: { approvals: 2 } })], { dedupeWindowMs: 0 });
  await store.close();
  writeFileSync(join(line.cwd, 'wandb-relay.yaml'), CONFIG);
  return line;
}

describe('rollback', () => {
  it('deploys the version before again, once its approval is given, and says that the alias stays', async () => {
    const { run } = await folder();
    const done = await run('rollback', 'resnet50', '--alias', 'production', '--as', 'ada');
    expect(done).toMatchObject({ code: 0, complaints: '' });
    expect(done.out).toMatch(
      /^resnet50 v1 is deployed again for production\. Somebody must approve it first\.\n\S+ repository_dispatch:acme\/deploy\n/,
    );
    expect(done.out).toContain("W&B's alias production stays on v2; move it at https://forge.coreweave.com/wandb/acme/train");
    expect((await run('events', '--json')).out).toContain('"rollback": true');
    const again = await run('rollback', 'acme/train/resnet50', '--alias', 'production', '--to', 'v1', '--as', 'bob');
    expect(again).toMatchObject({ code: 1, complaints: expect.stringContaining('a rollback to v1 is under way already') });
  });

  it('needs a name, and a collection that is known', async () => {
    const { run } = await folder();
    expect(await run('rollback', 'resnet50', '--alias', 'production')).toMatchObject({
      code: 1,
      complaints: expect.stringContaining('say who rolls back, such as --as ada'),
    });
    expect(await run('rollback', 'vgg', '--alias', 'production', '--as', 'ada')).toMatchObject({
      code: 1,
      complaints: expect.stringContaining('vgg: no event'),
    });
  });
});

describe('approve and reject', () => {
  it('need a name, count each once, and record where it was', async () => {
    const { run } = await folder();
    for (const command of ['approve', 'reject']) {
      const complaint = `${command}: say who decides, such as --as ada`;
      expect(await run(command, 'd-e1')).toMatchObject({ code: 1, complaints: expect.stringContaining(complaint) });
      expect(await run(command, 'd-e1', '--as', ' ')).toMatchObject({
        code: 1,
        complaints: expect.stringContaining('--as: must be a name'),
      });
    }
    const first = await run('approve', 'd-e1', '--as', 'ada', '--reason', 'fine\nby me');
    expect(first).toMatchObject({
      code: 0,
      out: expect.stringContaining('d-e1 approved (1 of 2 approvals: it is sent when all are there)'),
    });
    expect(first.out).not.toContain('A running receiver');
    expect(await run('approve', 'd-e1', '--as', 'ADA')).toMatchObject({
      code: 1,
      complaints: expect.stringContaining('each person counts once (1 of 2)'),
    });
    expect(await run('reject', 'd-e1', '--as', 'bob', '--reason', 'no')).toMatchObject({
      code: 0,
      out: expect.stringContaining('d-e1 rejected\n1 of 1 rejected.'),
    });
    const shown = (await run('deliveries', 'd-e1')).out;
    expect(shown).toContain('approved by ada, by the command line: fine by me: 1 of 2');
    expect(shown).toContain('rejected by bob, by the command line: no');
  });
});
