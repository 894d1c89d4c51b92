import { describe, expect, it } from 'vitest';
import { exportYaml } from '../../../src/automation/export-yaml.ts';
import type { Config } from '../../../src/config/config.ts';
import { readConfigFiles } from '../../../src/config/config-files.ts';
import { readApprovedPlan } from '../../../src/plan/approved-plan.ts';
import { planJson } from '../../../src/plan/plan-json.ts';
import { applySync, driftSync, planSync, type SyncOptions } from '../../../src/sync/commands.ts';
import { exportSync } from '../../../src/sync/export.ts';
import { testClient, wandbServer } from '../../stand-ins/wandb-in-test.ts';
import type { WandbStandIn, WandbStandInOptions } from '../../stand-ins/wandb-server.ts';

const SURROUNDINGS = { namespace: 'wandb-relay.yaml', baseUrl: 'https://api.wandb.ai', unreadable: [], warnings: [] };
const OPTIONS: SyncOptions = { namespace: 'wandb-relay.yaml', repository: 'acme/models', prune: false, maxDeletes: 3 };

function configOf(text: string): Config {
  const config = readConfigFiles([{ name: 'wandb-relay.yaml', text: `version: 1\nentity: acme\n${text}` }]);
  if (!config.ok) throw new Error(JSON.stringify(config.error));
  return config.value;
}

const alias = (name: string, value = 'production', more = '') => `
  - name: ${name}
    scope: { registry: model, collection: resnet50 }
    event: { add_artifact_alias: { alias: ${value} } }
    action: { webhook: { integration: relay, payload: { a: 1 } } }
${more}`;

async function wandb(options: WandbStandInOptions = {}) {
  const server = await wandbServer(options);
  const client = () => testClient(server).client;
  return {
    server,
    plan: async (text: string, options: Partial<SyncOptions> = {}) => {
      server.forbidMutations();
      const planned = await planSync(configOf(text), client(), { ...OPTIONS, ...options });
      server.allowMutations();
      if (!planned.ok) throw new Error(planned.error.map(({ message }) => message).join('\n'));
      return planned.value.plan;
    },
    apply: async (text: string, options: Partial<SyncOptions> = {}, approval?: Parameters<typeof applySync>[3]) => {
      const steps: string[] = [];
      const applied = await applySync(configOf(text), client(), { ...OPTIONS, ...options }, approval, (step) =>
        steps.push(`${step.kind} ${step.change.name}`),
      );
      if (!applied.ok) throw new Error(applied.error.map(({ message }) => message).join('\n'));
      return { ...applied.value, steps };
    },
    drift: async (text: string) => {
      const found = await driftSync(configOf(text), client(), OPTIONS);
      if (!found.ok) throw new Error(JSON.stringify(found.error));
      return found.value.drift.map(({ kind, change }) => [kind, change.name]);
    },
    exported: async () => {
      const exported = await exportSync({ entity: 'acme', organization: undefined }, client(), OPTIONS.repository);
      if (!exported.ok) throw new Error(JSON.stringify(exported.error));
      return exportYaml(exported.value);
    },
  };
}

const names = (server: WandbStandIn) => server.world.triggers.map(({ name }) => name).sort();

describe('plan and apply', () => {
  it('creates what is not there, and then has nothing to do', async () => {
    const { server, plan, apply } = await wandb();
    const text = `automations: ${alias('one')}${alias('two', 'staging')}`;
    expect((await plan(text)).summary).toEqual({ create: 2, update: 0, delete: 0, unchanged: 0, refused: 0 });
    const { report } = await apply(text);
    expect(report.complete).toBe(true);
    expect(names(server)).toEqual(['one', 'two']);
    expect(server.world.trigger('one').description).toMatch(/^\[wandb-relay\/2 acme\/models wandb-relay\.yaml one [0-9a-f]{8}\]$/);
    expect((await plan(text)).summary).toEqual({ create: 0, update: 0, delete: 0, unchanged: 2, refused: 0 });
  });

  it('shows a change field by field and writes all fields', async () => {
    const { server, plan, apply } = await wandb();
    await apply(`automations: ${alias('one', 'production', '    description: d')}`);
    const changed = `automations: ${alias('one', 'staging', '    description: d')}`;
    const planned = await plan(changed);
    expect(planned.changes).toMatchObject([
      {
        action: 'update',
        key: 'one',
        scope: 'registry model, collection resnet50',
        fields: [{ path: 'event.add_artifact_alias.alias', before: 'production', after: 'staging' }],
      },
    ]);
    await apply(changed);
    expect(server.world.trigger('one').description).toMatch(/^d \[wandb-relay/);
    expect((await plan(changed)).summary.unchanged).toBe(1);
  });

  it('renames by moved_from, without a deletion', async () => {
    const { server, apply, plan } = await wandb();
    await apply(`automations: ${alias('one')}`);
    const { id } = server.world.trigger('one');
    const renamed = `automations: ${alias('uno', 'production', '    moved_from: one')}`;
    expect((await apply(renamed, { prune: true })).steps).toEqual(['update uno']);
    expect(server.world.trigger('uno').id).toBe(id);
    expect((await plan(renamed)).summary.unchanged).toBe(1);
  });

  it('renames each of two of the same name in its own scope', async () => {
    const { apply, plan } = await wandb();
    const there = (text: string) => text.replace('{ registry: model, collection: resnet50 }', '{ project: train }');
    await apply(`automations: ${alias('one')}${there(alias('one'))}`);
    const [here, other] = [alias('uno', 'production', '    moved_from: one'), there(alias('uno', 'production', '    moved_from: one'))];
    for (const order of [`${here}${other}`, `${other}${here}`]) {
      const { changes } = await plan(`automations: ${order}`);
      expect(changes.flatMap(({ fields }) => fields.map(({ path }) => path))).toEqual(['name', 'key', 'name', 'key']);
    }
  });

  it('swaps the names of two automations', async () => {
    const { server, apply } = await wandb();
    await apply(`automations: ${alias('one', 'a', '    key: A')}${alias('two', 'b', '    key: B')}`);
    const ids = [server.world.trigger('one').id, server.world.trigger('two').id];
    const { report } = await apply(`automations: ${alias('two', 'a', '    key: A')}${alias('one', 'b', '    key: B')}`);
    expect(report.complete).toBe(true);
    expect([server.world.trigger('two').id, server.world.trigger('one').id]).toEqual(ids);
  });

  it('refuses what somebody else made, unless it is adopted', async () => {
    const { server, apply, plan } = await wandb();
    server.world.addTrigger({ name: 'one', scope: server.world.collections[0] ?? null, eventType: 'LINK_MODEL' });
    const refused = await apply(`automations: ${alias('one')}`);
    expect(refused.plan.changes).toMatchObject([{ action: 'refused', reason: expect.stringContaining('adopt: true') }]);
    expect(server.mutations).toBe(0);
    await apply(`automations: ${alias('one', 'production', '    adopt: true')}`);
    expect(server.world.trigger('one').eventType).toBe('ADD_ARTIFACT_ALIAS');
    server.world.trigger('one').description = '[wandb-relay acme/other one 00000000]';
    expect((await plan(`automations: ${alias('one')}`)).changes).toMatchObject([
      { action: 'refused', reason: expect.stringContaining('acme/other') },
    ]);
  });

  it('deletes only what is managed, only with prune, and only so much', async () => {
    const { server, apply, plan } = await wandb();
    server.world.addTrigger({ name: 'by hand', scope: server.world.collections[0] ?? null });
    const all = (n: number) => `automations: ${Array.from({ length: n }, (_, i) => alias(`a${i}`, `x${i}`)).join('')}`;
    await apply(all(10));
    expect(await plan(all(8))).toMatchObject({ summary: { delete: 0 }, orphans: [{ name: 'a8' }, { name: 'a9' }] });
    expect((await plan(all(6), { prune: true })).changes.at(-1)).toMatchObject({
      action: 'refused',
      reason: expect.stringContaining('--max-deletes 4'),
    });
    expect((await plan(all(4), { prune: true, maxDeletes: 9 })).changes.at(-1)).toMatchObject({
      action: 'refused',
      reason: expect.stringContaining('more than half'),
    });
    await apply(all(8), { prune: true });
    expect(names(server)).toEqual(['a0', 'a1', 'a2', 'a3', 'a4', 'a5', 'a6', 'a7', 'by hand']);
  });

  it.each([
    [1, 1, 'deletes'],
    [2, 1, 'deletes'],
    [2, 2, 'refuses'],
    [3, 1, 'deletes'],
    [3, 2, 'refuses'],
    [5, 2, 'deletes'],
    [5, 3, 'refuses'],
    [6, 3, 'deletes'],
    [6, 4, 'refuses'],
  ])('of %i that are managed, %i at a time: %s', async (managed, gone, what) => {
    const { apply, plan } = await wandb();
    const all = (n: number) => `automations: ${n === 0 ? '[]' : Array.from({ length: n }, (_, i) => alias(`a${i}`, `x${i}`)).join('')}`;
    await apply(all(managed));
    const { summary } = await plan(all(managed - gone), { prune: true, maxDeletes: 99 });
    expect([summary.delete, summary.refused]).toEqual(what === 'deletes' ? [gone, 0] : [0, gone]);
  });

  it('frees a name before it is needed', async () => {
    const { apply, server } = await wandb();
    await apply(`automations: ${alias('one', 'a', '    key: A')}${alias('two', 'b', '    key: B')}${alias('three', 'c')}`);
    const { report, steps } = await apply(`automations: ${alias('one', 'b', '    key: B')}${alias('three', 'c')}`, { prune: true });
    expect([report.complete, steps]).toEqual([true, ['delete one', 'update one']]);
    expect(names(server)).toEqual(['one', 'three']);
  });
});

describe('descriptions', () => {
  it.each([
    ['a YAML block, which ends with a line break', '    description: |\n      two\n      lines\n'],
    ['something that looks like a mark', "    description: 't [wandb-relay a/b k 12345678]'\n"],
  ])('converge with %s', async (_what, description) => {
    const { apply, plan } = await wandb();
    const text = `automations: ${alias('one', 'production', description)}`;
    await apply(text);
    expect((await plan(text)).summary).toMatchObject({ unchanged: 1, update: 0, refused: 0 });
  });

  it('reads a long description of spaces at once', async () => {
    const { server, plan } = await wandb();
    const scope = server.world.collections[0] ?? null;
    server.world.addTrigger({ name: 'long', scope, description: `${' '.repeat(200_000)}x` });
    const before = performance.now();
    await plan(`automations: ${alias('one')}`);
    expect(performance.now() - before).toBeLessThan(10_000);
  });
});

describe('names', () => {
  it('refuses in the plan what would take the name of something that stays', async () => {
    const { server, apply, plan } = await wandb();
    await apply(`automations: ${alias('one', 'a', '    key: A')}`);
    server.world.addTrigger({ name: 'two', scope: server.world.collections[0] ?? null });
    const planned = await plan(`automations: ${alias('two', 'a', '    key: A')}`);
    expect(planned.changes).toMatchObject([
      { action: 'refused', reason: expect.stringContaining('already has an automation of this name') },
    ]);
  });
});

describe('what goes wrong', () => {
  it('creates no webhook integration for what is refused', async () => {
    const { server, apply } = await wandb();
    const declared = 'integrations:\n  webhooks:\n    - { name: new-relay, url: "https://relay.example/x" }\n';
    const using = `${declared}automations: ${alias('one').replace('integration: relay', 'integration: new-relay')}`;
    const { plan } = await apply(using, {}, { plans: [], fingerprints: [] });
    expect([plan.summary.refused, server.mutations]).toEqual([1, 0]);
  });

  const text = `automations: ${alias('one')}${alias('two', 'staging')}`;

  it('settles an answer that was lost by listing, and creates nothing twice', async () => {
    const { server, apply } = await wandb();
    server.fail({ on: 'mutation', status: 502, applied: true });
    expect((await apply(text)).report.complete).toBe(true);
    expect(names(server)).toEqual(['one', 'two']);
    expect(server.mutations).toBe(2);
  });

  it('reports what failed and what is left, and finishes when run again', async () => {
    const { server, apply } = await wandb();
    server.fail({ on: 'mutation', status: 403 });
    const { report } = await apply(text);
    expect(report.complete).toBe(false);
    expect(report.applied.map(({ outcome }) => outcome).sort()).toEqual(['done', 'failed']);
    expect((await apply(text)).report.complete).toBe(true);
    expect(names(server)).toEqual(['one', 'two']);
  });

  it('locates the names that W&B does not have', async () => {
    const { server } = await wandb();
    const config = configOf(
      'automations:\n  - { name: x, scope: { project: trian }, event: { link_artifact: {} }, action: { notification: { slack: "#ml-alert" } } }',
    );
    const planned = await planSync(config, testClient(server).client, OPTIONS);
    expect(planned.ok ? [] : planned.error).toMatchObject([
      { location: { file: 'wandb-relay.yaml', line: 4 }, field: 'automations[0].scope', message: expect.stringContaining('train') },
      { location: { line: 4 }, field: 'automations[0].action', message: expect.stringContaining('there is #ml-alerts') },
    ]);
  });

  it('reports when the organization has no automations on a whole team', async () => {
    const { server, plan } = await wandb();
    const text = 'automations:\n  - { name: x, scope: { team: acme }, event: { link_artifact: {} }, action: { no_op: {} } }';
    expect((await plan(text)).summary.create).toBe(1);
    server.world.organization('acme-org').flags.clear();
    await expect(plan(text)).rejects.toThrow('automations on a whole team or organization are off');
  });

  it('applies only what was approved', async () => {
    const { server, plan, apply } = await wandb();
    await apply(text);
    const next = `automations: ${alias('one', 'a')}${alias('two', 'b')}`;
    const approved = readApprovedPlan(JSON.stringify(await plan(next)));
    if (!approved.ok) throw new Error(approved.error);
    server.world.trigger('two').enabled = false;
    const { plan: done } = await apply(next, {}, { plans: [approved.value], fingerprints: [] });
    expect(done.changes.map(({ name, action, reason }) => [name, action, reason?.includes('has changed since')])).toEqual([
      ['one', 'update', undefined],
      ['two', 'refused', true],
    ]);
    expect(server.world.trigger('one').filter).toContain('"a"');
    await expect(apply(next, {}, { fingerprints: ['another'] })).rejects.toThrow('has changed since it was approved');
  });

  it('creates a declared webhook integration that is missing', async () => {
    const { server, apply, plan } = await wandb();
    const declared = 'integrations:\n  webhooks:\n    - { name: new-relay, url: "https://relay.example/x", secret: RELAY_SECRET }\n';
    const using = `${declared}automations: ${alias('one').replace('integration: relay', 'integration: new-relay')}`;
    expect((await plan(using)).summary.create).toBe(1);
    expect((await apply(using)).created).toEqual(['new-relay']);
    expect(server.world.integrations.map((one) => ('name' in one ? one.name : ''))).toContain('new-relay');
    expect((await plan(using)).summary.unchanged).toBe(1);
  });
});

describe('what a plan has besides its changes', () => {
  it('locates each change at its definition, also behind an automation that the relay evaluates, and never in its JSON', async () => {
    const { plan } = await wandb();
    const own =
      '\n  - { name: own, engine: relay, scope: { project: train }, event: { run_state: { states: [failed] } }, action: { relay: { to: [{ slack: { channel: x } }] } } }';
    const found = await plan(`automations:${own}${alias('one')}${alias('two')}`);
    expect(found.changes.map(({ name, location }) => [name, location?.file, location?.line])).toEqual([
      ['one', 'wandb-relay.yaml', 5],
      ['two', 'wandb-relay.yaml', 10],
    ]);
    expect(JSON.stringify(planJson(found, SURROUNDINGS))).not.toContain('location');
  });

  it('names integrations that will be created, and those that point elsewhere', async () => {
    const { plan } = await wandb();
    const declared =
      'integrations:\n  webhooks:\n    - { name: new-relay, url: "https://relay.example/x" }\n    - { name: relay, url: "https://elsewhere.example/" }\n';
    const { notes } = await plan(`${declared}automations: ${alias('one').replace('integration: relay', 'integration: new-relay')}`);
    expect(notes).toEqual([
      'the webhook integration new-relay will be created, for https://relay.example/x',
      expect.stringContaining('relay points to https://relay.example/webhooks/wandb, not to https://elsewhere.example/'),
    ]);
  });

  it('is JSON with every field before and after', async () => {
    const { plan } = await wandb();
    const json = JSON.parse(JSON.stringify(planJson(await plan(`automations: ${alias('one')}`), SURROUNDINGS)));
    expect(Object.keys(json).sort()).toEqual([
      'changes',
      'evaluated_by_relay',
      'fingerprint',
      'namespace',
      'notes',
      'orphans',
      'routes',
      'summary',
      'unreadable',
      'wandb',
      'warnings',
    ]);
    expect(json.changes[0].fields).toContainEqual({ path: 'event.add_artifact_alias.alias', before: null, after: 'production' });
    for (const field of json.changes[0].fields) expect(Object.keys(field)).toEqual(['path', 'before', 'after']);
  });
});

describe('drift', () => {
  it('distinguishes a change at W&B from a change of the definition', async () => {
    const { server, apply, drift } = await wandb();
    const text = (value: string) => `automations: ${alias('one', value)}${alias('two', 'b')}`;
    await apply(text('a'));
    expect(await drift(text('a'))).toEqual([]);
    expect(await drift(text('other'))).toEqual([['not_applied', 'one']]);
    server.world.trigger('two').enabled = false;
    expect(await drift(text('other'))).toEqual([
      ['not_applied', 'one'],
      ['changed', 'two'],
    ]);
    server.world.triggers.pop();
    expect(await drift(text('a'))).toEqual([['missing', 'two']]);
  });
});

describe('drift of what is not ours', () => {
  it('is seen when somebody edited the mark away', async () => {
    const { server, apply, drift } = await wandb();
    const text = `automations: ${alias('one')}`;
    await apply(text);
    Object.assign(server.world.trigger('one'), { description: 'edited in the app', enabled: false });
    expect(await drift(text)).toEqual([['changed', 'one']]);
  });

  it('is seen on what was adopted as it was', async () => {
    const { server, apply, drift, exported } = await wandb();
    server.world.addTrigger({ name: 'by hand', scope: server.world.project('train') });
    const text = (await exported()).replace(/^version: 1\nentity: acme\n/, '');
    await apply(text);
    server.world.trigger('by hand').enabled = false;
    expect(await drift(text)).toEqual([['changed', 'by hand']]);
  });
});

describe('export', () => {
  it.each([
    '{"alias":"a","tag":"b"}',
    '{"$and":[{"$and":[{"alias":"a"},{"tag":"b"}]},{"alias":"c"}]}',
    '{"$not":{"$or":[{"alias":"x"},{"tag":"y"}]}}',
    '{"$nor":[{"alias":"a"}]}',
  ])('plans to no change for %s', async (filter) => {
    const { server, exported, plan } = await wandb();
    server.world.addTrigger({ name: 'by hand', eventType: 'ADD_ARTIFACT_ALIAS', scope: server.world.project('train'), filter });
    const planned = await plan((await exported()).replace(/^version: 1\nentity: acme\n/, ''));
    expect(planned.changes.map(({ adopted, fields }) => [adopted, fields])).toEqual([['adopted: nobody managed it', []]]);
  });

  it.each([
    ['a regular expression that RE2 refuses', { eventType: 'ADD_ARTIFACT_ALIAS', filter: '{"alias":{"$regex":"(?=x)"}}' }],
    ['a filter that is no mapping', { filter: '[]' }],
    ['a name with a line break', { name: 'odd\n::set-output name=x::y' }],
    ['states twice', { eventType: 'RUN_STATE', filter: '{"run_state_filter":{"states":["FINISHED","finished"]}}' }],
    ['runs that are no JSON', { eventType: 'RUN_STATE', filter: '{"run_filter":"{","run_state_filter":{"states":["FINISHED"]}}' }],
  ])('lists %s as not exported, and stays readable', async (_what, trigger) => {
    const { server, exported, plan } = await wandb();
    server.world.addTrigger({ name: 'odd', scope: server.world.project('train'), ...trigger });
    const yaml = await exported();
    expect(yaml).toContain('# - "odd');
    expect((await plan(yaml.replace(/^version: 1\nentity: acme\n/, ''))).changes).toEqual([]);
  });

  it('lists a payload that is not JSON', async () => {
    const { server, exported } = await wandb();
    const integrationID = server.world.integrations.find((one) => 'name' in one && one.name === 'relay')?.id ?? '';
    const action = { __typename: 'GenericWebhookTriggeredAction', integrationID, requestPayload: '{"n": ${artifact_metadata.n}}' } as const;
    server.world.addTrigger({ name: 'odd', scope: server.world.project('train'), action });
    expect(await exported()).toContain('"odd": its payload is not JSON');
  });

  it('writes percentages as they were', async () => {
    const { apply, exported } = await wandb();
    await apply(
      'automations:\n  - { name: x, scope: { project: train }, event: { run_metric_change: { metric: loss, decreases_by: 33.3% } }, action: { no_op: {} } }',
    );
    expect(await exported()).toContain('decreases_by: 33.3%');
  });

  it('writes what exists as definitions that plan to no change', async () => {
    const { server, apply, exported, plan } = await wandb();
    await apply(`automations: ${alias('one')}
  - name: loss
    scope: { project: train }
    event: { run_metric_change: { metric: loss, aggregate: average, decreases_by: 12.5% } }
    runs: { name: { contains: nightly } }
    action: { notification: { slack: "#ml-alerts", severity: warn } }
`);
    server.world.addTrigger({
      name: 'by hand',
      scope: server.world.project('train'),
      filter: '{"$or":[{"$and":[{"alias":{"$regex":"^x"}},{"tag":"y"}]}]}',
    });
    const yaml = await exported();
    const planned = await plan(yaml.replace(/^version: 1\nentity: acme\n/, ''));
    expect(planned.changes.flatMap(({ fields }) => fields)).toEqual([]);
    // The one that was made by hand gets its mark.
    expect(planned.changes.map(({ name, action }) => `${name} ${action}`).sort()).toEqual([
      'by hand update',
      'loss unchanged',
      'one unchanged',
    ]);
  });

  it('lists what it cannot express', async () => {
    const { server, exported } = await wandb();
    const action = { __typename: 'ARIATriggeredAction', prompt: 'do it' } as const;
    server.world.addTrigger({ name: 'odd', scope: server.world.project('train'), action });
    expect(await exported()).toContain('"odd": definitions cannot express its action');
  });
});

describe('requests', () => {
  it.each([{ pageSize: 7 }, { features: 'unknown' as const }])('plans the same on a server with %j', async (options) => {
    const { apply, plan } = await wandb(options);
    const text = `automations: ${Array.from({ length: 20 }, (_, i) => alias(`a${i}`, `x${i}`)).join('')}`;
    await apply(text);
    expect((await plan(text)).summary).toMatchObject({ unchanged: 20, create: 0 });
  });
});

describe('a definition that equals an automation of another name', () => {
  it('is probably renamed, and the plan says how', async () => {
    const { plan, apply } = await wandb();
    await apply(`automations: ${alias('old')}`);
    const { notes, changes } = await plan(`automations: ${alias('new')}`);
    expect(changes.map(({ action, name }) => [action, name])).toEqual([['create', 'new']]);
    expect(notes).toEqual([
      expect.stringContaining(
        'equals the automation "old" in registry model, collection resnet50, which has no definition. If it was renamed, write moved_from: "old": then',
      ),
    ]);
    expect((await plan(`automations: ${alias('new')}`, { prune: true })).notes).toHaveLength(1);
    expect((await plan(`automations: ${alias('new', 'production', '    moved_from: old')}`)).notes).toEqual([]);
    expect((await plan(`automations: ${alias('new', 'staging')}`)).notes).toEqual([]);
    expect((await plan(`automations: ${alias('new')}${alias('old')}`)).notes).toEqual([]);
  });

  it("is recognized although the relay payload has its name, and adopted if it is nobody's", async () => {
    const { server, plan, apply } = await wandb();
    const relay = (name: string) =>
      alias(name).replace('webhook: { integration: relay, payload: { a: 1 } }', 'webhook: { integration: relay }');
    await apply(`automations: ${relay('old')}`);
    expect((await plan(`automations: ${relay('new')}`)).notes).toHaveLength(1);
    server.world.trigger('old').description = null;
    expect((await plan(`automations: ${relay('new')}`)).notes).toEqual([expect.stringContaining('moved_from: "old" and adopt: true')]);
  });
});

describe('export of everything', () => {
  it('has users, organizations and workspaces in the words that read back to the same', async () => {
    const { server, exported, plan } = await wandb();
    const { world } = server;
    world.addSlack(world.entity('acme'), '#ml-alerts', 'Other Corp');
    const text = `organization: acme-org
automations:
  - { name: by-user, scope: { project: train }, event: { run_state: { states: [failed] } }, runs: { user: ada }, action: { no_op: {} } }
  - { name: both, scope: { project: train }, event: { run_state: { states: [failed] } }, runs: { name: { contains: x }, user: { in: [ada, bob] } }, action: { no_op: {} } }
  - { name: everywhere, scope: { organization: acme-org }, event: { link_artifact: {} }, action: { no_op: {} } }
  - { name: here, scope: { project: train }, event: { link_artifact: {} }, action: { notification: { slack: "Acme/#ml-alerts" } } }
  - { name: there, scope: { project: train }, event: { link_artifact: {} }, action: { notification: { slack: "Other Corp/#ml-alerts" } } }
`;
    const { report } = await applySync(configOf(text), testClient(server).client, OPTIONS, undefined, () => undefined).then((applied) => {
      if (!applied.ok) throw new Error(JSON.stringify(applied.error));
      return applied.value;
    });
    expect(report.complete).toBe(true);
    const yaml = await exported();
    expect(yaml).toContain('user: ada');
    expect(yaml).toMatch(/contains: x\n\s+user:\n\s+in:/);
    expect(yaml).toContain('organization: acme-org');
    expect(yaml).toContain('slack: Acme/#ml-alerts');
    expect(yaml).toContain('slack: Other Corp/#ml-alerts');
    const body = yaml.replace(/^version: 1\nentity: acme\n/, '');
    expect((await plan(body)).summary).toMatchObject({ create: 0, update: 0, unchanged: 5, refused: 0 });
  });

  it('leaves out what it cannot express, each with the reason, in a comment', async () => {
    const { server, exported } = await wandb();
    const { world } = server;
    const train = world.project('train');
    world.addTrigger({ name: 'a-job', scope: train, action: { __typename: 'QueueJobTriggeredAction' } as never });
    world.addTrigger({ name: 'weave', scope: train, eventType: 'WEAVE_METRIC_THRESHOLD', filter: '{}' });
    const yaml = await exported();
    expect(yaml).toContain('# Not exported:');
    expect(yaml).toMatch(/# - "a-job": definitions cannot express its action QueueJobTriggeredAction/);
    expect(yaml).toMatch(/# - "weave": definitions cannot express its event WEAVE_METRIC_THRESHOLD/);
  });
});
