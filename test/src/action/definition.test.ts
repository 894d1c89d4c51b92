import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { readEventOutputs } from '../../../src/action/event-command.ts';
import { PROJECT } from '../../stand-ins/receiver-process.ts';

interface ActionDefinition {
  readonly inputs: Readonly<Record<string, { readonly description: string; readonly default?: string }>>;
  readonly outputs: Readonly<Record<string, { readonly description: string }>>;
  readonly runs: { readonly using: string; readonly main: string };
}

interface Workflow {
  readonly on: unknown;
  readonly permissions: unknown;
  readonly jobs: Readonly<
    Record<string, { readonly steps: readonly { readonly uses?: string; readonly run?: string; readonly with?: object }[] }>
  >;
}

const read = (path: string) => readFileSync(join(PROJECT, path), 'utf8');
const action = parse(read('action.yml')) as ActionDefinition;

describe('action.yml', () => {
  it('declares the inputs that are read, and no other', () => {
    const source = read('src/action/inputs.ts');
    const used = [...source.matchAll(/(?:get|truth)\('([a-z-]+)'/g)].map((found) => found[1]);
    expect(Object.keys(action.inputs).sort()).toEqual([...new Set(used)].sort());
  });

  it('declares the outputs that are set, and no other', () => {
    const source = readdirSync(join(PROJECT, 'src', 'action'))
      .map((name) => read(join('src', 'action', name)))
      .join('');
    const set = [...source.matchAll(/setOutput\('([a-z-]+)'/g)].map((found) => found[1] ?? '');
    const event = readEventOutputs({ delivery_id: 'd', route: 'r', event: { type: 'unknown' } });
    const ofEvent = event.ok ? Object.keys(event.value) : [];
    expect(Object.keys(action.outputs).sort()).toEqual([...new Set([...set, ...ofEvent])].sort());
  });

  it('runs the committed bundle on Node 24', () => {
    expect(action.runs).toEqual({ using: 'node24', main: 'dist/index.cjs' });
  });
});

describe('example workflows', () => {
  it.each(readdirSync(join(PROJECT, 'examples', 'workflows')))(
    '%s uses what there is, with permissions of its own, and no values inside scripts',
    (name) => {
      const workflow = parse(read(join('examples', 'workflows', name))) as Workflow;
      expect(workflow.permissions).toMatchObject({ contents: 'read' });
      expect(JSON.stringify(workflow.on)).not.toContain('pull_request_target');
      const steps = Object.values(workflow.jobs).flatMap((job) => job.steps);
      for (const step of steps) {
        expect(step.run ?? '').not.toContain('${{');
        if (step.uses?.includes('wandb-relay'))
          expect(Object.keys(action.inputs)).toEqual(expect.arrayContaining(Object.keys(step.with ?? {})));
      }
      expect(steps.some(({ uses = '', run = '' }) => uses.includes('wandb-relay') || run.includes('npx --no-install wandb-relay '))).toBe(
        true,
      );
    },
  );
});
