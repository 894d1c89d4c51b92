import { readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { exportYaml } from '../../src/automation/export-yaml.ts';
import type { Config } from '../../src/config/config.ts';
import { readConfigFiles } from '../../src/config/config-files.ts';
import { type Diagnostic, formatDiagnostic } from '../../src/lib/diagnostic.ts';
import { messageOf } from '../../src/lib/error-message.ts';
import { readApprovedPlan } from '../../src/plan/approved-plan.ts';
import { hasChanges } from '../../src/plan/plan.ts';
import { changeJson, changeLines, planJson, planLines } from '../../src/plan/plan-report.ts';
import { type Approval, applySync, driftSync, planSync, type SyncOptions } from '../../src/sync/commands.ts';
import { readConfigSources, readDefinitions } from '../../src/sync/definitions.ts';
import { exportSync } from '../../src/sync/export.ts';
import type { WandbClient } from '../../src/wandb/client.ts';
import { repositoryFrom } from '../environment.ts';
import { findCheckout } from './checkout.ts';
import type { CommandIo, ExitCode } from './output.ts';
import { connectOrComplain } from './wandb-access.ts';

/** `plan`, `apply`, `drift`, `export`, `render`: the automations of W&B as code. */

export interface SyncWords {
  readonly config: readonly string[];
  readonly prune: boolean;
  readonly maxDeletes: number;
}

interface Ready {
  readonly config: Config;
  readonly client: WandbClient;
  readonly options: SyncOptions;
}

/** Exit code 2: there are changes. */
export async function plan(
  io: CommandIo,
  words: SyncWords & { readonly json: boolean; readonly out: string | undefined },
): Promise<ExitCode> {
  const ready = await prepare(io, words);
  if (ready === undefined) return 1;
  const planned = await planSync(ready.config, ready.client, ready.options);
  if (!planned.ok) return complain(io, planned.error);
  const { plan: found, state } = planned.value;
  const json = JSON.stringify(planJson(found), null, 2);
  if (words.out !== undefined && !write(io, words.out, `${json}\n`)) return 1;
  if (words.json) io.printDocument(json);
  else {
    for (const line of planLines(found)) io.print(line);
    for (const name of state.unreadable) io.print(`${name} exists and cannot be described; it is left alone.`);
    if (hasChanges(found)) io.print(`Fingerprint ${found.fingerprint}`);
  }
  if (found.summary.refused > 0) return 1;
  return hasChanges(found) ? 2 : 0;
}

/** Exit code 4: part of it was done; running it again finishes. */
export async function apply(
  io: CommandIo,
  words: SyncWords & { readonly plan: string | undefined; readonly fingerprint: string | undefined },
): Promise<ExitCode> {
  const approval = readApproval(io, words.plan, words.fingerprint);
  if (typeof approval === 'string') return complain(io, [{ severity: 'error', message: approval }]);
  const ready = await prepare(io, words);
  if (ready === undefined) return 1;
  const applied = await applySync(ready.config, ready.client, ready.options, approval, (step, number, total) =>
    io.complain(`${number}/${total} ${step.kind.replace('_', ' ')} ${step.change.name}`),
  );
  if (!applied.ok) return complain(io, applied.error);
  const { plan: found, report, created } = applied.value;
  for (const name of created) io.print(`created the webhook integration ${name}`);
  for (const { change, outcome, why } of report.applied)
    io.print(`${outcome}: ${change.action} ${change.name} (${change.scope})${why === undefined ? '' : `: ${why}`}`);
  const refused = found.changes.filter(({ action }) => action === 'refused');
  for (const line of refused.flatMap(changeLines)) io.complain(line);
  const count = report.applied.filter(({ outcome }) => outcome === 'done').length;
  io.print(`${count} of ${report.applied.length} applied${refused.length > 0 ? `, ${refused.length} refused` : ''}.`);
  if (report.complete && refused.length === 0) return 0;
  if (!report.complete) io.complain('Run it again to finish what is left.');
  return count > 0 || !report.complete ? 4 : 1;
}

/** Exit code 2: W&B is not as it was applied. */
export async function drift(io: CommandIo, words: SyncWords & { readonly json: boolean }): Promise<ExitCode> {
  const ready = await prepare(io, words);
  if (ready === undefined) return 1;
  const found = await driftSync(ready.config, ready.client, ready.options);
  if (!found.ok) return complain(io, found.error);
  const drifted = found.value.drift.filter(({ kind }) => kind !== 'definition');
  const pending = found.value.drift.filter(({ kind }) => kind === 'definition');
  if (words.json)
    io.printDocument(JSON.stringify({ drift: drifted.map(({ kind, change }) => ({ kind, ...changeJson(change) })) }, null, 2));
  else {
    if (drifted.length > 0) io.print('Changed at W&B since it was applied:');
    for (const line of drifted.flatMap(({ change }) => changeLines(change))) io.print(line);
    if (pending.length > 0) io.print('Not drift, but definitions that were not applied yet:');
    for (const line of pending.flatMap(({ change }) => changeLines(change))) io.print(line);
    io.print(drifted.length === 0 ? 'No drift.' : `${drifted.length} drifted.`);
  }
  return drifted.length === 0 ? 0 : 2;
}

export async function exportDefinitions(
  io: CommandIo,
  words: {
    readonly config: readonly string[];
    readonly entity: string | undefined;
    readonly organization: string | undefined;
    readonly out: string | undefined;
  },
): Promise<ExitCode> {
  const client = connectOrComplain(io);
  const repository = repositoryOrComplain(io);
  if (client === undefined || repository === undefined) return 1;
  let source: Pick<Config, 'entity' | 'organization'> = { entity: words.entity, organization: words.organization };
  if (words.entity === undefined) {
    const config = await readDefinitions(io.cwd, words.config);
    if (!config.ok) return complain(io, [...config.error, { severity: 'error', message: 'or name the team with --entity' }]);
    source = config.value;
  }
  const exported = await exportSync(source, client, repository);
  if (!exported.ok) return complain(io, exported.error);
  const text = exportYaml(exported.value);
  if (words.out === undefined) io.printDocument(text.trimEnd());
  else {
    if (!write(io, words.out, text)) return 1;
    io.print(`${words.out}: ${exported.value.definitions.length} automations written`);
  }
  for (const { name, why } of exported.value.left) io.complain(`left out: ${name}: ${why}`);
  return 0;
}

/** Compiles config files to JSON that a job with secrets can read without running code. Needs no key. */
export async function render(
  io: CommandIo,
  words: { readonly config: readonly string[]; readonly out: string | undefined },
): Promise<ExitCode> {
  const sources = await readConfigSources(io.cwd, words.config);
  if (!sources.ok) return complain(io, sources.error);
  const checked = readConfigFiles(sources.value);
  if (!checked.ok) return complain(io, checked.error);
  const json = JSON.stringify(checked.value.source, null, 2);
  if (words.out === undefined) io.printDocument(json);
  else {
    if (!write(io, words.out, `${json}\n`)) return 1;
    io.print(`${words.out} written`);
  }
  return 0;
}

async function prepare(io: CommandIo, words: SyncWords): Promise<Ready | undefined> {
  const client = connectOrComplain(io);
  const repository = repositoryOrComplain(io);
  if (client === undefined || repository === undefined) return undefined;
  const config = await readDefinitions(io.cwd, words.config);
  if (config.ok) return { config: config.value, client, options: { repository, prune: words.prune, maxDeletes: words.maxDeletes } };
  complain(io, config.error);
  return undefined;
}

function repositoryOrComplain(io: CommandIo): string | undefined {
  const given = repositoryFrom(io.variables);
  if (given !== undefined) return given;
  const checkout = findCheckout(io.variables, io.cwd);
  if (checkout.ok) return checkout.value.repository;
  io.complain(`GITHUB_REPOSITORY: is not set, and ${checkout.error}. Set it to owner/name, the owner of what is applied`);
  return undefined;
}

function readApproval(io: CommandIo, file: string | undefined, fingerprint: string | undefined): Approval | string {
  if (file !== undefined && fingerprint !== undefined) return 'apply: approve with --plan or with --fingerprint, not both';
  if (fingerprint !== undefined) return { fingerprint };
  if (file === undefined) return undefined;
  let text: string;
  try {
    text = readFileSync(resolve(io.cwd, file), 'utf8');
  } catch (error) {
    return `${file}: cannot be read: ${messageOf(error)}`;
  }
  const approved = readApprovedPlan(text);
  return approved.ok ? { plan: approved.value } : `${file}: ${approved.error}`;
}

function write(io: CommandIo, file: string, text: string): boolean {
  try {
    writeFileSync(resolve(io.cwd, file), text);
    return true;
  } catch (error) {
    io.complain(`${file}: cannot be written: ${messageOf(error)}`);
    return false;
  }
}

function complain(io: CommandIo, errors: readonly Diagnostic[]): ExitCode {
  for (const error of errors) io.complain(formatDiagnostic(error));
  return 1;
}
