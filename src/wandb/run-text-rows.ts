import * as z from 'zod';
import type { ProjectRef, ReadFailure } from '../engine/run-reader.ts';
import { readLoggedObject } from './logged-json.ts';
import { RUN_ROWS_AS_TEXT } from './run-documents.ts';
import { failureOf, missingProject } from './run-failure.ts';
import type { RunProgress } from './run-progress.ts';
import type { RunSession } from './run-session.ts';

/** What the Python client asks for in one page: steps, and rows of them. */
const PAGE = 1_000;
const MOST_SAMPLES = 640_000;
const MOST_TRIES = 2;

const textShape = z.object({
  project: z.object({ run: z.object({ history: z.array(z.unknown()).nullish() }).nullish() }).nullish(),
});

/**
 * Reads a run with `history`, whole rows as text, to its last step: for servers that refuse `sampledHistory`, and for runs of which
 * very many metrics are wanted. An empty page is not the end: steps may be far apart. Then the pages become wider, and narrower
 * where W&B may have left out rows.
 *
 * @param mostPoints after so many it stops; the next call goes on
 */
export async function readRowsAsText(
  session: RunSession,
  project: ProjectRef,
  run: RunProgress,
  signal: AbortSignal,
  mostPoints: number,
): Promise<ReadFailure | undefined> {
  const { query } = run;
  const end = Math.floor(query.upToStep) + 1;
  // A step may have a fraction, the ends of a range do not.
  let start = Math.max(0, Math.floor(query.afterStep));
  let width = PAGE;
  let samples = PAGE;
  for (let tries = 0; !run.isDone && start < end && run.pointCount < mostPoints; ) {
    const maxStep = Math.min(start + width, end);
    const variables = { run: query.run, minStep: start, maxStep, samples };
    const answer = await session.query(RUN_ROWS_AS_TEXT, variables, textShape, { project, signal });
    if (!answer.ok && (answer.error.tooLong !== true || width === 1)) return failureOf(answer.error);
    if (answer.ok && !answer.value.project) return missingProject(project);
    const lines = answer.ok ? answer.value.project?.run?.history : undefined;
    if (!answer.ok || (lines && lines.length >= samples && width > 1)) {
      width = Math.max(1, Math.floor(width / 4));
      continue;
    }
    if (lines && lines.length >= samples && samples < MOST_SAMPLES) {
      samples *= 4;
      continue;
    }
    const rows = (lines ?? []).map((line) => (typeof line === 'string' ? readLoggedObject(line) : undefined));
    const whole = rows.filter((row) => row !== undefined);
    if (!lines || whole.length < rows.length) {
      tries += 1;
      if (tries >= MOST_TRIES) run.stop();
      continue;
    }
    tries = 0;
    samples = PAGE;
    run.takeRows(whole, maxStep >= end ? query.upToStep : maxStep - 1);
    start = maxStep;
    if (whole.length < samples / 4) width *= 4;
  }
  if (!run.isDone) run.stop();
  return undefined;
}
