import { randomUUID } from 'node:crypto';
import * as core from '@actions/core';
import { messageOf } from '../lib/error-message.ts';
import { visible, visibleDocument } from '../lib/visible.ts';
import type { Annotate } from './annotations.ts';

/**
 * The one place from which the Action prints, annotates and writes its summary. Whatever it says may hold text from outside:
 * no line of it is a command to the runner (`::command::`, `##[command]`), breaks a line or hides text around it.
 */

/** Prints lines to the log of the step; a line break inside of one is shown as `\u000a`. */
export function say(...lines: string[]): void {
  print(lines.map(visible).join('\n'));
}

/** Prints a whole document that we wrote, such as YAML: it keeps its line breaks. */
export function sayDocument(text: string): void {
  print(visibleDocument(text));
}

export function notice(message: string): void {
  core.notice(visible(message), { title: TITLE });
}

export function warn(message: string): void {
  core.warning(visible(message), { title: TITLE });
}

/** Annotations that fail the check. */
export const annotations: Annotate = annotationsBy(core.error);
/** Annotations that warn. */
export const warningAnnotations: Annotate = annotationsBy(core.warning);

function annotationsBy(write: typeof core.error): Annotate {
  return {
    error: (message, { file, ...place }) =>
      write(visible(message), { title: TITLE, ...place, ...(file === undefined ? {} : { file: visible(file) }) }),
  };
}

/** The step fails, for each of these reasons. */
export function fail(...reasons: string[]): void {
  const text = reasons.map(visible).join('\n');
  core.setOutput('failure-reason', text);
  core.setFailed(text);
}

/** Writes the summary of the step. Where there is none, or it cannot be written, that fails nothing: the log says the same. */
export async function summarize(markdown: string): Promise<void> {
  if ((process.env.GITHUB_STEP_SUMMARY ?? '') === '') return say('There is no summary of this step: GITHUB_STEP_SUMMARY is not set.');
  try {
    await core.summary.addRaw(markdown).write();
  } catch (error) {
    warn(`the summary of the step could not be written: ${messageOf(error)}`);
  }
}

const TITLE = 'wandb-relay';

/**
 * What the runner may take for a command. It trims white space that `\s` does not know, and compares as a language does, so
 * that characters without a width do not count: anything outside of ASCII may stand between the signs.
 */
const LIKE_A_COMMAND = /:\P{ASCII}*:|#\P{ASCII}*#\P{ASCII}*\[/u;

function print(text: string): void {
  const token = randomUUID();
  core.info(LIKE_A_COMMAND.test(text) ? `::stop-commands::${token}\n${text}\n::${token}::` : text);
}
