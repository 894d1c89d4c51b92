import type { Command } from 'commander';
import type { CommandIo, ExitCode } from './output.ts';
import { type TargetFlags, targetOf, withTarget } from './store-commands.ts';

/** The commands about a store's data as a whole. Where they have no `--url` they work on the database here (DATABASE_URL, else the one in this folder). */
export function addDataCommands(program: Command, io: CommandIo, run: (work: () => Promise<ExitCode>) => Promise<void>): void {
  program
    .command('backup')
    .description('copy a SQLite database into a file, also while the receiver runs; for PostgreSQL use pg_dump')
    .argument('<file>', 'the backup, such as relay-backup.db')
    .option('--force', 'replace the file if it exists', false)
    .action((file: string, options: { force: boolean }) => run(async () => (await import('./backup.ts')).backup(io, file, options)));
  program
    .command('restore')
    .description('put a backup in the place of a SQLite database; what it calls undelivered is paused until "resume"')
    .argument('[file]', 'the backup')
    .option('--force', 'also where there are events already: the database before is kept beside it', false)
    .option('--hold', 'no file: the database was restored by other means, such as pg_restore; only pause what is undelivered', false)
    .action((file: string | undefined, options: { force: boolean; hold: boolean }) =>
      run(async () =>
        options.hold
          ? (await import('./restore-hold.ts')).holdRestored(io, file)
          : (await import('./restore.ts')).restore(io, file, options),
      ),
    );
  withTarget(program.command('export-events'))
    .description('write events with who promoted, approved and deployed as JSON lines, oldest first')
    .option('--since <when>', 'a duration such as 30d, or a date such as 2026-11-01; default: everything')
    .option('--until <when>', 'as --since; default: now')
    .option('--out <file>', 'write to a file instead of printing')
    .action((options: TargetFlags & { since?: string; until?: string; out?: string }) =>
      run(async () =>
        (await import('./export-events.ts')).exportEvents(io, {
          ...targetOf(options),
          since: options.since,
          until: options.until,
          out: options.out,
        }),
      ),
    );
  withTarget(program.command('erase'))
    .description("replace a person's names by a pseudonym, while the receiver runs; backups keep them")
    .requiredOption('--user <name...>', 'W&B user name, e-mail address, Slack id: everything the person is called')
    .option('--as <pseudonym>', 'go on with the pseudonym of an earlier run, such as erased-1a2b3c4d')
    .option('--dry-run', 'only say how much would be changed', false)
    .option('--yes', 'do not ask', false)
    .action((options: TargetFlags & { user: string[]; as?: string; dryRun: boolean; yes: boolean }) =>
      run(async () => (await import('./erase.ts')).erase(io, { ...options, ...targetOf(options), as: options.as })),
    );
}
