import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { Command, CommanderError, InvalidArgumentError } from 'commander';
import { DEFAULT_SOURCE } from '../../src/event/event.ts';
import { DEFAULT_MAX_DELETES, type MigratedFrom, readMigratedFrom } from '../../src/plan/plan-settings.ts';
import { configPathFrom } from '../config-path.ts';
import { addBacktestCommand, readDuration } from './backtest-command.ts';
import { addDataCommands } from './data-commands.ts';
import type { InitFlags } from './init/answers.ts';
import type { CommandIo, ExitCode } from './output.ts';
import { addStoreCommands } from './store-commands.ts';

/**
 * Runs the command line and returns the exit code. Each command loads what it needs when it runs, so that none waits for, or holds
 * in memory, what another one uses.
 */
export async function runProgram(io: CommandIo, version: string, words: readonly string[]): Promise<ExitCode> {
  let code: ExitCode = 0;
  const program = buildProgram(io, version, (result) => {
    code = result;
  });
  try {
    await program.parseAsync([...words], { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    // Help and wrong words have been printed already.
    return error.exitCode === 0 ? 0 : 1;
  }
  return code;
}

function buildProgram(io: CommandIo, version: string, done: (code: ExitCode) => void): Command {
  const configPath = configPathFrom(io.variables);
  const program = new Command('wandb-relay')
    .description('W&B automations start GitHub workflows: a durable webhook receiver, and what is needed to run it.')
    .version(version)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => io.printDocument(text.trimEnd()),
      writeErr: (text) => io.complain(...text.trimEnd().split('\n')),
    })
    .showHelpAfterError('(--help shows what there is)');
  /** Runs a command and keeps its exit code. */
  const run: Run = async (work) => done(await work());

  program
    .command('serve')
    .description('run the receiver')
    .option('--sandbox', 'record dispatches instead of sending them', false)
    .action((options: { sandbox: boolean }) => run(async () => (await import('./serve.ts')).serve(io, { ...options, version })));
  program
    .command('watch')
    .description('watch runs for automations with engine: relay, and send what fires; listens to nobody')
    .option('--once', 'one round of every project, for cron and GitHub Actions', false)
    .option('--state <file>', 'a SQLite file that remembers what was seen and what has fired, instead of DATABASE_URL')
    .action((options: { once: boolean; state?: string }) =>
      run(async () => (await import('./watch.ts')).watch(io, { ...options, state: options.state, version })),
    );
  program
    .command('init')
    .description('write a first config and the workflows, and show what to do in W&B; overwrites nothing')
    .option('--yes', 'ask nothing: what is not given is found out, or is a placeholder', false)
    .option('--config <file>', 'the config file to write', configPath)
    .option('--team <name>', 'the team at W&B')
    .option('--organization <name>', 'its organization at W&B')
    .option('--repository <owner/name>', 'this repository on GitHub')
    .option('--url <url>', 'where W&B reaches the receiver, such as https://relay.example.com')
    .option('--action <owner/name@ref>', 'where the Action is published')
    .action((options: InitFlags) => run(async () => (await import('./init.ts')).init(io, options)));
  program
    .command('validate')
    .description('check the config files, and that workflows in this checkout listen')
    .option('--config <file...>', 'config files or globs', [configPath])
    .option('--json', 'print JSON', false)
    .action((options: { config: string[]; json: boolean }) =>
      run(async () => (await import('./validate.ts')).validate(io, options.config, options.json)),
    );
  program
    .command('doctor')
    .description('check credentials, config, database, clock, workflows and channels; sends nothing; exit code 1 when something is wrong')
    .option('--config <file>', 'the config file', configPath)
    .option('--url <url>', 'where W&B reaches the receiver, such as https://relay.example.com')
    .option('--json', 'print JSON', false)
    .action((options: { config: string; url?: string; json: boolean }) =>
      run(async () => (await import('./doctor.ts')).doctor(io, { ...options, url: options.url })),
    );
  program
    .command('simulate')
    .description('show which routes an event matches, why not, and what each would send; sends nothing')
    .requiredOption('--event <file>', 'a JSON file with the body as W&B would send it')
    .option('--config <file>', 'the config file', configPath)
    .option('--source <name>', 'as if it arrived at /webhooks/wandb/<name>', DEFAULT_SOURCE)
    .option('--json', 'print JSON', false)
    .action((options: { event: string; config: string; source: string; json: boolean }) =>
      run(async () => (await import('./simulate.ts')).simulate(io, options)),
    );
  program
    .command('send-test')
    .description('send a receiver a signed event as W&B would')
    .requiredOption('--url <url>', 'the receiver, such as http://127.0.0.1:8787')
    .requiredOption('--event <type>', 'such as add_artifact_alias')
    .option('--set <name=value...>', 'a field of the event, such as alias=production')
    .action((options: { url: string; event: string; set?: string[] }) =>
      run(async () => (await import('./send-test.ts')).sendTest(io, { ...options, set: options.set ?? [] })),
    );
  addStoreCommands(program, io, run);
  addDataCommands(program, io, run);
  addSlackCommands(program, io, configPath, run);
  addSyncCommands(program, io, configPath, run);
  addBacktestCommand(program, io, configPath, run);
  program
    .command('migrate')
    .description('move everything from a SQLite file to PostgreSQL; can be run again until a receiver runs there')
    .requiredOption('--from <url>', 'such as file:relay.db; no receiver may be running on it')
    .requiredOption('--to <url>', 'such as postgres://relay@db/relay; an empty database')
    .action((options: { from: string; to: string }) => run(async () => (await import('./migrate.ts')).migrate(io, options)));
  program
    .command('schema')
    .description('write a JSON Schema: of the config file, for editors, of what a workflow receives, or of a line of export-events')
    .argument('[of]', 'config, client-payload or export-events', 'config')
    .option('--out <file>', 'write to a file instead of printing')
    .action((of: string, options: { out?: string }) => run(() => writeSchema(io, of, options.out)));
  return program;
}

type Run = (work: () => ExitCode | Promise<ExitCode>) => Promise<void>;

/** The commands that help to set up Slack. */
function addSlackCommands(program: Command, io: CommandIo, configPath: string, run: Run): void {
  const slack = program.command('slack').description('set up the Slack app');
  slack
    .command('manifest')
    .description('print the manifest that Slack makes the app from')
    .option('--url <url>', 'where Slack reaches the receiver, such as https://relay.example.com')
    .option('--socket-mode', 'the receiver connects to Slack instead', false)
    .option('--name <name>', "the app's name", 'wandb-relay')
    .option('--config <file>', 'the config file', configPath)
    .action((options: { url?: string; socketMode: boolean; name: string; config: string }) =>
      run(async () => (await import('./slack.ts')).printManifest(io, { ...options, url: options.url })),
    );
}

interface SyncFlags {
  readonly config: string[];
  readonly prune: boolean;
  readonly maxDeletes: number;
  readonly allowDeleteMajority: boolean;
  readonly migrateFrom?: MigratedFrom;
}

interface PlanFlags {
  readonly json: boolean;
  readonly out?: string;
  readonly base?: string;
  readonly backtest?: number;
  readonly maxEstimatedFires?: number;
}

/** The commands that keep W&B's automations equal to the definitions. */
function addSyncCommands(program: Command, io: CommandIo, configPath: string, run: Run): void {
  const sync = () => import('./sync.ts');
  const command = (name: string, description: string) =>
    program.command(name).description(description).option('--config <file...>', 'config files or globs', [configPath]);
  const comparing = (name: string, description: string) =>
    command(name, description)
      .option('--prune', 'delete managed automations whose definition is gone', false)
      .option('--max-deletes <n>', 'more deletions than this are refused', readCount, DEFAULT_MAX_DELETES)
      .option('--allow-delete-majority', 'allow to delete more than half of the automations', false)
      .option('--migrate-from <repository>', 'take over what a repository of this earlier name manages, owner/name', readMigration);

  comparing('plan', 'compare the definitions with W&B; exit code 2 when there are changes')
    .option('--json', 'print JSON', false)
    .option('--out <file>', 'write the plan as JSON, for apply --plan')
    .option('--base <ref>', 'compare the routes with the config at this commit; default: where this branch left the default branch')
    .option('--backtest <duration>', 'try changed run automations on the runs of so long, such as 30d', readDuration)
    .option('--max-estimated-fires <n>', 'with --backtest: exit code 1 when an automation would fire more often', readCount)
    .action((flags: SyncFlags & PlanFlags) =>
      run(async () => {
        const { migrateFrom, out, base, backtest, maxEstimatedFires } = flags;
        return (await sync()).plan(io, { ...flags, migrateFrom, out, base, backtest, maxEstimatedFires });
      }),
    );
  comparing('apply', 'make W&B equal to the definitions; exit code 4 when a part of it was done')
    .option('--plan <file...>', 'only what these plan files approved, files or globs', [])
    .option('--fingerprint <hash...>', 'only if the plan, or each file of --plan, has one of these fingerprints', [])
    .action((flags: SyncFlags & { plan: string[]; fingerprint: string[] }) =>
      run(async () => (await sync()).apply(io, { ...flags, migrateFrom: flags.migrateFrom })),
    );
  comparing('drift', 'what was changed at W&B since it was applied; exit code 2 when something was')
    .option('--json', 'print JSON', false)
    .option('--unmanaged', 'also list the automations that no definition is for', false)
    .action((flags: SyncFlags & { json: boolean; unmanaged: boolean }) =>
      run(async () => (await sync()).drift(io, { ...flags, migrateFrom: flags.migrateFrom })),
    );
  command('export', 'write the automations that exist as definitions')
    .option('--entity <team>', 'the team, instead of the one in the config')
    .option('--organization <name>', 'its organization')
    .option('--out <file>', 'write to a file instead of printing')
    .action((flags: { config: string[]; entity?: string; organization?: string; out?: string }) =>
      run(async () =>
        (await sync()).exportDefinitions(io, {
          config: flags.config,
          entity: flags.entity,
          organization: flags.organization,
          out: flags.out,
        }),
      ),
    );
  command('render', 'compile config files, TypeScript among them, to one JSON file; needs no key')
    .option('--out <file>', 'write to a file instead of printing')
    .action((flags: { config: string[]; out?: string }) =>
      run(async () => (await sync()).render(io, { config: flags.config, out: flags.out })),
    );
}

function readCount(text: string): number {
  const count = Number(text);
  if (!Number.isInteger(count) || count < 0) throw new InvalidArgumentError('It must be a whole number.');
  return count;
}

function readMigration(text: string): MigratedFrom {
  const from = readMigratedFrom(text);
  if (!from.ok) throw new InvalidArgumentError(`${from.error}.`);
  return from.value;
}

async function schemaOf(of: string): Promise<object | undefined> {
  if (of === 'config') return (await import('../../src/config/json-schema.ts')).configJsonSchema();
  if (of === 'client-payload') return (await import('../../src/event/client-payload.ts')).clientPayloadJsonSchema();
  return of === 'export-events' ? (await import('../admin/export-record.ts')).exportRecordJsonSchema() : undefined;
}

async function writeSchema(io: CommandIo, of: string, out: string | undefined): Promise<ExitCode> {
  const schema = await schemaOf(of);
  if (schema === undefined) {
    io.complain(`schema: "${of}" is none of config, client-payload and export-events`);
    return 1;
  }
  const text = JSON.stringify(schema, null, 2);
  if (out === undefined) io.printDocument(text);
  else {
    writeFileSync(resolve(io.cwd, out), `${text}\n`);
    io.print(`${out} written`);
  }
  return 0;
}
