import { writeFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { exportYaml } from '../../src/automation/export-yaml.ts';
import type { Config } from '../../src/config/config.ts';
import { readConfigFiles } from '../../src/config/config-files.ts';
import { configWarnings } from '../../src/config/config-warnings.ts';
import { type Diagnostic, formatDiagnostic } from '../../src/lib/diagnostic.ts';
import { messageOf } from '../../src/lib/error-message.ts';
import { appliedCounts, appliedWords, outcomeLine } from '../../src/plan/applied-report.ts';
import type { Approval } from '../../src/plan/approved-plan.ts';
import { findUnmanaged, isDrift } from '../../src/plan/drift.ts';
import { type DriftFound, driftJson, driftSections, driftSummary } from '../../src/plan/drift-report.ts';
import { hasChanges } from '../../src/plan/plan.ts';
import { tooManyFires } from '../../src/plan/plan-estimates.ts';
import { planJson } from '../../src/plan/plan-json.ts';
import { planLines, refusalLines } from '../../src/plan/plan-report.ts';
import type { MigratedFrom } from '../../src/plan/plan-settings.ts';
import type { BaseConfig } from '../../src/plan/route-plan.ts';
import { readBaseConfig } from '../../src/sync/base-config.ts';
import { applySync, driftSync, planSync, type SyncOptions } from '../../src/sync/commands.ts';
import { gitFiles, mergeBase } from '../../src/sync/commit-files.ts';
import { otherNamespaces, readConfigSources, readDefinitions } from '../../src/sync/definitions.ts';
import { exportSync } from '../../src/sync/export.ts';
import { backtestPlan } from '../../src/sync/plan-backtest.ts';
import { readPlanFiles } from '../../src/sync/plan-files.ts';
import { repositoryTop } from '../../src/sync/repository-top.ts';
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
  readonly allowDeleteMajority: boolean;
  readonly migrateFrom: MigratedFrom | undefined;
}

interface Ready {
  readonly config: Config;
  readonly client: WandbClient;
  readonly options: SyncOptions;
  /** The address of W&B's API. */
  readonly baseUrl: string;
}

/** Exit code 2: there are changes. */
export async function plan(
  io: CommandIo,
  words: SyncWords & {
    readonly json: boolean;
    readonly out: string | undefined;
    readonly base: string | undefined;
    /** How far back run automations are tried on past runs, milliseconds; left out: they are not. */
    readonly backtest: number | undefined;
    readonly maxEstimatedFires: number | undefined;
  },
): Promise<ExitCode> {
  if (words.maxEstimatedFires !== undefined && words.backtest === undefined) {
    return complain(io, [{ severity: 'error', message: '--max-estimated-fires: needs --backtest, such as --backtest 30d' }]);
  }
  const ready = await prepare(io, words);
  if (ready === undefined) return 1;
  const { config, client, options, baseUrl } = ready;
  const base = await baseFor(io, words);
  if (base === undefined) return 1;
  const planned = await planSync(config, client, { ...options, base });
  if (!planned.ok) return complain(io, planned.error);
  const { backtest: sinceMs, maxEstimatedFires: most } = words;
  const wish = sinceMs === undefined ? undefined : { client, now: io.now, sinceMs, most, base };
  const { plan: found, state } = wish === undefined ? planned.value : await backtestPlan(planned.value, config, wish);
  const warnings = configWarnings(config);
  const json = JSON.stringify(planJson(found, { namespace: config.namespace, baseUrl, unreadable: state.unreadable, warnings }), null, 2);
  if (words.out !== undefined && !write(io, words.out, `${json}\n`)) return 1;
  if (words.json) io.printDocument(json);
  else {
    for (const line of [...planLines(found), ...warnings.map(formatDiagnostic)]) io.print(line);
    for (const name of state.unreadable) io.print(`${name} exists and cannot be described; it is left alone.`);
    if (hasChanges(found)) io.print(`Fingerprint ${found.fingerprint}`);
  }
  const many = found.estimates === undefined ? [] : tooManyFires(found.estimates);
  for (const { location, message } of many) complain(io, [{ severity: 'error', message, ...(location === undefined ? {} : { location }) }]);
  if (many.length > 0 || found.summary.refused > 0) return 1;
  return hasChanges(found) ? 2 : 0;
}

/**
 * The config that the routes are compared with: at the named commit, else where this branch left the default branch. A named
 * commit that does not exist is an error, and `undefined` is returned.
 */
async function baseFor(
  io: CommandIo,
  { config, base }: SyncWords & { readonly base: string | undefined },
): Promise<BaseConfig | undefined> {
  const commit = base === undefined ? await mergeBase(io.cwd) : { ok: true as const, value: base };
  const files = commit.ok ? await gitFiles(io.cwd, commit.value) : commit;
  if (files.ok) return readBaseConfig(files.value, { patterns: config, cwd: io.cwd, top: repositoryTop(io.cwd, io.cwd, undefined) });
  if (base === undefined) return { unknown: files.error };
  io.complain(`--base ${base}: ${files.error}`);
  return undefined;
}

/** Exit code 4: part of it was done; running it again finishes. */
export async function apply(
  io: CommandIo,
  words: SyncWords & { readonly plan: readonly string[]; readonly fingerprint: readonly string[] },
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
  for (const outcome of report.applied) io.print(outcomeLine(outcome));
  const refused = found.changes.filter(({ action }) => action === 'refused');
  for (const line of refusalLines(found)) io.complain(line);
  const count = report.applied.filter(({ outcome }) => outcome === 'done').length;
  io.print(`${count} of ${report.applied.length} applied: ${appliedWords(appliedCounts(report.applied, refused.length))}.`);
  if (report.complete && refused.length === 0) return 0;
  if (!report.complete) io.complain('Run it again to finish what is left.');
  return count > 0 || !report.complete ? 4 : 1;
}

/** Exit code 2: W&B is not as it was applied. What is not applied yet, or not managed here, is no drift. */
export async function drift(io: CommandIo, words: SyncWords & { readonly json: boolean; readonly unmanaged: boolean }): Promise<ExitCode> {
  const ready = await prepare(io, words);
  if (ready === undefined) return 1;
  const { config, client, options } = ready;
  const found = await driftSync(config, client, options);
  if (!found.ok) return complain(io, found.error);
  const { plan: planned, state, drift: drifted } = found.value;
  const names = { entity: config.entity, organizations: state.owners.organizations };
  const shown: DriftFound = { drift: drifted, unmanaged: words.unmanaged ? findUnmanaged(planned, state.live, names) : undefined };
  if (words.json) io.printDocument(JSON.stringify(driftJson(shown, config.namespace), null, 2));
  else {
    for (const { title, lines } of driftSections(shown)) for (const line of [title, ...lines]) io.print(line);
    io.print(driftSummary(shown));
  }
  return drifted.some(isDrift) ? 2 : 0;
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
  const connected = connectOrComplain(io);
  const repository = repositoryOrComplain(io, words.config);
  if (connected === undefined || repository === undefined) return 1;
  let source: Parameters<typeof exportSync>[0] = { entity: words.entity, organization: words.organization };
  if (words.entity === undefined) {
    const config = await readDefinitions(io.cwd, words.config, { code: 'run', workspace: io.variables.GITHUB_WORKSPACE });
    if (!config.ok) return complain(io, [...config.error, { severity: 'error', message: 'or name the team with --entity' }]);
    source = config.value;
  }
  const exported = await exportSync(source, connected.client, repository);
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
  const sources = await readConfigSources(io.cwd, words.config, { code: 'run', workspace: io.variables.GITHUB_WORKSPACE });
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
  const connected = connectOrComplain(io);
  const repository = repositoryOrComplain(io, words.config);
  if (connected === undefined || repository === undefined) return undefined;
  const config = await readDefinitions(io.cwd, words.config, { code: 'run', workspace: io.variables.GITHUB_WORKSPACE });
  if (config.ok) {
    const { prune, maxDeletes, allowDeleteMajority, migrateFrom } = words;
    const namespaceUse = otherNamespaces(io.cwd, words.config, io.variables.GITHUB_WORKSPACE);
    const { namespace } = config.value;
    const options: SyncOptions = { namespace, repository, prune, maxDeletes, allowDeleteMajority, migrateFrom, namespaceUse };
    return { ...connected, config: config.value, options };
  }
  complain(io, config.error);
  return undefined;
}

/** The repository of the checkout that the config is in, wherever the command is run. */
function repositoryOrComplain(io: CommandIo, [file = '.']: readonly string[]): string | undefined {
  const given = repositoryFrom(io.variables);
  if (given !== undefined) return given;
  // A glob has no folder of its own: its checkout is that of the working directory.
  const beside = findCheckout(io.variables, dirname(resolve(io.cwd, file)));
  const checkout = beside.ok ? beside : findCheckout(io.variables, io.cwd);
  if (checkout.ok) return checkout.value.repository;
  io.complain(`GITHUB_REPOSITORY: is not set, and ${checkout.error}. Set it to owner/name, the owner of what is applied`);
  return undefined;
}

function readApproval(io: CommandIo, files: readonly string[], fingerprints: readonly string[]): Approval | string {
  if (files.length === 0) return { fingerprints };
  const plans = readPlanFiles(io.cwd, files);
  return plans.ok ? { plans: plans.value, fingerprints } : plans.error;
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
