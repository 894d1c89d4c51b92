import { randomBytes } from 'node:crypto';
import { appendFileSync, closeSync, existsSync, fsyncSync, openSync, renameSync, rmSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseDuration } from '../../src/lib/duration.ts';
import { messageOf } from '../../src/lib/error-message.ts';
import { err, ok, type Result } from '../../src/lib/result.ts';
import type { AdminAccess } from '../admin/remote-admin.ts';
import type { AuditRange } from '../store/audit.ts';
import { type AdminTarget, withAdmin } from './admin-access.ts';
import { countWords } from './data-words.ts';
import type { CommandIo, ExitCode } from './output.ts';

export interface ExportOptions extends AdminTarget {
  readonly since: string | undefined;
  readonly until: string | undefined;
  readonly out: string | undefined;
}

/** `wandb-relay export-events`: what happened and who did it, as JSON lines. */
export async function exportEvents(io: CommandIo, { since, until, out, ...target }: ExportOptions): Promise<ExitCode> {
  const now = io.now();
  const from = since === undefined ? ok(0) : readMoment('--since', since, now);
  const to = until === undefined ? ok(Number.MAX_SAFE_INTEGER) : readMoment('--until', until, now);
  if (!from.ok || !to.ok) return complain(io, from.ok ? (to.ok ? '' : to.error) : from.error);
  const file = out === undefined ? undefined : resolve(io.cwd, out);
  if (file !== undefined && existsSync(file)) return complain(io, `${out}: it exists already: name another file`);
  return withAdmin(io, target, async (admin) => {
    const range = { since: from.value, until: to.value };
    if (file === undefined) {
      const count = await exportTo(admin, range, now, (lines) => io.printDocument(lines));
      if (count === 0) io.complain(`export-events: ${NOTHING}`);
      return 0;
    }
    try {
      const count = await intoFile(file, (write) => exportTo(admin, range, now, write));
      io.print(`${out}: ${countWords(count, 'line')}${count === 0 ? `: ${NOTHING}` : ''}`);
      return 0;
    } catch (error) {
      return complain(io, `${out}: nothing was written: ${messageOf(error)}`);
    }
  });
}

const NOTHING = 'in this time there is no event and no change of an alias, and nothing is muted or paused';

/** Returns how many lines there were. */
async function exportTo(admin: AdminAccess, range: AuditRange, now: number, write: (lines: string) => void): Promise<number> {
  let count = 0;
  let cursor: string | undefined;
  do {
    const { records, next } = await admin.audit(range, cursor, now);
    if (records.length > 0) write(records.map((record) => JSON.stringify(record)).join('\n'));
    count += records.length;
    cursor = next;
  } while (cursor !== undefined);
  return count;
}

/** The file appears once it is whole, for its owner only. */
async function intoFile(file: string, work: (write: (lines: string) => void) => Promise<number>): Promise<number> {
  // A name that nobody can have put a link at.
  const part = `${file}.part-${randomBytes(4).toString('hex')}`;
  const opened = openSync(part, 'wx', 0o600);
  try {
    const count = await work((lines) => appendFileSync(opened, `${lines}\n`));
    fsyncSync(opened);
    renameSync(part, file);
    return count;
  } finally {
    closeSync(opened);
    rmSync(part, { force: true });
  }
}

/** A day is midnight UTC; a time without a zone is UTC, too. */
const DATE = /^\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?)?(Z|[+-]\d{2}:\d{2})?$/;

function readMoment(flag: string, text: string, now: number): Result<number, string> {
  const age = parseDuration(text);
  if (age !== undefined) return ok(now - age);
  const found = DATE.exec(text);
  const isDay = text.length === 10;
  const at =
    found === null ? Number.NaN : Date.parse(found[1] === undefined && !isDay ? `${text.replace(' ', 'T')}Z` : text.replace(' ', 'T'));
  return Number.isNaN(at) ? err(`${flag}: "${text}" is neither a duration, such as 30d, nor a date, such as 2026-11-01`) : ok(at);
}

function complain(io: CommandIo, line: string): ExitCode {
  io.complain(line);
  return 1;
}
