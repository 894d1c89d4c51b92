import * as core from '@actions/core';
import { context } from '@actions/github';
import { messageOf } from '../lib/error-message.ts';
import { codeBlock, codeSpan, fenceFor } from '../lib/markdown.ts';
import { driftMark, FORMER_DRIFT_MARK } from '../plan/comment-mark.ts';
import { findUnmanaged, isDrift } from '../plan/drift.ts';
import { type DriftFound, driftJson, driftSections, driftSummary } from '../plan/drift-report.ts';
import { COMMENT_LIMIT, SUMMARY_LIMIT, utcTime } from '../plan/plan-comment.ts';
import { driftSync } from '../sync/commands.ts';
import { driftIssue } from './comment.ts';
import { print, summarize, warn } from './output.ts';
import { escaped, failWith, githubClient, runUrl, type Step } from './step.ts';

const OUTPUT_ROOM = 450_000;

/** Shows what was changed in W&B since the last apply, and keeps the issue about it. */
export async function runDrift(step: Step): Promise<void> {
  const { inputs, config, client, options, fetch } = step;
  const found = await driftSync(config, client, options);
  if (!found.ok) return failWith(found.error, inputs);
  const { plan, state, drift } = found.value;
  const names = { entity: config.entity, organizations: state.owners.organizations };
  const shown: DriftFound = { drift, unmanaged: inputs.unmanaged ? findUnmanaged(plan, state.live, names) : undefined };
  for (const { title, lines } of driftSections(shown)) print(title, ...lines);
  print(driftSummary(shown));
  const drifted = drift.filter(isDrift);
  const count = (kind: string) => String(drift.filter((one) => one.kind === kind).length);
  core.setOutput('changes', String(drifted.length));
  core.setOutput('changed', count('changed'));
  core.setOutput('missing', count('missing'));
  core.setOutput('not-applied', count('not_applied'));
  if (shown.unmanaged !== undefined) core.setOutput('unmanaged', String(shown.unmanaged.length));
  const json = JSON.stringify(driftJson(shown, config.namespace));
  core.setOutput('drift-json', escaped(json.length <= OUTPUT_ROOM ? json : shortJson(shown, config.namespace)));
  await summarize(driftMarkdown(shown, config.namespace, SUMMARY_LIMIT - 1024));
  if (inputs.githubToken === '') return;
  const about: DriftFound = { drift: drifted, unmanaged: undefined };
  const owner = { namespace: config.namespace, baseUrl: inputs.wandbBaseUrl };
  const issue = {
    mark: driftMark(owner),
    former: FORMER_DRIFT_MARK,
    title: `W&B automations have drifted from their definitions: ${config.namespace}`,
    body: drifted.length === 0 ? undefined : driftMarkdown(about, config.namespace, COMMENT_LIMIT - 1024),
  };
  try {
    print(`Issue: ${await driftIssue(githubClient(inputs, fetch), context.repo, issue)}`);
  } catch (error) {
    warn(`the drift issue could not be written: ${messageOf(error)}. The job needs "permissions: issues: write"`);
  }
}

/** The counts without the list, which is in the log. */
function shortJson(shown: DriftFound, namespace: string): string {
  const total = shown.drift.length;
  return JSON.stringify({
    ...driftJson({ drift: [], unmanaged: undefined }, namespace),
    summary: summaryOf(shown),
    truncated: { drift: { shown: 0, total } },
  });
}

function summaryOf({ drift }: DriftFound): object {
  const count = (kind: string) => drift.filter((one) => one.kind === kind).length;
  return { changed: count('changed'), missing: count('missing'), not_applied: count('not_applied') };
}

/** Drift as Markdown of at most `limit` bytes. Lines that do not fit are counted. */
function driftMarkdown(found: DriftFound, namespace: string, limit: number): string {
  const sections = driftSections(found);
  const fence = fenceFor(sections.flatMap(({ lines }) => lines));
  const advice = found.drift.some(isDrift)
    ? ['Apply to set W&B back, or copy the change into the definitions. The fields read from what is defined to what W&B has.', '']
    : [];
  const head = [`### W&B automations · ${codeSpan(namespace)}: ${driftSummary(found)}`, '', ...advice];
  const foot = `[Run](${runUrl()}) · ${utcTime(Date.now())}`;
  const body: string[] = [];
  let size = Buffer.byteLength([...head, foot].join('\n')) + 300;
  let left = 0;
  for (const { title, lines } of sections) {
    const shown: string[] = [];
    size += Buffer.byteLength(title) + 2 * fence.length + 20;
    for (const line of lines) {
      size += Buffer.byteLength(line) + 1;
      if (size <= limit) shown.push(line);
      else left++;
    }
    if (shown.length > 0) body.push(`**${title}**`, '', ...codeBlock(shown, 'diff', fence), '');
  }
  return [...head, ...body, ...(left === 0 ? [] : [`${left} more lines: see the log of [this run](${runUrl()}).`, '']), foot].join('\n');
}
