import { describe, expect, it } from 'vitest';
import { planLines } from '../../../src/plan/plan-report.ts';
import { driftSync } from '../../../src/sync/commands.ts';
import { testClient } from '../../stand-ins/wandb-in-test.ts';
import { configOf, linesOf, wandbWithConfigs } from './acme-repository.ts';

const FILE = 'wandb-relay.yaml';

const automation = (name: string, { scope = '{ project: train }', more = '' } = {}) =>
  `  - { name: ${name}, scope: ${scope}, event: { run_state: { states: [failed] } }, action: { relay: { to: [{ slack: { channel: "#a" } }] } }${more} }\n`;
const RELAY = { more: ', engine: relay' };

describe('an automation with engine: relay', () => {
  it('is not made in W&B, and needs no integration there', async () => {
    const { apply, plan, server } = await wandbWithConfigs();
    server.world.integrations.splice(0);
    const config = configOf(FILE, automation('one', RELAY));
    expect((await apply(config)).steps).toEqual([]);
    expect(server.world.triggers).toEqual([]);
    expect((await plan(config)).summary).toMatchObject({ create: 0, update: 0, delete: 0, refused: 0 });
  });

  it('that W&B evaluated before is deleted there, without prune and whatever the limits are, with the reason', async () => {
    const { apply, plan, server } = await wandbWithConfigs();
    await apply(configOf(FILE, automation('one') + automation('two')));
    const moved = configOf(FILE, automation('one', RELAY) + automation('two', RELAY));
    const planned = await plan(moved, { prune: false, maxDeletes: 0 });
    expect(linesOf(planned.changes)).toEqual(['delete one', 'delete two']);
    expect(planned.orphans).toEqual([]);
    expect(planLines(planned)[0]).toBe('- one (project train): deleted: evaluated by the relay from now on');
    expect((await apply(moved, { prune: false, maxDeletes: 0 })).steps).toEqual(['delete one', 'delete two']);
    expect(server.world.triggers).toEqual([]);
    expect(linesOf((await plan(moved)).changes)).toEqual([]);
  });

  it('that was renamed, or moved to another scope, on the way is recognized', async () => {
    const { apply, plan } = await wandbWithConfigs();
    await apply(configOf(FILE, automation('one') + automation('two')));
    const moved =
      automation('new', { more: ', engine: relay, moved_from: one' }) + automation('two', { scope: '{ team: acme }', ...RELAY });
    expect(linesOf((await plan(configOf(FILE, moved), { prune: false })).changes)).toEqual(['delete one', 'delete two']);
  });

  it('leaves alone what is not its own', async () => {
    const { server, apply, plan } = await wandbWithConfigs();
    server.world.addTrigger({ name: 'one', scope: server.world.project('train') });
    await apply(configOf('other.yaml', automation('two')));
    const config = configOf(FILE, automation('one', RELAY) + automation('two', RELAY));
    expect(linesOf((await plan(config)).changes)).toEqual([]);
    // The files of two configs with one namespace: only the same scope makes sure.
    const shared = configOf('other.yaml', automation('two', { scope: '{ project: eval }', ...RELAY }));
    expect(linesOf((await plan(shared, { namespaceUse: () => 'held' })).changes)).toEqual([]);
    expect(linesOf((await plan(shared)).changes)).toEqual(['delete two']);
  });

  it('keeps the limits for what else is deleted', async () => {
    const { apply, plan } = await wandbWithConfigs();
    await apply(configOf(FILE, ['one', 'two', 'three', 'four'].map((name) => automation(name)).join('')));
    const planned = await plan(configOf(FILE, automation('one', RELAY)), { maxDeletes: 0 });
    expect(linesOf(planned.changes).map((line) => line.split(':')[0])).toEqual([
      'delete one',
      'refused two',
      'refused three',
      'refused four',
    ]);
  });

  it('that goes back to W&B is created there', async () => {
    const { apply, plan } = await wandbWithConfigs();
    await apply(configOf(FILE, automation('one', RELAY)));
    expect(linesOf((await plan(configOf(FILE, automation('one')))).changes)).toEqual(['create one']);
  });

  it('is no drift while its deletion is not applied', async () => {
    const { apply, server } = await wandbWithConfigs();
    await apply(configOf(FILE, automation('one')));
    const options = { namespace: FILE, repository: 'acme/models', prune: false, maxDeletes: 3 };
    const found = await driftSync(configOf(FILE, automation('one', RELAY)), testClient(server).client, options);
    expect(found.ok && found.value.drift.map(({ kind, change }) => [kind, change.because])).toEqual([
      ['not_applied', 'evaluated by the relay from now on'],
    ]);
  });
});
