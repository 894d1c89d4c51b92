import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { backtestHtml } from '../../src/backtest/report/page.ts';
import type { Backtest } from '../../src/backtest/result.ts';
import { backtestJson } from '../../src/backtest/result-json.ts';
import type { Subject } from '../../src/backtest/subject.ts';
import { subjectOf } from '../../src/backtest/subjects.ts';
import type { Config } from '../../src/config/config.ts';
import { startEvaluation } from '../../src/engine/start-evaluation.ts';
import { wandbAppUrl } from '../../src/event/wandb-links.ts';
import { openHistoryCache } from '../../src/history/history-cache.ts';
import { runBacktest } from '../../src/history/run-backtest.ts';
import { formatDiagnostic } from '../../src/lib/diagnostic.ts';
import { messageOf } from '../../src/lib/error-message.ts';
import { didYouMean } from '../../src/lib/nearest-word.ts';
import { readDefinitions } from '../../src/sync/definitions.ts';
import { createRunReader } from '../../src/wandb/run-reader.ts';
import { showProgress } from './backtest-progress.ts';
import { backtestLines } from './backtest-text.ts';
import { cacheFolder } from './cache-folder.ts';
import type { CommandIo, ExitCode } from './output.ts';
import { plainLines } from './styled.ts';
import { connectOrComplain } from './wandb-access.ts';

export interface BacktestWords {
  readonly config: readonly string[];
  /** Milliseconds. */
  readonly since: number;
  /** Names or keys; empty: all run automations. */
  readonly automation: readonly string[];
  readonly json: boolean;
  /** Where the report is written; left out: nowhere. */
  readonly report: string | undefined;
  readonly maxRuns: number;
  /** Milliseconds. */
  readonly timeLimit: number;
  /** False: neither read from the cache nor written to it. */
  readonly cache: boolean;
}

/** Characters of a line where there is no terminal. */
const COLUMNS = 100;

/** `wandb-relay backtest`: what the run automations would have done on past runs. Sends nothing. */
export async function backtest(io: CommandIo, words: BacktestWords): Promise<ExitCode> {
  const connected = connectOrComplain(io);
  if (connected === undefined) return 1;
  const config = await readDefinitions(io.cwd, words.config, { code: 'run', workspace: io.variables.GITHUB_WORKSPACE });
  if (!config.ok) {
    for (const error of config.error) io.complain(formatDiagnostic(error));
    return 1;
  }
  const subjects = chosenSubjects(io, config.value, words.automation);
  if (subjects === undefined) return 1;
  const { client, baseUrl } = connected;
  const now = io.now();
  const progress = showProgress(io);
  const tried = await runBacktest(subjects, createRunReader({ client, now: io.now, patience: 'report' }), {
    startEvaluation,
    since: now - words.since,
    maxRuns: words.maxRuns,
    timeLimitMs: words.timeLimit,
    signal: AbortSignal.timeout(words.timeLimit),
    isBrief: false,
    cache: words.cache ? openHistoryCache(cacheFolder(io.variables), baseUrl) : undefined,
    appUrl: wandbAppUrl(baseUrl),
    now: io.now,
    sleep: (ms, signal) => wait(ms, undefined, { signal }).catch(() => undefined),
    onProgress: progress.show,
  });
  progress.end();
  if (!tried.ok) {
    io.complain(`W&B could not be read: ${tried.error}`);
    return 1;
  }
  return show(io, words, config.value, tried.value);
}

function show(io: CommandIo, { json, report }: BacktestWords, config: Config, found: Backtest): ExitCode {
  if (json) io.printDocument(JSON.stringify(backtestJson(found), null, 2));
  else {
    const lines = backtestLines(found, io.columns ?? COLUMNS);
    if (io.printStyled === undefined) io.print(...plainLines(lines));
    else io.printStyled(lines);
  }
  if (report === undefined) return 0;
  try {
    writeFileSync(resolve(io.cwd, report), backtestHtml(found, { entity: config.entity ?? '', namespace: config.namespace }));
  } catch (error) {
    io.complain(`${report}: cannot be written: ${messageOf(error)}`);
    return 1;
  }
  io.complain(`The report is in ${report}`);
  return 0;
}

/** The run automations that were named, or all; `undefined`, and said why, when a name is wrong or there are none. */
function chosenSubjects(io: CommandIo, { automations, entity }: Config, names: readonly string[]): Subject[] | undefined {
  const all = automations.flatMap((automation) => {
    const subject = subjectOf(automation, entity);
    return subject === undefined ? [] : [{ subject, words: [automation.name, ...(automation.key === undefined ? [] : [automation.key])] }];
  });
  for (const name of names) {
    if (all.some(({ words }) => words.includes(name))) continue;
    const other = automations.find((automation) => automation.name === name || automation.key === name);
    const known = all.flatMap(({ words }) => words);
    io.complain(
      other === undefined
        ? `--automation: there is no run automation "${name}"${didYouMean(name, known)}`
        : `--automation: "${name}" is not about runs: only run automations can be tried on past runs`,
    );
    return undefined;
  }
  const chosen = names.length === 0 ? all : all.filter(({ words }) => words.some((word) => names.includes(word)));
  if (chosen.length > 0) return chosen.map(({ subject }) => subject);
  io.complain('The config has no run automations: there is nothing to try on past runs.');
  return undefined;
}
