import { randomUUID } from 'node:crypto';
import * as core from '@actions/core';
import { messageOf } from '../lib/error-message.ts';
import { visible, visibleDocument } from '../lib/visible.ts';
import type { Annotations } from './annotations.ts';

/**
 * All output of the Action: log, annotations, summary. It may contain text from outside, so nothing in it can become a
 * command to the runner (`::command::`, `##[command]`), break a line or hide the text around it.
 */

/** Prints lines to the log of the step. A line break inside a line is shown as `\u000a`. */
export function print(...lines: string[]): void {
  write(lines.map(visible).join('\n'));
}

/** Prints a document that we generated, such as YAML. Its line breaks are kept. */
export function printDocument(text: string): void {
  write(visibleDocument(text));
}

export function notice(message: string): void {
  core.notice(visible(message), { title: TITLE });
}

export function warn(message: string): void {
  core.warning(visible(message), { title: TITLE });
}

/** The annotations of this step. */
export const annotations: Annotations = { error: annotationsBy(core.error), warning: annotationsBy(core.warning) };

function annotationsBy(write: typeof core.error): Annotations['error'] {
  return (message, { file, ...position }) =>
    write(visible(message), { title: TITLE, ...position, ...(file === undefined ? {} : { file: visible(file) }) });
}

/** Fails the step, for each of these reasons. */
export function fail(...reasons: string[]): void {
  const text = reasons.map(visible).join('\n');
  core.setOutput('failure-reason', text);
  core.setFailed(text);
}

/** Writes the step summary. If it cannot be written, the step does not fail: the log has the same content. */
export async function summarize(markdown: string): Promise<void> {
  if ((process.env.GITHUB_STEP_SUMMARY ?? '') === '') return print('No summary is written: GITHUB_STEP_SUMMARY is not set.');
  try {
    await core.summary.addRaw(markdown).write();
  } catch (error) {
    warn(`the step summary could not be written: ${messageOf(error)}`);
  }
}

const TITLE = 'wandb-relay';

/**
 * What the runner may read as a command. It trims white space that `\s` does not know, and its comparison ignores characters
 * without a width, so anything outside of ASCII may be between the signs.
 */
const LIKE_A_COMMAND = /:\P{ASCII}*:|#\P{ASCII}*#\P{ASCII}*\[/u;

function write(text: string): void {
  const token = randomUUID();
  core.info(LIKE_A_COMMAND.test(text) ? `::stop-commands::${token}\n${text}\n::${token}::` : text);
}
