import type { DigestFacts, DigestMetricFacts, RunName } from '../../src/digest/facts.ts';
import { changeWords, numberWords } from '../../src/event/metric-words.ts';
import { type WandbApp, wandbLinks } from '../../src/event/wandb-links.ts';
import { durationWords } from '../../src/lib/duration.ts';
import { compose, context, type KnownBlock, type Part, SLACK_LIMITS, section } from './blocks.ts';
import { type ChartBlock, seriesChart } from './chart.ts';
import { fitMrkdwn, link, mrkdwnName, slackDate } from './mrkdwn.ts';
import { nameOf } from './people.ts';

/** The message of a digest. Pure. */

const TEXT_LIMIT = 120;
const NAME = 40;
/** Later than this, the message says so. Milliseconds. */
const LATE_MS = 5 * 60_000;

const LEFT_OUT: KnownBlock = {
  type: 'context',
  elements: [{ type: 'mrkdwn', text: 'A message cannot hold all of it: run `wandb-relay events` to see the rest.', verbatim: true }],
};

/** Runs by state, the best values with their change, new versions, promotions, alerts and failures, with a chart. */
export function digestMessage(facts: DigestFacts, app: WandbApp): { text: string; blocks: KnownBlock[] } {
  const { digest, about, runs, metrics, versions, promotions, alerts, failures, since, notes } = facts;
  const name = mrkdwnName(digest, NAME);
  const lines = [`:bar_chart: *${name} · ${mrkdwnName(about, 80)}* since ${slackDate(since)}`, runsLine(runs)].filter(
    (line) => line !== '',
  );
  const parts: Part[] = [
    { rank: 0, blocks: [section(lines.join('\n'))] },
    ...metrics.map((one): Part => ({ rank: 2, blocks: [section(metricText(one, app))] })),
    { rank: 6, blocks: chartOf(metrics) },
    { rank: 3, blocks: textsOf(promotionsText(facts)) },
    { rank: 1, blocks: textsOf(failuresText(facts, app)) },
    { rank: 5, blocks: textsOf(versionsText(versions)) },
    { rank: 4, blocks: textsOf(alertsText(alerts)) },
    { rank: 1, blocks: context(...notes.slice(0, 4).map((note) => `:warning: ${mrkdwnName(note, 300)}`)) },
    { rank: 2, blocks: context(...lastLine(facts)) },
  ];
  const isQuiet = (runs?.total ?? 0) + promotions.count + versions.count + failures.count + alerts.length === 0;
  const blocks = compose(isQuiet ? [...parts.slice(0, 1), quiet(facts), ...parts.slice(-2)] : parts, {
    blocks: SLACK_LIMITS.messageBlocks,
    leftOut: LEFT_OUT,
  });
  return { text: textOf(name, facts, isQuiet), blocks };
}

function quiet({ runs }: DigestFacts): Part {
  return { rank: 0, blocks: [section(runs === null ? 'Nothing happened.' : 'No runs, and nothing else happened.')] };
}

/** What a lock screen shows: what is most important first, as much as fits whole. */
function textOf(name: string, facts: DigestFacts, isQuiet: boolean): string {
  const { runs, metrics, promotions, failures, versions } = facts;
  const failed = failedRuns(runs);
  const [first] = metrics;
  const best = first?.top[0];
  const parts = isQuiet
    ? ['nothing happened']
    : [
        ...(runs === null ? [] : [`${plural(runs.total, 'run')}${failed === 0 ? '' : `, ${failed} failed`}`]),
        ...(first === undefined || best === undefined
          ? []
          : [`best ${mrkdwnName(first.metric, 24)} ${numberWords(best.value)}${since(first)}`]),
        ...(promotions.count === 0 ? [] : [plural(promotions.count, 'promotion')]),
        ...(failures.count === 0 ? [] : [`${plural(failures.count, 'dispatch', 'dispatches')} failed`]),
        ...(versions.count === 0 ? [] : [plural(versions.count, 'new version')]),
      ];
  return parts.reduce(
    (text, part, i) => {
      const next = `${text}${i === 0 ? ': ' : ', '}${part}`;
      return next.length <= TEXT_LIMIT ? next : text;
    },
    fitMrkdwn(`Digest ${name}`, 60),
  );
}

const STATES = ['finished', 'failed', 'crashed', 'killed', 'preempted', 'running'];
const FAILED: readonly string[] = ['failed', 'crashed'];

function failedRuns(runs: DigestFacts['runs']): number {
  return FAILED.reduce((sum, state) => sum + (runs?.states[state] ?? 0), 0);
}

/** `42 runs: 30 finished, 5 failed, 7 running`. */
function runsLine(runs: DigestFacts['runs']): string {
  if (runs === null || runs.total === 0) return '';
  const states = [...STATES, ...Object.keys(runs.states).filter((state) => !STATES.includes(state))];
  const counts = states.flatMap((state) => {
    const count = runs.states[state] ?? 0;
    return count === 0 ? [] : [`${count} ${mrkdwnName(state, 24)}`];
  });
  const where = runs.projects > 1 ? ` in ${runs.projects} projects` : '';
  return `*${runs.isCut ? 'at least ' : ''}${plural(runs.total, 'run')}*${where}: ${counts.join(' · ')}`;
}

/** `best 0.291 (was 0.304, −4.28 %)`, and the runs that have it. */
function metricText(one: DigestMetricFacts, app: WandbApp): string {
  const [best] = one.top;
  const metric = `*${mrkdwnName(one.metric, 60)}*`;
  if (best === undefined) return `${metric}: no run logged it`;
  const rows = one.top.map((run, i) => `${i + 1}. ${runLink(run, app)} ${numberWords(run.value)}${userWords(run)}`);
  const of = one.runs > one.top.length ? `, of ${one.runs} runs` : '';
  return [`${metric}, best ${numberWords(best.value)}${since(one)}${of}`, ...rows].join('\n');
}

/** Compared with the digest before. */
function since({ top: [best], before }: DigestMetricFacts): string {
  if (best === undefined || before === null) return '';
  if (best.value === before) return ' (as before)';
  const change = changeWords(before, best.value);
  return ` (was ${numberWords(before)}${change === undefined ? '' : `, ${change}`})`;
}

function runLink({ entity, project, run, name }: RunName, app: WandbApp): string {
  const page = wandbLinks({ type: 'run_state', source: 'default', entity, project, run }, null, app).find(({ kind }) => kind === 'run');
  return link(page?.url, name, NAME);
}

/** By name: a digest calls nobody. */
function userWords({ user }: RunName): string {
  return user === undefined ? '' : ` · ${mrkdwnName(user, 30)}`;
}

/** The first metric of the latest runs, and the best value so far. */
function chartOf(metrics: readonly DigestMetricFacts[]): KnownBlock[] {
  const one = metrics.find(({ latest }) => latest.length > 1);
  if (one === undefined) return [];
  const isBetter = (value: number, than: number): boolean => (one.best === 'min' ? value < than : value > than);
  const best: number[] = [];
  for (const { value } of one.latest)
    best.push(best.length === 0 || isBetter(value, best.at(-1) ?? value) ? value : (best.at(-1) ?? value));
  const chart: ChartBlock = seriesChart({
    title: { name: one.metric, end: `, last ${one.latest.length} runs` },
    labels: one.latest.map(({ name }) => name),
    series: [
      { name: one.metric, values: one.latest.map(({ value }) => value) },
      { name: 'best so far', values: best },
    ],
    xLabel: 'run, oldest first',
    yLabel: one.metric,
  });
  return [chart];
}

function promotionsText({ promotions: { count, latest } }: DigestFacts): string[] {
  if (count === 0) return [];
  const rows = latest.map(({ collection, version, alias, replaces, rollback, by }) => {
    const notes = [
      replaces === undefined ? '' : `replaced ${mrkdwnName(replaces, 24)}`,
      rollback === true ? 'rollback' : '',
      by === undefined ? '' : `by ${mrkdwnName(nameOf(by), 30)}`,
    ].filter((note) => note !== '');
    const what = `${mrkdwnName(collection, NAME)} ${mrkdwnName(version, 24)} → ${mrkdwnName(alias, 30)}`;
    return `• ${what}${notes.length === 0 ? '' : ` · ${notes.join(' · ')}`}`;
  });
  return [`*${plural(count, 'promotion')}*`, ...rows, ...moreThan(latest.length, count)];
}

function failuresText({ runs, failures: { count, latest } }: DigestFacts, app: WandbApp): string[] {
  const ended = (runs?.failed ?? []).map((run) => `• ${runLink(run, app)} ${mrkdwnName(run.state, 24)}${userWords(run)}`);
  const failed = failedRuns(runs);
  const dispatches = latest.map(({ what, target, url }) => `• ${link(url, what, 60)} in ${mrkdwnName(target, 60)}`);
  return [
    ...(ended.length === 0
      ? []
      : [`*${plural(failed, 'run')} failed*`.replace(/^\*0 runs failed\*$/, '*Runs that were stopped*'), ...ended]),
    ...(count === 0 ? [] : [`*${plural(count, 'dispatch', 'dispatches')} failed*`, ...dispatches, ...moreThan(latest.length, count)]),
  ];
}

function versionsText({ count, latest }: DigestFacts['versions']): string[] {
  if (count === 0) return [];
  const names = latest.map(({ collection, version }) => `${mrkdwnName(collection, NAME)} ${mrkdwnName(version, 24)}`);
  return [`*${plural(count, 'new version')}*: ${names.join(', ')}${count > latest.length ? ` and ${count - latest.length} more` : ''}`];
}

function alertsText(alerts: DigestFacts['alerts']): string[] {
  if (alerts.length === 0) return [];
  return [`*Alerts*: ${alerts.map(({ automation, count }) => `${mrkdwnName(automation, NAME)} ${count}×`).join(', ')}`];
}

function lastLine({ dueAt, madeAt, skipped, timezone }: DigestFacts): string[] {
  const late = madeAt - dueAt;
  return [
    `until ${slackDate(dueAt)} (${mrkdwnName(timezone, 40)})`,
    late > LATE_MS ? `${durationWords(late)} late` : '',
    skipped > 0 ? `${plural(skipped, 'digest')} before it ${skipped === 1 ? 'was' : 'were'} skipped; this one has their time as well` : '',
  ];
}

function textsOf(lines: readonly string[]): KnownBlock[] {
  return lines.length === 0 ? [] : [section(lines.join('\n'))];
}

function moreThan(shown: number, count: number): string[] {
  return count > shown ? [`and ${count - shown} more`] : [];
}

function plural(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}
