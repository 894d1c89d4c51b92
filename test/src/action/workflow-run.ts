import { execFileSync } from 'node:child_process';
import { chmodSync, copyFileSync, cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { basename, dirname, join } from 'node:path';
import { onTestFinished } from 'vitest';
import { parse } from 'yaml';
import { PROJECT } from '../../stand-ins/receiver-process.ts';
import { temporaryFolder } from '../../stand-ins/temporary-folder.ts';
import { type ActionRun, runAction } from './run-action.ts';

/** Runs the jobs of an example workflow step by step: the Action's bundle, the scripts in bash, and the artifacts in a folder. */

interface Step {
  readonly id?: string;
  readonly if?: string;
  readonly uses?: string;
  readonly run?: string;
  readonly with?: Readonly<Record<string, unknown>>;
  readonly env?: Readonly<Record<string, string>>;
}

interface Workflow {
  readonly jobs: Readonly<Record<string, { readonly outputs?: Readonly<Record<string, string>>; readonly steps: readonly Step[] }>>;
}

export interface JobRun {
  readonly id: number;
  readonly event: string;
  readonly payload?: object;
  readonly sha: string;
  readonly ref: string;
}

/** `gh run download ID --pattern PATTERN --dir FOLDER`, from the folder of artifacts. */
const GH = '#!/bin/bash\nset -e\n[ "$1 $2 $4 $6" = "run download --pattern --dir" ]\nmkdir -p "$7"\ncp -r "$ARTIFACTS/$3/." "$7/"\n';

export function workflowRuns(name: string, options: { readonly expressions: Readonly<Record<string, string>>; readonly apiUrl: string }) {
  const workflow = parse(readFileSync(join(PROJECT, 'examples', 'workflows', name), 'utf8')) as Workflow;
  const artifacts = temporaryFolder();
  const tools = temporaryFolder();
  writeFileSync(join(tools, 'gh'), GH);
  chmodSync(join(tools, 'gh'), 0o755);
  const needs: Record<string, string> = {};

  /** Runs a job on a checkout with these files. Ends with the first step that fails. */
  async function runJob(job: string, run: JobRun, files: Readonly<Record<string, string>>): Promise<ActionRun | undefined> {
    const { steps, outputs = {} } = workflow.jobs[job] ?? { steps: [] };
    const cwd = temporaryFolder();
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(cwd, path)), { recursive: true });
      writeFileSync(join(cwd, path), text);
    }
    const known: Record<string, string> = {
      ...options.expressions,
      ...needs,
      "github.event_name == 'pull_request'": String(run.event === 'pull_request'),
    };
    const evaluate = (text: unknown): string =>
      String(text).replaceAll(/\$\{\{ (.+?) \}\}/g, (_all, expression: string) => {
        const value = known[expression];
        if (value === undefined) throw new Error(`${name}: unknown expression ${expression}`);
        return value;
      });
    let last: ActionRun | undefined;
    for (const step of steps) {
      if (step.if !== undefined && /^steps\.\S+ != ''$/.test(step.if) && known[step.if.split(' ')[0] ?? ''] === '') continue;
      const inputs = Object.fromEntries(Object.entries(step.with ?? {}).map(([key, value]) => [key, evaluate(value)]));
      if (step.uses?.startsWith('actions/upload-artifact')) {
        const folder = join(artifacts, String(run.id), inputs.name ?? '');
        mkdirSync(folder, { recursive: true });
        copyFileSync(join(cwd, inputs.path ?? ''), join(folder, basename(inputs.path ?? '')));
      } else if (step.uses?.startsWith('actions/download-artifact')) {
        cpSync(join(artifacts, String(run.id), inputs.name ?? ''), join(cwd, inputs.path ?? '.'), { recursive: true });
      } else if (step.run !== undefined) {
        const variables = Object.fromEntries(Object.entries(step.env ?? {}).map(([key, value]) => [key, evaluate(value)]));
        execFileSync('bash', ['-e', '-c', step.run], {
          cwd,
          stdio: ['ignore', 'pipe', 'inherit'],
          env: { ...variables, ARTIFACTS: artifacts, PATH: `${tools}:${process.env.PATH}` },
        });
      } else if (step.uses?.includes('/wandb-relay@')) {
        last = await runAction({
          cwd,
          inputs: { 'github-token': 'ghs_for_tests_only', 'wandb-base-url': options.expressions.baseUrl ?? '', ...inputs },
          event: run.payload ?? {},
          apiUrl: options.apiUrl,
          environment: {
            GITHUB_EVENT_NAME: run.event,
            GITHUB_SHA: run.sha,
            GITHUB_REF: run.ref,
            GITHUB_RUN_ID: String(run.id),
            GITHUB_WORKFLOW_REF: `acme/models/.github/workflows/${name}@${run.ref}`,
          },
        });
        for (const output of ['fingerprint', 'run-ids']) known[`steps.${step.id}.outputs.${output}`] = last.outputs[output] ?? '';
        if (last.code !== 0) return last;
      }
    }
    for (const [key, value] of Object.entries(outputs)) needs[`needs.${job}.outputs.${key}`] = evaluate(value);
    return last;
  }
  return { artifacts, runJob };
}

/** GitHub's API with fixed answers by path; anything else is not found. */
export async function githubAnswering(answer: (path: string, search: URLSearchParams) => unknown): Promise<string> {
  const server = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '', 'http://localhost');
    const body = answer(pathname, searchParams);
    response.writeHead(body === undefined ? 404 : 200, { 'content-type': 'application/json' });
    response.end(JSON.stringify(body ?? { message: 'Not Found' }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
