import type { BacktestProgress } from '../../src/history/run-backtest.ts';
import type { CommandIo } from './output.ts';

/** Where there is no terminal, a line comes at most so often. Milliseconds. */
const LINE_EVERY_MS = 5_000;

/** How far it is: one line that changes on a terminal, else a line now and then. On standard error. */
export function showProgress(io: Pick<CommandIo, 'progress' | 'complain' | 'now'>): {
  show(progress: BacktestProgress): void;
  end(): void;
} {
  const { progress: rewrite, complain, now } = io;
  let nextAt = now();
  return {
    show: (progress) => {
      if (rewrite !== undefined) return rewrite(progressWords(progress));
      if (now() < nextAt) return;
      nextAt = now() + LINE_EVERY_MS;
      complain(progressWords(progress));
    },
    end: () => rewrite?.(''),
  };
}

function progressWords({ done, runs, cached, points }: BacktestProgress): string {
  if (runs === 0) return 'reading runs';
  const share = Math.floor((done / runs) * 100);
  const fromCache = cached === 0 ? '' : `, ${cached.toLocaleString('en')} from the cache`;
  return `${done.toLocaleString('en')} of ${runs.toLocaleString('en')} runs (${share} %), ${points.toLocaleString('en')} values${fromCache}`;
}
