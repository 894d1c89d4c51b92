import { describe, expect, it } from 'vitest';
import { readApprovedPlan } from '../../../src/plan/approved-plan.ts';
import type { Plan } from '../../../src/plan/plan.ts';
import { planJson } from '../../../src/plan/plan-json.ts';
import { configOf, definition, linesOf, wandbWithConfigs } from './acme-repository.ts';

const two = (alias = 'production') => configOf('a.yaml', definition('one', { alias }) + definition('two', { alias }));
const names = (server: { world: { triggers: { name: string }[] } }) => server.world.triggers.map(({ name }) => name).sort();

/** A fetch whose apply stops behind its first mutation, until it may go on. */
function afterFirstMutation() {
  const [reached, gate] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const held: typeof fetch = async (url, init) => {
    const response = await fetch(url, init);
    if (String(init?.body).includes('mutation')) {
      reached.resolve();
      await gate.promise;
    }
    return response;
  };
  return { fetch: held, reached: reached.promise, goOn: gate.resolve };
}

function fileOf(plan: Plan) {
  const approved = readApprovedPlan(
    JSON.stringify(planJson(plan, { namespace: 'a.yaml', baseUrl: 'https://api.wandb.ai', unreadable: [], warnings: [] })),
  );
  if (!approved.ok) throw new Error(approved.error);
  return approved.value;
}

describe('a mutation without a clear response', () => {
  const lost = [{ status: 502 }, { status: 408 }, { status: 429 }, { reset: true }, { status: 200, body: 'no JSON' }] as const;

  it.each(lost)('is not sent again when the list shows its effect: %j', async (fault) => {
    const { server, apply } = await wandbWithConfigs();
    server.fail({ on: 'mutation', applied: true, ...fault });
    expect((await apply(two())).report.complete).toBe(true);
    expect([names(server), server.mutations]).toEqual([['one', 'two'], 2]);
    server.fail({ on: 'mutation', applied: true, ...fault });
    expect((await apply(two('staging'))).report.complete).toBe(true);
    server.fail({ on: 'mutation', applied: true, ...fault });
    expect((await apply(configOf('a.yaml', definition('two', { alias: 'staging' })))).report.complete).toBe(true);
    expect([names(server), server.mutations]).toEqual([['two'], 5]);
  });

  it.each(lost)('is sent again when the list shows that it had none: %j', async (fault) => {
    const { server, apply } = await wandbWithConfigs();
    server.fail({ on: 'mutation', ...fault }, { on: 'mutation', ...fault });
    const { report } = await apply(two());
    expect(report.complete).toBe(true);
    expect([names(server), server.mutations]).toEqual([['one', 'two'], 4]);
    const kinds = server.requests.map(({ kind }) => kind);
    const first = kinds.indexOf('mutation');
    expect(kinds.slice(first, kinds.indexOf('mutation', first + 1))).toContain('query');
  });

  it('ends the apply when two changes in a row got none', async () => {
    const { server, apply } = await wandbWithConfigs();
    server.fail(...Array.from({ length: 12 }, () => ({ on: 'mutation' as const, status: 503 })));
    const { report } = await apply(configOf('a.yaml', ['a', 'b', 'c'].map((name) => definition(name)).join('')));
    expect(report.applied.map(({ outcome }) => outcome)).toEqual(['failed', 'failed', 'left']);
    expect(report.applied[0]?.why).toContain('sent 4 times and not applied');
  });
});

describe('a refusal', () => {
  it('of one change (403) leaves the others to be tried', async () => {
    const { server, apply } = await wandbWithConfigs();
    server.fail({ on: 'mutation', status: 403 });
    const { report } = await apply(two());
    expect(report.applied.map(({ outcome, why }) => [outcome, why?.includes('(403)')])).toEqual([
      ['failed', true],
      ['done', undefined],
    ]);
  });

  it('of the key (401) ends the apply', async () => {
    const { server, apply } = await wandbWithConfigs();
    server.fail({ on: 'mutation', status: 401 });
    expect((await apply(two())).report.applied.map(({ outcome }) => outcome)).toEqual(['failed', 'left']);
  });

  it('of a webhook integration refuses only what uses it', async () => {
    const { server, apply } = await wandbWithConfigs();
    const top = 'integrations: { webhooks: [{ name: new-relay, url: "https://relay.example/x" }] }\n';
    const using = definition('two').replace('no_op: {}', 'webhook: { integration: new-relay }');
    server.fail({ on: 'mutation', status: 403 });
    const { plan, report } = await apply(configOf('a.yaml', definition('one') + using, top));
    expect(linesOf(plan.changes)).toEqual([
      'create one',
      expect.stringMatching(/^refused two: the webhook integration new-relay could not be created/),
    ]);
    expect([report.complete, names(server)]).toEqual([true, ['one']]);
  });
});

describe('two applies at once', () => {
  it('of the same definitions do everything once', async () => {
    const { server, apply } = await wandbWithConfigs();
    const many = (alias: string) => configOf('a.yaml', Array.from({ length: 6 }, (_, i) => definition(`n${i}`, { alias })).join(''));
    for (const alias of ['production', 'staging']) {
      server.fail({ on: 'mutation', delayMs: 100 }, { on: 'mutation', delayMs: 50 });
      const both = await Promise.all([apply(many(alias)), apply(many(alias))]);
      expect(both.map(({ report }) => report.applied.filter(({ outcome }) => outcome !== 'done'))).toEqual([[], []]);
      expect(names(server)).toEqual(['n0', 'n1', 'n2', 'n3', 'n4', 'n5']);
    }
  });

  it('of different definitions: neither overwrites what the other has done since it planned', async () => {
    const { server, apply } = await wandbWithConfigs();
    await apply(two());
    const held = afterFirstMutation();
    const slow = apply(two('slow'), {}, undefined, held.fetch);
    await held.reached;
    await apply(two('fast'));
    held.goOn();
    const { report } = await slow;
    expect(
      report.applied.map(({ change, outcome, why }) => [change.name, outcome, why?.includes('after this plan was made')]),
    ).toContainEqual(['two', 'failed', true]);
    expect(server.world.trigger('two').filter).toContain('fast');
  });

  it('a deletion spares what another repository has taken over meanwhile', async () => {
    const { server, apply } = await wandbWithConfigs();
    await apply(two());
    const held = afterFirstMutation();
    const slow = apply(configOf('a.yaml', definition('one', { alias: 'slow' })), {}, undefined, held.fetch);
    await held.reached;
    const adopting = configOf('b.yaml', definition('two', { more: ', adopt: { from: acme/models }' }));
    await apply(adopting, { repository: 'acme/other' });
    held.goOn();
    expect((await slow).report.complete).toBe(false);
    expect(names(server)).toEqual(['one', 'two']);
  });
});

describe('an approved plan', () => {
  it('is finished after a part of it failed, also with a webhook integration that was created', async () => {
    const { server, plan, apply } = await wandbWithConfigs();
    const top = 'integrations: { webhooks: [{ name: new-relay, url: "https://relay.example/x" }] }\n';
    const using = (name: string) => definition(name).replace('no_op: {}', 'webhook: { integration: new-relay, payload: null }');
    const config = configOf('a.yaml', using('one') + using('two'), top);
    const approved = await plan(config);
    const approval = { plans: [fileOf(approved)], fingerprints: [approved.fingerprint] };
    server.fail({ on: { document: 'createFilterTrigger' }, status: 403 });
    expect((await apply(config, {}, approval)).report.complete).toBe(false);
    const rest = await apply(config, {}, approval);
    expect([rest.report.complete, rest.steps, rest.plan.summary.refused]).toEqual([true, ['create one'], 0]);
    expect((await apply(config, {}, approval)).steps).toEqual([]);
    await expect(apply(config, {}, { fingerprints: [approved.fingerprint] })).rejects.toThrow('pass the plan file');
  });

  it('does not allow another URL for an integration that it creates', async () => {
    const { server, plan, apply } = await wandbWithConfigs();
    const config = (url: string) =>
      configOf(
        'a.yaml',
        definition('one').replace('no_op: {}', 'webhook: { integration: new-relay, payload: null }'),
        `integrations: { webhooks: [{ name: new-relay, url: "${url}" }] }\n`,
      );
    const approval = { plans: [fileOf(await plan(config('https://relay.example/x')))], fingerprints: [] };
    const { plan: done } = await apply(config('https://elsewhere.example/x'), {}, approval);
    expect(linesOf(done.changes)).toEqual([expect.stringMatching(/^refused one: it has changed since/)]);
    expect(server.mutations).toBe(0);
  });

  it('lets wait what appeared after it, and names it', async () => {
    const { server, plan, apply } = await wandbWithConfigs();
    const approval = { plans: [fileOf(await plan(configOf('a.yaml', definition('one'))))], fingerprints: [] };
    const { plan: done, steps } = await apply(two(), {}, approval);
    expect(steps).toEqual(['create one']);
    expect(linesOf(done.changes)).toEqual(['create one', expect.stringMatching(/^refused two: it is not in the approved plan/)]);
    // What was unchanged in the approved plan and has changed at W&B since was not approved either.
    const later = { plans: [fileOf(await plan(configOf('a.yaml', definition('one'))))], fingerprints: [] };
    server.world.trigger('one').enabled = false;
    expect(linesOf((await apply(configOf('a.yaml', definition('one')), {}, later)).plan.changes)).toEqual([
      expect.stringMatching(/^refused one: it is not in the approved plan/),
    ]);
  });

  it('lets a collection wait that appeared after it', async () => {
    const { server, plan, apply } = await wandbWithConfigs();
    const each = configOf('a.yaml', definition('promoted', { scope: '{ registry: model, collection: { regex: "^resnet" } }' }));
    const approved = await plan(each);
    const [first] = server.world.collections;
    if (first === undefined) throw new Error('no collection');
    server.world.collections.push({ ...first, id: `${first.id}x`, name: 'resnet-new' });
    const { plan: done, report } = await apply(each, {}, { plans: [fileOf(approved)], fingerprints: [approved.fingerprint] });
    expect(report.applied.map(({ outcome }) => outcome)).toEqual(approved.changes.map(() => 'done'));
    expect(done.changes.filter(({ action }) => action === 'refused').map(({ scope, reason }) => [scope, reason])).toEqual([
      ['registry model, collection resnet-new', expect.stringContaining('not in the approved plan')],
    ]);
  });

  it('is refused when the file is not the one of the fingerprint', async () => {
    const { server, plan, apply } = await wandbWithConfigs();
    const approved = await plan(two());
    const file = fileOf(approved);
    const forged = { ...file, changes: file.changes.slice(1) };
    for (const [one, fingerprint] of [
      [forged, approved.fingerprint],
      [file, 'f'.repeat(64)],
    ] as const) {
      await expect(apply(two(), {}, { plans: [one], fingerprints: [fingerprint] })).rejects.toThrow('is not the one that was approved');
    }
    expect(server.mutations).toBe(0);
  });
});
