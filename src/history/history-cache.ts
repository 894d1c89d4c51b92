import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Series } from '../backtest/series.ts';
import type { ProjectRef } from '../engine/run-reader.ts';
import { packSeries, unpackSeries } from './packed-series.ts';

/** What one run logged of one metric, as of its last step. */
export interface HistoryKey {
  readonly project: ProjectRef;
  /** The run's id. */
  readonly run: string;
  readonly metric: string;
  /** An entry of another last step is not used: the run has logged more, or was rewound. */
  readonly lastStep: number;
}

/** Histories that were read before. It never fails: what cannot be kept is read again. */
export interface HistoryCache {
  get(key: HistoryKey): Series | undefined;
  put(key: HistoryKey, series: Series): void;
  /** Removes what was not used for longest, until the folder is small enough. */
  prune(): void;
}

/** Bytes that the folder may have. */
const MOST_BYTES = 512 * 1024 * 1024;
/** The form of the files; another form has a folder of its own. */
const VERSION = 'v1';

/**
 * A cache in a folder that only its owner can read. A file's name is a digest, so no name from W&B becomes a path; the file
 * begins with what it is about, so a digest alone decides nothing.
 *
 * @param server the address of W&B's API: another server's runs are others
 */
export function openHistoryCache(folder: string, server: string, mostBytes = MOST_BYTES): HistoryCache {
  const base = join(folder, 'histories', VERSION);
  const fileOf = (key: HistoryKey): string =>
    join(base, digest(server, key.project.entity, key.project.project).slice(0, 16), `${digest(key.run, key.metric)}.bin`);
  return {
    get: (key) => {
      const file = fileOf(key);
      try {
        const series = unpackSeries(readFileSync(file), headOf(server, key));
        // Marks it as used.
        if (series !== undefined) utimesSync(file, new Date(), new Date());
        return series;
      } catch {
        return undefined;
      }
    },
    put: (key, series) => {
      const file = fileOf(key);
      try {
        mkdirSync(join(file, '..'), { recursive: true, mode: 0o700 });
        // Renamed when it is whole: another process may read it at the same time.
        const part = `${file}.${process.pid}.part`;
        writeFileSync(part, packSeries(series, headOf(server, key)), { mode: 0o600 });
        renameSync(part, file);
      } catch {
        // A full or read-only disk: then it is read from W&B again.
      }
    },
    prune: () => pruneFolder(base, mostBytes),
  };
}

function digest(...parts: readonly string[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 40);
}

function headOf(server: string, { project, run, metric, lastStep }: HistoryKey): string {
  return JSON.stringify([VERSION, server, project.entity, project.project, run, metric, lastStep]);
}

function pruneFolder(base: string, mostBytes: number): void {
  try {
    const names = readdirSync(base, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
    const files = names.map((entry) => {
      const file = join(entry.parentPath, entry.name);
      const { size, mtimeMs } = statSync(file);
      return { file, size, mtimeMs };
    });
    let total = files.reduce((sum, { size }) => sum + size, 0);
    for (const { file, size } of files.toSorted((a, b) => a.mtimeMs - b.mtimeMs)) {
      if (total <= mostBytes) return;
      rmSync(file, { force: true });
      total -= size;
    }
  } catch {
    // Another process prunes, or there is no folder yet.
  }
}
