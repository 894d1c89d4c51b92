import type { SourceLocation } from '../lib/diagnostic.ts';
import type { JsonObject } from '../lib/json.ts';
import { codeSpan } from '../lib/markdown.ts';

/** What a back-test says of one definition: on how many runs it would have fired, and how often. */
export interface Estimate {
  readonly runs: number;
  readonly runsFired: number;
  readonly firings: number;
}

/** What a back-test says of a run automation that is created or changed. */
export interface PartEstimate {
  readonly name: string;
  readonly location: SourceLocation | undefined;
  /** As it is defined now. A text says why there are no numbers. */
  readonly after: Estimate | string;
  /** As it was before; `undefined`: there was none, or it is not known. */
  readonly before: Estimate | undefined;
  /** A metric that no run has logged, with what was probably meant. */
  readonly warning: string | undefined;
}

/** Estimates of a plan, by what identifies a part. */
export interface PlanEstimates {
  /** `30 days` */
  readonly period: string;
  readonly parts: ReadonlyMap<string, PartEstimate>;
  /** How often one automation may fire in that time; `undefined`: as often as it does. */
  readonly most: number | undefined;
  /** What was not read; sentences for people. */
  readonly leftOut: readonly string[];
}

/** Identifies an automation of a plan, whoever evaluates it. */
export function estimateKey(part: { readonly key: string; readonly scope: string }): string {
  return `${part.key}\n${part.scope}`;
}

/** What a part of a plan shows of its estimate. */
export interface ShownEstimate extends PartEstimate, Pick<PlanEstimates, 'period' | 'most'> {}

/** The estimate of one automation, if the plan has one. */
export function estimateFor(
  estimates: PlanEstimates | undefined,
  part: { readonly key: string; readonly scope: string },
): { readonly estimate?: ShownEstimate } {
  const found = estimates?.parts.get(estimateKey(part));
  return estimates === undefined || found === undefined ? {} : { estimate: { ...found, period: estimates.period, most: estimates.most } };
}

/** `Would have fired on 3 of 60 runs in 30 days (now: 12).`, and what else is to know. Plain text. */
export function estimateLines(estimate: ShownEstimate | undefined): string[] {
  return linesOf(
    estimate,
    (text) => text,
    (text) => text,
  );
}

/** The same as Markdown. */
export function estimateMarkdown(estimate: ShownEstimate | undefined): string[] {
  return linesOf(estimate, (text) => `**${text}**`, codeSpan);
}

/** `3 of 60 runs` of a new automation, for a title; `undefined` without such numbers. */
export function estimateTitle(estimate: ShownEstimate | undefined): string | undefined {
  if (estimate === undefined || typeof estimate.after === 'string') return undefined;
  return `would have fired on ${estimate.after.runsFired} of ${runsWords(estimate.after.runs)}`;
}

function linesOf(estimate: ShownEstimate | undefined, strong: (text: string) => string, quoted: (text: string) => string): string[] {
  if (estimate === undefined) return [];
  const { after, before, warning, period, most } = estimate;
  if (typeof after === 'string') return [`Back-test: ${quoted(after)}`];
  const tooMany =
    most !== undefined && after.firings > most ? [`That is more often than ${strong(`max-estimated-fires: ${most}`)} allows.`] : [];
  const more = [...tooMany, ...(warning === undefined ? [] : [quoted(warning)])];
  if (after.runs === 0) return [`No runs in ${period} that it is about.`, ...more];
  const often = after.firings > after.runsFired ? `, ${after.firings} times in all` : '';
  const now = before === undefined ? '' : ` (now: ${before.runsFired})`;
  const [number, word] = [`${after.runsFired} of ${after.runs}`, after.runs === 1 ? 'run' : 'runs'];
  return [`Would have fired on ${strong(number)} ${word} in ${period}${often}${now}.`, ...more];
}

function runsWords(runs: number): string {
  return `${runs} ${runs === 1 ? 'run' : 'runs'}`;
}

/** Automations that would fire more often than they may, with a sentence for each that has the numbers. */
export function tooManyFires({
  parts,
  period,
  most,
}: PlanEstimates): { readonly location: SourceLocation | undefined; readonly message: string }[] {
  if (most === undefined) return [];
  return [...parts.values()].flatMap(({ name, location, after }) => {
    if (typeof after === 'string' || after.firings <= most) return [];
    const times = after.firings === 1 ? 'once' : `${after.firings} times`;
    const message = `${name} would have fired ${times} in ${period}, on ${after.runsFired} of ${runsWords(after.runs)}: more often than max-estimated-fires (${most}) allows`;
    return [{ location, message }];
  });
}

/** For the plan as JSON. */
export function estimatesJson({ period, parts, leftOut }: PlanEstimates): JsonObject {
  return {
    period,
    automations: [...parts.values()].map(({ name, after, before }) => ({
      name,
      ...(typeof after === 'string' ? { skipped: after } : { after: estimateJson(after) }),
      before: before === undefined ? null : estimateJson(before),
    })),
    left_out: [...leftOut],
  };
}

function estimateJson({ runs, runsFired, firings }: Estimate): JsonObject {
  return { runs, runs_fired: runsFired, firings };
}
