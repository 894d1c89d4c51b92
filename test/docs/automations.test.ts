import { execFile } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import type { Automation } from '../../src/automation/automation.ts';
import { EVENT_KEYS, RELAY_EVENTS } from '../../src/automation/automation-event.ts';
import type { TriggerInput } from '../../src/automation/trigger.ts';
import type { Config } from '../../src/config/config.ts';
import { readConfigFiles } from '../../src/config/config-files.ts';
import { configWarnings } from '../../src/config/config-warnings.ts';
import { compileRule } from '../../src/engine/compile.ts';
import { firingBody } from '../../src/engine/firing-event.ts';
import type { RunSnapshot } from '../../src/engine/run.ts';
import { formatDiagnostic } from '../../src/lib/diagnostic.ts';
import { runRuleTests } from '../../src/rule-tests/run-rule-tests.ts';
import { applySync, planSync } from '../../src/sync/commands.ts';
import { commandLine } from '../receiver/cli/command-io.ts';
import { inputFor, opened } from '../src/automation/trigger-samples.ts';
import { BARE_ENVIRONMENT, COMPILED_ONCE, MAIN, PROJECT } from '../stand-ins/receiver-process.ts';
import { temporaryFolder } from '../stand-ins/temporary-folder.ts';
import { testClient, wandbServer } from '../stand-ins/wandb-in-test.ts';
import type { WandbStandIn } from '../stand-ins/wandb-server.ts';
import { acmeWorld, type WandbWorld } from '../stand-ins/wandb-world.ts';
import { type Block, blocksOf, PAGES, page, tableRows } from './pages.ts';

/**
 * The automations of the documentation. The Python client is not installed here: what it sends for each piece of Python was
 * recorded with the real one (record-python.py beside this file), and is compared.
 */

const EVENTS = page('docs/events.md');
const TABLES = [
  'Scopes',
  'Conditions on versions',
  'Conditions on metrics',
  'Conditions of engine: relay',
  'Conditions on runs',
  'Actions',
] as const;
const recorded = JSON.parse(readFileSync(join(PROJECT, 'test/docs/python-inputs.json'), 'utf8')) as Readonly<Record<string, TriggerInput>>;

/** All that the examples name, besides what the stand-in begins with. */
function documentedWorld(): WandbWorld {
  const world = acmeWorld();
  const acme = world.entity('acme');
  for (const name of ['train-eu', 'train-us']) world.addProject(acme, name);
  return world;
}

function configOf({ place, text }: Pick<Block, 'place' | 'text'>): Config {
  const config = readConfigFiles([{ name: 'wandb-relay.yaml', text: /^(version:|\{)/m.test(text) ? text : `version: 1\n${text}` }]);
  if (!config.ok) throw new Error(`${place}: ${config.error.map(formatDiagnostic).join('; ')}`);
  return config.value;
}

const hasAutomations = ({ text }: Block) => /^automations:/m.test(text);
const yamlBlocks = blocksOf('yaml').filter(hasAutomations);

/** Each piece of code with the YAML before it on its page. */
function besideYaml(language: string): { readonly code: Block; readonly yaml: Block }[] {
  return PAGES.flatMap(({ blocks }) => {
    let yaml: Block | undefined;
    return blocks.flatMap((block) => {
      if (block.language === 'yaml' && hasAutomations(block)) yaml = block;
      if (block.language !== language) return [];
      if (yaml === undefined) throw new Error(`${block.place}: there is no YAML before it`);
      return [{ code: block, yaml }];
    });
  });
}

interface Row {
  readonly table: string;
  readonly yaml: string;
  readonly ts: string;
  /** Left out: the client has no equivalent. */
  readonly python?: string;
}

const code = (cell = '') => (/^`.*`$/.test(cell) ? cell.slice(1, -1).replaceAll('\\|', '|') : undefined);

const rows: readonly Row[] = TABLES.flatMap((table) =>
  tableRows(EVENTS, `## ${table}`)
    .slice(1)
    .map(([yaml, ts, python]) => {
      const [first, second, third] = [code(yaml), code(ts), code(python)];
      if (first === undefined || second === undefined) throw new Error(`${table}: ${yaml}: is no code`);
      if (third === undefined && python !== 'no equivalent' && python !== undefined) throw new Error(`${table}: ${python}: is no code`);
      return { table, yaml: first, ts: second, ...(third === undefined ? {} : { python: third }) };
    }),
);

/** A definition around what stands in one cell. */
function rowYaml({ table, yaml }: Row, name: string): string {
  const word = yaml.startsWith('tag') ? 'add_artifact_tag' : 'add_artifact_alias';
  const [scope, event, runs, action] = {
    Scopes: [yaml, 'add_artifact_alias: {}', '', 'no_op: {}'],
    'Conditions on versions': ['{ project: train }', `${word}: { ${yaml} }`, '', 'no_op: {}'],
    'Conditions on metrics': ['{ project: train }', yaml, '', 'no_op: {}'],
    'Conditions of engine: relay': ['{ project: train }', yaml, ', engine: relay', 'relay: { to: [{ slack: { channel: x } }] }'],
    'Conditions on runs': ['{ project: train }', 'run_state: { states: [failed] }', `, runs: { ${yaml} }`, 'no_op: {}'],
    Actions: ['{ project: train }', 'add_artifact_alias: {}', '', yaml],
  }[table] as [string, string, string, string];
  return `  - { name: ${name}, scope: ${scope}, event: { ${event} }${runs}, action: { ${action} } }`;
}

function rowTs({ table, yaml, ts }: Row, name: string): string {
  const on = yaml.startsWith('tag') ? 'onAddArtifactTag' : 'onAddArtifactAlias';
  const [event, action] = {
    Scopes: [`b.onAddArtifactAlias(${ts})`, 'b.doNothing()'],
    'Conditions on versions': [`b.${on}(project('train'), ${ts})`, 'b.doNothing()'],
    'Conditions on metrics': [`b.onRunMetric(project('train'), ${ts})`, 'b.doNothing()'],
    'Conditions of engine: relay': [
      `b.${yaml.startsWith('run_state') ? 'onRunState' : 'onRunMetric'}(project('train'), ${ts})`,
      `b.relay({ to: [{ slack: { channel: 'x' } }] }), engine: 'relay'`,
    ],
    'Conditions on runs': [`b.onRunState(project('train'), b.and(runEvent.state.eq('failed'), ${ts}))`, 'b.doNothing()'],
    Actions: [`b.onAddArtifactAlias(project('train'))`, ts],
  }[table] as [string, string];
  return `b.automation({ name: '${name}', event: ${event}, action: ${action} }),`;
}

const rowName = (i: number) => `row-${i}`;
const rowsConfig = () =>
  configOf({ place: 'the tables', text: `entity: acme\nautomations:\n${rows.map((row, i) => rowYaml(row, rowName(i))).join('\n')}` });

/** Every TypeScript of the documentation rendered, in one process. By name. */
async function rendered(): Promise<ReadonlyMap<string, unknown>> {
  const cwd = temporaryFolder();
  for (const [i, { text }] of blocksOf('ts').entries()) writeFileSync(join(cwd, `block-${i}.config.ts`), text);
  const words = [...new Set(rows.flatMap(({ ts }) => ts.match(/(?<![.\w'])[a-zA-Z]+(?=[.(])/g) ?? []))].concat('runEvent', 'project');
  const table = rows.map((row, i) => rowTs(row, rowName(i))).join('\n');
  writeFileSync(
    join(cwd, 'rows.config.ts'),
    `import * as b from 'wandb-relay/builders';\nconst { ${[...new Set(words)].join(', ')} } = b;\nexport default b.config({ entity: 'acme', automations: [${table}] as never });`,
  );
  const { stdout } = await promisify(execFile)(process.execPath, [MAIN, 'render', '--config', '*.config.ts'], {
    cwd,
    env: { ...BARE_ENVIRONMENT, ...COMPILED_ONCE },
    maxBuffer: 4_000_000,
  });
  const { automations } = JSON.parse(stdout) as { automations: { name: string }[] };
  expect(new Set(automations.map(({ name }) => name)).size, 'two examples in TypeScript have one name').toBe(automations.length);
  return new Map(automations.map((one) => [one.name, one]));
}

/** As it is written, with `for_each` and `defaults` resolved. */
const written = ({ source }: Config) => (source as { automations: { name: string }[] }).automations;

const theOne = ({ automations }: Config): Automation => {
  const [automation, more] = automations;
  if (automation === undefined || more !== undefined) throw new Error('the example has to have one automation');
  return automation;
};

/** What a piece of Python sends, by its text. */
function pythonOf(text: string): TriggerInput {
  const input = recorded[text];
  if (input === undefined) throw new Error(`the Python has changed: record it again with test/docs/record-python.py:\n${text}`);
  return input;
}

/** What the receiver's own engine makes of a firing. */
function firedBody(automation: Automation): string {
  const rule = compileRule(automation, 'acme');
  if (rule === undefined) throw new Error('not evaluated');
  const run: RunSnapshot = {
    id: 'UnVuOjE=',
    name: 'abc123',
    displayName: 'nightly-1',
    state: 'running',
    createdAt: 0,
    heartbeatAt: 60_000,
    username: 'ada',
    userName: 'Ada',
    tags: [],
    group: undefined,
    jobType: undefined,
    sweep: undefined,
    lastStep: 9,
    loggedMetrics: new Set(),
    summary: {},
  };
  const isNonfinite = rule.condition.kind === 'nonfinite';
  const firing = { kind: 'firing', at: 60_000, x: 9, metric: 'loss', value: isNonfinite ? Number.NaN : 0.01, values: [1, 1.01] } as const;
  return JSON.stringify(firingBody({ rule, project: { entity: 'acme', project: 'train' }, run, firing, appUrl: 'https://wandb.example' }));
}

/** A definition that W&B is sent, however its integration is called. */
const sent = (automation: Automation) => opened(inputFor(automation));

/** What W&B fills in and sends for an automation with a relay action. */
function payloadOf(automation: Automation): string {
  const { triggeredActionConfig: action } = inputFor(automation);
  return ('genericWebhookActionInput' in action ? action.genericWebhookActionInput.requestPayload : undefined) ?? '{}';
}

describe('the automations of the documentation', () => {
  it('have an example for every event, in YAML, TypeScript and Python where its client has it', () => {
    const sections = EVENTS.text.split(/^### /m).slice(1);
    for (const event of EVENT_KEYS) {
      // The Python client has no such event.
      const isOfRelay = RELAY_EVENTS.includes(event);
      const section = sections.find((one) => one.startsWith(`${event}\n`)) ?? '';
      const languages = [...section.matchAll(/^```([a-z]+)$/gm)].map((found) => found[1]);
      expect(languages, event).toEqual(isOfRelay ? ['yaml', 'ts'] : ['yaml', 'ts', 'python']);
      expect(
        Object.keys(
          (parse(/```yaml\n([\s\S]*?)^```/m.exec(section)?.[1] ?? '') as { automations: [{ event: object }] }).automations[0].event,
        ),
      ).toEqual([event]);
      expect(section, event).toContain('**The receiver** ');
    }
  });

  it('are planned, applied, and then have nothing to do', { timeout: 60_000 }, async () => {
    expect(yamlBlocks.length).toBeGreaterThan(15);
    expect(rows.length).toBeGreaterThan(35);
    const server = await wandbServer({ world: documentedWorld() });
    for (const block of yamlBlocks) {
      await planAndApply(server, configOf(block), block.place);
      server.world.triggers.splice(0);
    }
    await planAndApply(server, rowsConfig(), 'the tables');
  });

  it('pass their own tests, and fail as the page shows', async () => {
    const tested = yamlBlocks.filter(({ text }) => /^tests:/m.test(text));
    expect(tested.length).toBeGreaterThan(1);
    for (const block of tested) expect(runRuleTests(configOf(block)).map(({ passed }) => passed)).not.toContain(false);
    const { text = '' } = tested.find(({ place }) => place.startsWith('docs/automations.md')) ?? {};
    const { run } = commandLine({ 'wandb-relay.yaml': text.replace('step: 14', 'step: 15') });
    const shown = page('docs/automations.md').blocks.find(({ language }) => language === 'text');
    expect((await run('validate')).complaints).toBe(shown?.text);
  });

  it('have no warnings but that nobody hears of failures: they are parts of a config', () => {
    const warnings = yamlBlocks.flatMap((block) =>
      configWarnings(configOf(block))
        .filter(({ message }) => !message.includes('add "alerts: { slack: <channel> }"'))
        .map((one) => `${block.place}: ${formatDiagnostic(one)}`),
    );
    expect(warnings).toEqual([]);
  });

  it('say the same in TypeScript', { timeout: 60_000 }, async () => {
    const made = await rendered();
    const pairs = besideYaml('ts');
    expect(pairs.length).toBeGreaterThan(12);
    for (const { code: block, yaml } of pairs) {
      for (const definition of written(configOf(yaml))) expect(made.get(definition.name), block.place).toEqual(definition);
    }
    for (const [i, definition] of written(rowsConfig()).entries()) expect(made.get(rowName(i)), rows[i]?.ts).toEqual(definition);
  });

  it('say the same in Python', () => {
    for (const { code: block, yaml } of besideYaml('python'))
      expect(opened(pythonOf(block.text)), block.place).toEqual(sent(theOne(configOf(yaml))));
    const { automations } = rowsConfig();
    for (const [i, { python }] of rows.entries()) {
      const automation = automations[i];
      if (python === undefined || automation === undefined) continue;
      expect({ ...(opened(pythonOf(python)) as object), name: rowName(i) }, python).toEqual(sent(automation));
    }
    const shown = [...besideYaml('python').map(({ code: block }) => block.text), ...rows.flatMap(({ python }) => python ?? [])];
    expect(Object.keys(recorded).sort()).toEqual([...new Set(shown)].sort());
  });

  it.each(EVENT_KEYS)('say truly what the receiver gets of %s', async (event) => {
    const section = EVENTS.text.split(/^### /m).find((one) => one.startsWith(`${event}\n`)) ?? '';
    const sentence = /\*\*The receiver\*\*[^#]*/.exec(section)?.[0] ?? '';
    const named = [...sentence.matchAll(/`([a-z]+)`/g)].map((found) => found[1] ?? '').filter((word) => FIELDS.includes(word));
    const [definition] = written(configOf({ place: event, text: /```yaml\n([\s\S]*?)^```/m.exec(section)?.[1] ?? '' }));
    const relayed = { ...definition, action: { relay: { to: [{ slack: { channel: '#x' } }] } } };
    const config = { version: 1, entity: 'acme', automations: [relayed] };
    const automation = theOne(configOf({ place: event, text: JSON.stringify(config) }));
    const body = RELAY_EVENTS.includes(event)
      ? firedBody(automation)
      : payloadOf(automation).replace(/\$\{(\w+)\}/g, (_whole, name: string) => VALUES[name] ?? '');
    const { run } = commandLine({ 'wandb-relay.yaml': JSON.stringify(config), 'event.json': body });
    const { event: got, routes } = JSON.parse((await run('simulate', '--event', 'event.json', '--json')).out);
    expect(routes.map(({ matches }: { matches: boolean }) => matches)).toEqual([true]);
    expect(Object.keys(got)).toEqual(expect.arrayContaining(named));
  });
});

const FIELDS = [
  'collection',
  'version',
  'artifact',
  'project',
  'entity',
  'author',
  'registry',
  'alias',
  'tag',
  'run',
  'status',
  'metric',
  'value',
  'values',
  'threshold',
];
const VALUES: Readonly<Record<string, string>> = {
  alias: 'production',
  tag: 'gold',
  event_author: 'ada',
  entity_name: 'acme',
  project_name: 'wandb-registry-model',
  artifact_collection_name: 'resnet50',
  artifact_version: 'wandb-artifact://_id/QXJ0aWZhY3Q6MQ==',
  artifact_version_string: 'acme/wandb-registry-model/resnet50:v7',
  run_name: 'nightly-1',
  run_status: 'failed',
  metric_values: '[9.5]',
  metric_current_status: 'above',
};

async function planAndApply(server: WandbStandIn, config: Config, place: string): Promise<void> {
  const { client } = testClient(server);
  const options = { namespace: config.namespace, repository: 'acme/models', prune: false, maxDeletes: 3 };
  const plan = async () => {
    const planned = await planSync(config, client, options);
    if (!planned.ok) throw new Error(`${place}: ${planned.error.map(formatDiagnostic).join('; ')}`);
    return planned.value.plan;
  };
  const first = await plan();
  if (config.automations.every(({ engine }) => engine === 'relay')) {
    // W&B gets none of them.
    expect([first.changes, first.routes.evaluated.notCompared], place).toEqual([[], config.automations.length]);
    return;
  }
  expect(
    first.changes.map(({ action, reason }) => reason ?? action),
    place,
  ).toEqual(first.changes.map(() => 'create'));
  // What the receiver evaluates itself is nothing at W&B.
  const isWandbs = config.automations.some(({ engine }) => engine !== 'relay');
  expect(first.changes.length > 0, place).toBe(isWandbs);
  const applied = await applySync(config, client, options, undefined, () => undefined);
  expect(applied.ok && applied.value.report.complete, place).toBe(true);
  expect((await plan()).summary, place).toMatchObject({ create: 0, update: 0, delete: 0, refused: 0 });
}
