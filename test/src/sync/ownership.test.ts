import { describe, expect, it } from 'vitest';
import { planLines } from '../../../src/plan/plan-report.ts';
import { configOf, definition, linesOf, markOf, wandbWithConfigs } from './acme-repository.ts';

const one = (more = '') => configOf('a.yaml', definition('one', { more }));
const OTHER = { repository: 'acme/other' };

describe('an automation that nobody manages', () => {
  it('is adopted visibly, also if it is as defined, and has its mark then', async () => {
    const { server, apply } = await wandbWithConfigs();
    server.world.addTrigger({ name: 'one', scope: server.world.project('train'), eventType: 'LINK_MODEL' });
    expect((await apply(one())).plan.changes).toMatchObject([{ action: 'refused', reason: expect.stringContaining('adopt: true') }]);
    expect((await apply(one(', adopt: { from: acme/other }'))).plan.changes).toMatchObject([{ action: 'refused' }]);
    const { plan } = await apply(one(', adopt: true'));
    expect(linesOf(plan.changes)).toEqual(['update one: adopted: nobody managed it']);
    expect(planLines(plan)).toContain('    ~ adopted: nobody managed it');
    expect(linesOf((await apply(one(', adopt: true'))).plan.changes)).toEqual(['unchanged one']);
  });
});

describe('an automation of another repository', () => {
  it('is taken over only by the name of that repository', async () => {
    const { server, apply } = await wandbWithConfigs();
    await apply(one(), OTHER);
    for (const more of ['', ', adopt: true', ', adopt: { from: acme/third }']) {
      const { plan } = await apply(one(more));
      expect(linesOf(plan.changes)).toEqual(['refused one: it belongs to acme/other']);
    }
    expect(linesOf((await apply(one(', adopt: { from: ACME/other }'))).plan.changes)).toEqual(['update one: taken over from acme/other']);
    expect(markOf(server, 'one')).toContain('/2 acme/models a.yaml one ');
  });

  it('is taken over with all others when the repository was renamed', async () => {
    const { server, apply, plan } = await wandbWithConfigs();
    const config = configOf('a.yaml', Array.from({ length: 5 }, (_, i) => definition(`n${i}`)).join(''));
    await apply(config, OTHER);
    server.world.trigger('n4').description = '[wandb-relay acme/other n4 00000000]';
    const migrateFrom = { repository: 'acme/other' };
    const { plan: done, report } = await apply(config, { migrateFrom });
    expect(report.complete).toBe(true);
    expect(new Set(done.changes.map(({ adopted }) => adopted))).toEqual(new Set(['taken over from acme/other']));
    expect((await plan(config)).summary).toMatchObject({ unchanged: 5, update: 0 });
  });

  it('is explained once, however many there are', async () => {
    const { apply, plan } = await wandbWithConfigs();
    const config = configOf('a.yaml', Array.from({ length: 24 }, (_, i) => definition(`n${i}`)).join(''));
    await apply(config);
    const fork = await plan(config, { repository: 'ada/models' });
    expect(fork.notes).toEqual([expect.stringMatching(/^24 automations belong to acme\/models, and this repository is ada\/models\./)]);
    const lines = planLines(fork);
    expect(lines.filter((line) => line.includes('acme/models'))).toHaveLength(2);
    expect(lines).toContain('! 24 refused: it belongs to acme/models');
  });
});

describe('an automation whose mark is gone', () => {
  it('is recognized by its name, scope and content, and gets it again', async () => {
    const { server, apply } = await wandbWithConfigs();
    await apply(one());
    Object.assign(server.world.trigger('one'), { description: 'edited in the app', enabled: false });
    const { plan, steps } = await apply(one());
    expect(linesOf(plan.changes)).toEqual(['update one: its mark is gone; applying writes it again']);
    expect(plan.changes[0]?.fields.map(({ path }) => path)).toEqual(['enabled', 'description']);
    expect(steps).toEqual(['update one']);
    expect(markOf(server, 'one')).toMatch(/^\[wandb-relay\/2 acme\/models a\.yaml one/);
  });

  it('is not meant by a mark that a later version wrote', async () => {
    const { server, apply } = await wandbWithConfigs();
    await apply(one());
    server.world.trigger('one').description = '[wandb-relay/3 acme/models {a.yaml} one 1a2b3c4d]';
    expect((await apply(one(', adopt: true'))).plan.changes).toMatchObject([
      { action: 'refused', reason: expect.stringContaining('later version') },
    ]);
  });

  it('is refused if it does something else', async () => {
    const { server, apply } = await wandbWithConfigs();
    await apply(one());
    server.world.trigger('one').description = 'edited in the app';
    const { plan } = await apply(configOf('a.yaml', definition('one', { alias: 'staging' })));
    expect(plan.changes).toMatchObject([{ action: 'refused' }]);
  });
});

describe('deletions', () => {
  const all = (n: number) => configOf('a.yaml', Array.from({ length: n }, (_, i) => definition(`n${i}`)).join(''));

  it('that are refused are reported once', async () => {
    const { apply, plan } = await wandbWithConfigs();
    await apply(all(20));
    const lines = planLines(await plan(all(8), { maxDeletes: 20 }));
    expect(lines.filter((line) => line.includes('more than half'))).toEqual([
      '! 12 refused: 12 of the 20 automations of this config would be deleted, more than half. Check that all definition files are read. If this is intended, set --allow-delete-majority',
    ]);
  });

  it.each([
    [{ maxDeletes: 9 }, 'refused', '--allow-delete-majority'],
    [{ allowDeleteMajority: true }, 'refused', '--max-deletes 9'],
    [{}, 'refused', '--allow-delete-majority and --max-deletes 9'],
    [{ maxDeletes: 9, allowDeleteMajority: true }, 'delete', undefined],
  ] as const)('of more than half need to be allowed: %j', async (options, action, flags) => {
    const { apply, plan } = await wandbWithConfigs();
    await apply(all(10));
    const { changes } = await plan(all(1), options);
    expect(changes.slice(1).map((change) => change.action)).toEqual(Array(9).fill(action));
    if (flags !== undefined) expect(changes[1]?.reason).toMatch(new RegExp(`set ${flags}$`));
  });
});
