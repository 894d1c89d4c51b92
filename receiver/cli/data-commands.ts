import type { Command } from 'commander';
import type { CommandIo, ExitCode } from './output.ts';

/** The commands about a store's data as a whole. They work on the database here (DATABASE_URL, else the one in this folder). */
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
}
