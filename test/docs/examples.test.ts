import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { readConfig } from '../../src/config/config.ts';
import { readTriggers } from '../../src/config/workflow-triggers.ts';
import { clientPayloadSchema } from '../../src/event/client-payload.ts';
import type { EventType } from '../../src/event/event.ts';
import { relayPayload } from '../../src/event/relay-payload.ts';
import { formatDiagnostic } from '../../src/lib/diagnostic.ts';
import { PROJECT } from '../stand-ins/receiver-process.ts';
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
  'digests',
  'tests',
  'settings',
  'alerts',
];

/** Of Prometheus: examples/prometheus is checked by its own test. */
const SCRAPE_KEYS = ['scrape_configs', 'rule_files'];

type Kind = 'config' | 'workflow' | 'steps' | 'scrape';

/** What a YAML example is an example of; nothing else is shown. */
function kindOf({ place, text }: Block): Kind {
  const content: unknown = parse(text);
  if (Array.isArray(content)) return 'steps';
  const keys = Object.keys(content as object);
  if (keys.includes('jobs')) return 'workflow';
  if (keys.length > 0 && keys.every((key) => SCRAPE_KEYS.includes(key))) return 'scrape';
  if (keys.length > 0 && keys.every((key) => CONFIG_KEYS.includes(key) || key.startsWith('x-'))) return 'config';
  throw new Error(`${place}: neither a config nor a workflow nor steps: ${keys.join(', ')}`);
}

const yaml = blocksOf('yaml').map((block) => ({ ...block, kind: kindOf(block) }));
const ofKind = (wanted: Kind) => yaml.filter(({ kind }) => kind === wanted);
const action = parse(readFileSync(join(PROJECT, 'action.yml'), 'utf8')) as Record<'inputs' | 'outputs', object>;

interface Concurrent {
  readonly concurrency?: object;
}

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

  it('have only workflows that are files of examples/, or listen to a dispatch and name its delivery', () => {
    const files = globSync('examples/workflows/*.yml', { cwd: PROJECT }).map((name) => readFileSync(join(PROJECT, name), 'utf8'));
    const [shown, others] = [ofKind('workflow'), ofKind('workflow').filter(({ text }) => !files.includes(text))];
    expect(others.length).toBeGreaterThan(0);
    for (const { place, text } of others) {
      expect(place).not.toContain('docs/pull-requests.md');
      const { repositoryDispatch, workflowDispatch } = readTriggers(text);
      expect(repositoryDispatch ?? workflowDispatch, place).toBeDefined();
    }
    const dispatched = shown.filter(({ text }) => readTriggers(text).repositoryDispatch !== undefined);
    for (const { place, text } of dispatched) expect((parse(text) as { 'run-name'?: string })['run-name'], place).toContain('delivery_id');
    // Every file is on a page, word for word.
    expect(files.filter((file) => !shown.some(({ text }) => text === file))).toEqual([]);
  });

  it('queue deployments and applies instead of cancelling those that wait', () => {
    const files = globSync('examples/workflows/*.yml', { cwd: PROJECT });
    for (const name of files.filter((file) => !file.endsWith('/drift.yml'))) {
      const workflow = parse(readFileSync(join(PROJECT, name), 'utf8')) as Concurrent & { jobs: Record<string, Concurrent> };
      const all = [workflow, ...Object.values(workflow.jobs)].flatMap(({ concurrency }) => concurrency ?? []);
      expect(all, name).not.toEqual([]);
      for (const concurrency of all) expect(concurrency, name).toEqual({ group: expect.any(String), queue: 'max' });
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

  it('name every output of the Action', () => {
    const { prose } = page('docs/pull-requests.md');
    const described = prose.slice(prose.indexOf('## Outputs'));
    const ofEvents =
      /^(type|source|entity|project|registry|collection|version|artifact|alias|tag|author|automation|run|status|metric|event-type|delivery-id|route)$/;
    expect(Object.keys(action.outputs).filter((name) => !ofEvents.test(name) && !described.includes(`\`${name}\``))).toEqual([]);
  });

  it('name every input of the Action, and no other', () => {
    const named = tableRows(page('docs/pull-requests.md'), '## Inputs').map(([cell = '']) => /^`([a-z-]+)`$/.exec(cell)?.[1]);
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
});
