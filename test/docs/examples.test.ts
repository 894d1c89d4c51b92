import { execFile } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { readConfig } from '../../src/config/config.ts';
import { readTriggers } from '../../src/config/workflow-triggers.ts';
import { clientPayloadSchema } from '../../src/event/client-payload.ts';
import type { EventType } from '../../src/event/event.ts';
import { relayPayload } from '../../src/event/relay-payload.ts';
import { formatDiagnostic } from '../../src/lib/diagnostic.ts';
import { BARE_ENVIRONMENT, COMPILED_ONCE, MAIN, PROJECT } from '../stand-ins/receiver-process.ts';
import { temporaryFolder } from '../stand-ins/temporary-folder.ts';
import { type Block, blocksOf, page, tableRows } from './pages.ts';

const CONFIG_KEYS = [
  'version',
  'namespace',
  'entity',
  'organization',
  'integrations',
  'defaults',
  'automations',
  'routes',
  'settings',
  'alerts',
];

type Kind = 'config' | 'workflow' | 'steps';

/** What a YAML example is an example of; nothing else is shown. */
function kindOf({ place, text }: Block): Kind {
  const content: unknown = parse(text);
  if (Array.isArray(content)) return 'steps';
  const keys = Object.keys(content as object);
  if (keys.includes('jobs')) return 'workflow';
  if (keys.length > 0 && keys.every((key) => CONFIG_KEYS.includes(key) || key.startsWith('x-'))) return 'config';
  throw new Error(`${place}: neither a config nor a workflow nor steps: ${keys.join(', ')}`);
}

const yaml = blocksOf('yaml').map((block) => ({ ...block, kind: kindOf(block) }));
const ofKind = (wanted: Kind) => yaml.filter(({ kind }) => kind === wanted);
const action = parse(readFileSync(join(PROJECT, 'action.yml'), 'utf8')) as Record<'inputs' | 'outputs', object>;

interface Step {
  readonly uses?: string;
  readonly run?: string;
  readonly with?: object;
}

describe('the examples of the documentation', () => {
  it('have only configs that the receiver reads', () => {
    expect(ofKind('config').length).toBeGreaterThan(8);
    const problems = ofKind('config').flatMap(({ place, text }) => {
      const config = readConfig(/^version:/m.test(text) ? text : `version: 1\n${text}`, place);
      return config.ok ? [] : config.error.map(formatDiagnostic);
    });
    expect(problems).toEqual([]);
  });

  it('have only workflows that listen and steps that do something', () => {
    expect(ofKind('workflow').length).toBeGreaterThan(0);
    for (const { place, text } of ofKind('workflow')) {
      const { repositoryDispatch, workflowDispatch } = readTriggers(text);
      expect(repositoryDispatch ?? workflowDispatch, place).toBeDefined();
      expect((parse(text) as { 'run-name'?: string })['run-name'], place).toContain('delivery_id');
    }
  });

  it('use only inputs that the Action has', () => {
    const steps = [
      ...ofKind('steps').flatMap(({ text }) => parse(text) as Step[]),
      ...ofKind('workflow').flatMap(({ text }) =>
        Object.values((parse(text) as { jobs: Record<string, { steps: Step[] }> }).jobs).flatMap((job) => job.steps),
      ),
    ];
    expect(steps.length).toBeGreaterThan(2);
    for (const step of steps) expect(step.uses ?? step.run).toBeDefined();
    const ours = steps.filter(({ uses }) => uses?.includes('wandb-relay@'));
    expect(ours.length).toBeGreaterThan(0);
    for (const step of ours) expect(Object.keys(action.inputs)).toEqual(expect.arrayContaining(Object.keys(step.with ?? {})));
  });

  it('name every input of the Action, and no other', () => {
    const named = tableRows(page('docs/automations.md'), '## In GitHub Actions').map(([cell = '']) => /^`([a-z-]+)`$/.exec(cell)?.[1]);
    expect(named.filter((name) => name !== undefined).sort()).toEqual(Object.keys(action.inputs).sort());
  });

  it('have only payloads that parse, and show those that are ours as they are', () => {
    const payloads = blocksOf('json').map(({ place, text }) => ({ place, payload: JSON.parse(text) as Record<string, unknown> }));
    const relay = payloads.filter(({ payload }) => payload.relay === 1);
    expect(relay.length).toBeGreaterThan(1);
    for (const { place, payload } of relay)
      expect(payload, place).toEqual(relayPayload(payload.event as EventType, String(payload.automation)));
    const received = payloads.filter(({ payload }) => payload.delivery_id !== undefined);
    expect(received.length).toBeGreaterThan(0);
    for (const { place, payload } of received) expect(clientPayloadSchema.safeParse(payload).error, place).toBeUndefined();
  });

  it('have definitions in TypeScript that render to a config', { timeout: 60_000 }, async () => {
    const [example, ...more] = blocksOf('ts');
    expect(more).toEqual([]);
    const builders = pathToFileURL(join(PROJECT, 'src', 'builders', 'builders.ts')).href;
    const cwd = temporaryFolder();
    const text = example?.text ?? '';
    expect(text).toContain(`from 'wandb-relay/builders'`);
    writeFileSync(join(cwd, 'package.json'), '{ "type": "module" }');
    writeFileSync(join(cwd, 'wandb-relay.config.ts'), text.replace(`'wandb-relay/builders'`, `'${builders}'`));
    const { stdout } = await promisify(execFile)(process.execPath, [MAIN, 'render', '--config', 'wandb-relay.config.ts'], {
      cwd,
      env: { ...BARE_ENVIRONMENT, ...COMPILED_ONCE },
    });
    expect(JSON.parse(stdout)).toMatchObject({ version: 1, automations: [{ name: 'loss-fell' }] });
  });
});
