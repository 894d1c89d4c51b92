import { type Command, InvalidArgumentError, Option } from 'commander';
import { parseDuration } from '../../src/lib/duration.ts';
import type { BacktestWords } from './backtest.ts';
import type { CommandIo, ExitCode } from './output.ts';

/** The command that tries run automations on past runs. */
export function addBacktestCommand(
  program: Command,
  io: CommandIo,
  configPath: string,
  run: (work: () => Promise<ExitCode>) => Promise<void>,
): void {
  program
    .command('backtest')
    .description('show what the run automations would have done on past runs; sends nothing')
    .option('--config <file...>', 'config files or globs', [configPath])
    .addOption(duration('--since <duration>', 'how far back, such as 12h or 90d', '30d'))
    .option('--automation <name...>', 'only these', [])
    .option('--json', 'print JSON', false)
    .option('--report <file>', 'write the report, one HTML file')
    .option('--max-runs <n>', 'at most so many runs of a project for each automation, the latest', readWhole, 500)
    .addOption(duration('--time-limit <duration>', 'what is not read by then is left out', '5m'))
    .option('--no-cache', 'read all histories from W&B again')
    .action((flags: Omit<BacktestWords, 'report'> & { report?: string }) =>
      run(async () => (await import('./backtest.ts')).backtest(io, { ...flags, report: flags.report })),
    );
}

function duration(flags: string, description: string, standard: string): Option {
  return new Option(flags, description).argParser(readDuration).default(readDuration(standard), standard);
}

/** Milliseconds of `30m`, `12h`, `30d`. */
export function readDuration(text: string): number {
  const duration = parseDuration(text);
  if (duration === undefined || duration === 0) throw new InvalidArgumentError('It must be a duration such as 30m, 12h or 30d.');
  return duration;
}

function readWhole(text: string): number {
  const number = Number(text);
  if (!Number.isInteger(number) || number < 1) throw new InvalidArgumentError('It must be a whole number from 1.');
  return number;
}
