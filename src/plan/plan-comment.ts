import { type Diagnostic, formatDiagnostic, type SourceLocation } from '../lib/diagnostic.ts';
import { codeBlock, codeSpan, escapeHtml, htmlCode } from '../lib/markdown.ts';
import { visible } from '../lib/visible.ts';
import { placeUrl } from './automation-place.ts';
import type { DriftedChange } from './drift.ts';
import type { Plan } from './plan.ts';
import { estimateMarkdown, estimateTitle } from './plan-estimates.ts';
import { type DiffLine, diffOf, type PlanPart, planParts } from './plan-parts.ts';
import { adoptedWords, stateWords, summaryWords } from './plan-report.ts';
import { refusalsIn } from './refusals.ts';

/** GitHub's limits: 65,536 characters in a comment, 1 MiB in a step summary. Both are kept in bytes of UTF-8, never fewer than characters. */
export const COMMENT_LIMIT = 65_536;
export const SUMMARY_LIMIT = 1_048_576;

/** How much of one automation is shown. The plan file has all of it. In lines, and in bytes. */
const PART_LINES = 80;
const PART_BYTES = 12_000;
/** How many lines a list of warnings or deletions has, and how long one is, in characters. */
const LIST_LENGTH = 10;
const LINE_ROOM = 500;
/** More automations than this are shown closed. */
const OPEN_PARTS = 40;

/** What the page says besides the plan itself. */
export interface PlanPage {
  /** The first line, by which a later run finds the comment. */
  readonly mark: string;
  readonly namespace: string;
  /** The address of W&B's API. */
  readonly baseUrl: string;
  /** In bytes. */
  readonly limit: number;
  /** Markdown: where the whole plan is, if it does not fit. */
  readonly rest: string;
  /** The commit that was planned, if it is known. */
  readonly commit: string | undefined;
  readonly runUrl: string;
  /** In milliseconds. */
  readonly now: number;
  /** The page of a line of the config. */
  readonly lineUrl: (location: SourceLocation) => string | undefined;
  readonly drift: readonly DriftedChange[];
  readonly warnings: readonly Diagnostic[];
  /** Automations at W&B that cannot be read. */
  readonly unreadable: readonly string[];
  /** Markdown: the tests of the config. */
  readonly tests?: readonly string[];
  /** The whole fingerprint, and not only its beginning. */
  readonly isFingerprintWhole?: boolean;
}

/**
 * A plan as Markdown of at most `page.limit` bytes: one part for each automation, the most destructive first. Parts that do
 * not fit are counted. Nothing from a config or from W&B can end the place that it is in.
 */
export function planMarkdown(plan: Plan, page: PlanPage): string {
  const parts = planParts(plan);
  const drifted = new Map(page.drift.filter(({ kind }) => kind === 'changed').map((one) => [one.change, one]));
  const head = [
    page.mark,
    `### W&B automations · ${codeSpan(page.namespace)}: ${summaryWords(plan)}`,
    '',
    ...alerts(plan, parts),
    ...(page.tests ?? []),
  ];
  const tail = [...listed(tailLines(plan)), ...warningLines(page), footer(plan, page)];
  const shared = new Set(refusalsIn(parts).flatMap((group) => (group.parts.length > 1 ? group.parts : [])));
  const texts = parts.map((part) =>
    partMarkdown(part, page, {
      // What is refused is not set back.
      drift: part.change === undefined || part.action === 'refused' ? undefined : drifted.get(part.change),
      isOpen: parts.length <= OPEN_PARTS,
      isShared: shared.has(part),
    }),
  );
  const frame = (shown: readonly string[], left: readonly PlanPart[]) =>
    [...head, ...shown, ...(left.length === 0 ? [] : [leftOut(left, parts.length, page), '']), ...tail].join('\n');
  const whole = frame(texts, []);
  if (Buffer.byteLength(whole) <= page.limit) return whole;
  // The longest note about what is left out counts every part.
  let size = Buffer.byteLength(frame([], parts));
  let count = 0;
  for (const text of texts) {
    size += Buffer.byteLength(text) + 1;
    if (size > page.limit) break;
    count++;
  }
  return frame(texts.slice(0, count), parts.slice(count));
}

/** The consequences that nobody may overlook: what is deleted, and what is dispatched to for the first time. */
function alerts(plan: Plan, parts: readonly PlanPart[]): string[] {
  const gone = parts.filter(({ action, isRoute }) => action === 'delete' && !isRoute);
  const deletions = gone.map((part) => `${codeSpan(short(part.name))} ${consequence(part)}.`);
  const removed = parts.filter(({ action, isRoute }) => action === 'delete' && isRoute);
  const routes = removed.map(
    ({ name }) => `The route ${codeSpan(short(name))} is removed: the receiver does nothing for its events any more.`,
  );
  const { newRepositories, base } = plan.routes;
  const dispatches = newRepositories.map(
    ({ route, repository }) =>
      `${codeSpan(short(route))} dispatches to ${codeSpan(repository)}, which the config of the base${base === null ? '' : ` (${base.slice(0, 7)})`} does not name.`,
  );
  const shared = refusalsIn(parts).filter((group) => group.parts.length > 1);
  const others = plan.summary.refused - shared.reduce((sum, group) => sum + group.parts.length, 0);
  const refused = [
    ...shared.map((group) => `${group.parts.length} refused: ${codeSpan(short(group.reason))}`),
    ...(others === 0 ? [] : [`${others} refused, for the reasons below.`]),
  ];
  return [...alert('CAUTION', [...deletions, ...routes]), ...alert('WARNING', dispatches), ...alert('IMPORTANT', refused)];
}

function consequence(part: PlanPart): string {
  const { change, evaluated } = part;
  if (evaluated !== undefined) return `is ${stateWords(part)}`;
  return `will be deleted from W&B${change?.because === undefined ? lostWith(part) : `: ${change.because}`}`;
}

/** What is no longer done. */
function lostWith({ change }: PlanPart): string {
  const action = change?.definition?.action;
  const kind = typeof action === 'object' && action !== null ? Object.keys(action)[0] : undefined;
  if (kind === 'notification') return ': its notification is no longer sent';
  return kind === 'webhook' || kind === 'relay' ? ': its webhook is no longer sent' : '';
}

function alert(kind: string, lines: readonly string[]): string[] {
  const shown = capped(lines, 'more');
  return shown.length === 0 ? [] : [`> [!${kind}]`, ...shown.map((line) => (shown.length === 1 ? `> ${line}` : `> - ${line}`)), ''];
}

/** What a part needs to know of the others. */
interface PartSetting {
  readonly drift: DriftedChange | undefined;
  readonly isOpen: boolean;
  /** Its refusal is explained above, together with others. */
  readonly isShared: boolean;
}

function partMarkdown(part: PlanPart, page: PlanPage, { drift, isOpen, isShared }: PartSetting): string {
  const { change, action, remarks } = part;
  const open = isOpen && action !== 'create' ? ' open' : '';
  const body = [
    ...(change?.reason === undefined || isShared ? [] : [`Refused: ${codeSpan(short(change.reason))}`, '']),
    ...(change?.adopted === undefined ? [] : [`~ ${codeSpan(short(adoptedWords(change.adopted)))}`, '']),
    ...difference(part),
    ...(drift === undefined ? [] : [`✋ ${driftRemark(drift)}`]),
    ...estimateMarkdown(part.estimate),
    ...remarks,
  ];
  return [`<details${open}><summary>${summaryHtml(part, page, drift !== undefined)}</summary>`, '', ...body, '', '</details>', ''].join(
    '\n',
  );
}

function driftRemark({ isRedefined }: DriftedChange): string {
  return isRedefined
    ? '**Changed in W&B by hand**, and its definition has changed, too: applying writes the definition.'
    : '**Changed in W&B by hand**; applying sets it back.';
}

const SIGN = { create: '➕', update: '🔁', delete: '➖', refused: '⛔' } as const;

function summaryHtml(part: PlanPart, page: PlanPage, isDrifted: boolean): string {
  const { action, isRoute, name, scope, location, place, route, evaluated } = part;
  const what = isRoute ? (route?.automation === undefined ? 'route' : 'its routes') : scope === '' ? [] : htmlCode(short(scope));
  const words = stateWords(part);
  const state = words !== undefined ? escapeHtml(words) : action === 'refused' ? 'refused' : isDrifted ? 'changed in W&amp;B by hand' : [];
  const lineUrl = location === undefined ? undefined : page.lineUrl(location);
  const line = location === undefined ? [] : link(lineUrl, `line ${location.line}`);
  const url = place === undefined ? undefined : placeUrl(place, page.baseUrl);
  // What the receiver evaluates has no page at W&B, but its project has.
  const linked = url === undefined ? [] : link(url, evaluated === undefined ? 'in W&amp;B' : 'project');
  // A new one is shown closed.
  const estimate = action === 'create' ? (estimateTitle(part.estimate) ?? []) : [];
  return [`${SIGN[action]} <b>${htmlCode(short(name))}</b>`, what, state, line, linked, estimate].flat().join(' · ');
}

function link(url: string | undefined, html: string): string {
  return url === undefined ? html : `<a href="${escapeHtml(url)}">${html}</a>`;
}

/** In colours: YAML for what is new, red and green lines for what changes. */
function difference(part: PlanPart): string[] {
  const lines = diffOf(part);
  if (lines.length === 0) return [];
  const isNew = part.action === 'create';
  const texts = lines.flatMap((line) => diffTexts(line, isNew));
  const shown: string[] = [];
  let size = 0;
  for (const text of texts) {
    size += Buffer.byteLength(text) + 1;
    if (shown.length >= PART_LINES || size > PART_BYTES) break;
    shown.push(text);
  }
  const left = texts.length - shown.length;
  return [...codeBlock(shown, isNew ? 'yaml' : 'diff'), ...(left === 0 ? [] : [`${left} more lines: see the plan file.`])];
}

function diffTexts(line: DiffLine, isNew: boolean): string[] {
  if ('sign' in line) return [isNew ? line.text : `${line.sign} ${line.text}`];
  const { path, before, after } = line;
  return [...(before === undefined ? [] : [`- ${path}: ${before}`]), ...(after === undefined ? [] : [`+ ${path}: ${after}`])];
}

function leftOut(left: readonly PlanPart[], total: number, { rest }: PlanPage): string {
  const count = (action: PlanPart['action']) => left.filter((part) => part.action === action).length;
  const kinds = (['delete', 'refused', 'update', 'create'] as const).filter((action) => count(action) > 0);
  const words = { delete: 'to delete', refused: 'refused', update: 'to update', create: 'to create' };
  return `**${left.length} of ${total} changes are not shown here** (${kinds.map((kind) => `${count(kind)} ${words[kind]}`).join(', ')}): ${rest}.`;
}

function tailLines(plan: Plan): string[] {
  const { orphans, notes, routes } = plan;
  return [
    ...orphans.map(
      ({ name, scope }) =>
        `${codeSpan(short(name))} (${codeSpan(short(scope))}): its definition was removed. It is kept, unless prune is set.`,
    ),
    ...notes.map((note) => codeSpan(short(note))),
    ...(routes.notCompared === undefined ? [] : [`Routes are not compared: ${codeSpan(short(routes.notCompared))}.`]),
  ];
}

function warningLines({ warnings, unreadable }: PlanPage): string[] {
  const lines = [
    ...warnings.map((warning) => codeSpan(short(formatDiagnostic(warning)))),
    ...unreadable.map((name) => codeSpan(short(`${name} exists at W&B, but this version cannot read it. It is not changed`))),
  ];
  if (lines.length === 0) return [];
  const title = `⚠️ ${lines.length} ${lines.length === 1 ? 'warning' : 'warnings'}`;
  const [only] = lines;
  return lines.length === 1 && only !== undefined ? [`${title}: ${only}`, ''] : [`${title}:`, '', ...listed(lines)];
}

function listed(lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : [...capped(lines, 'more: see the log').map((line) => `- ${line}`), ''];
}

function capped(lines: readonly string[], more: string): string[] {
  return lines.length <= LIST_LENGTH ? [...lines] : [...lines.slice(0, LIST_LENGTH - 1), `${lines.length - LIST_LENGTH + 1} ${more}`];
}

function footer(plan: Plan, { commit, runUrl, now, isFingerprintWhole }: PlanPage): string {
  const of = commit === undefined ? 'Plan' : `Plan of ${codeSpan(commit.slice(0, 7))}`;
  const fingerprint = isFingerprintWhole === true ? plan.fingerprint : `${plan.fingerprint.slice(0, 8)}…`;
  return `${of} · [run](${runUrl}) · ${utcTime(now)} · fingerprint \`${fingerprint}\``;
}

/** `2026-11-26 10:02 UTC` */
export function utcTime(now: number): string {
  return `${new Date(now).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}

function short(text: string): string {
  const line = visible(text);
  return line.length <= LINE_ROOM ? line : `${line.slice(0, LINE_ROOM)}…`;
}
