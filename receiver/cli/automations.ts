import { durationWords } from '../../src/lib/duration.ts';
import type { AutomationStatus, EngineStatus, FiringStatus, ProjectStatus } from '../engine/engine-status.ts';
import { type AdminTarget, withAdmin } from './admin-access.ts';
import { type CommandIo, type ExitCode, formatTime, renderTable } from './output.ts';
import { type Style, type StyledLine, span } from './styled.ts';

export interface AutomationsOptions extends AdminTarget {
  readonly json: boolean;
}

const COLUMNS = ['AUTOMATION', 'PROJECT', 'EVALUATED', 'LAST FIRED (UTC)', 'NOW', 'CONDITION', 'RUNS'];
/** Characters of a run's name. */
const NAME_LIMIT = 40;
/** A project that was read less long ago is not behind: W&B is asked every 15 seconds at the most. Milliseconds. */
const BEHIND_MS = 60_000;

/** `wandb-relay automations`: what the relay's own engine evaluates, when it did, and how near each automation is to firing. */
export function listAutomations(io: CommandIo, { json, ...target }: AutomationsOptions): Promise<ExitCode> {
  return withAdmin(io, target, async (admin) => {
    const status = await admin.engineStatus();
    if (json) {
      io.printDocument(JSON.stringify(status, null, 2));
      return 0;
    }
    const lines = linesOf(status, io.now());
    if (io.printStyled === undefined) io.print(...lines.map((line) => line.map(({ text }) => text).join('')));
    else io.printStyled(lines);
    return 0;
  });
}

function linesOf({ automations, projects }: EngineStatus, now: number): StyledLine[] {
  if (automations.length === 0 && projects.length === 0) {
    return [[span('No automation with "engine: relay" was evaluated yet. W&B evaluates all others itself.')]];
  }
  const [head = '', ...rows] = renderTable(
    COLUMNS,
    automations.map((automation) => cellsOf(automation, now)),
  );
  const table = automations.length === 0 ? [] : [[span(head, 'bold')], ...rows.map((row, i) => [span(row, styleOf(automations[i]))])];
  return [...table, ...projectLines(projects, now), ...dryLines(automations)];
}

function cellsOf(automation: AutomationStatus, now: number): string[] {
  const { name, project, lastEvaluatedAt, condition, dryRun, runs } = automation;
  return [
    dryRun ? `${name} (dry run)` : name,
    project,
    lastEvaluatedAt === null ? 'never' : ago(lastEvaluatedAt, now),
    lastFired(automation),
    nowWords(automation),
    condition ?? '?',
    String(runs),
  ];
}

function lastFired({ lastFiredAt, lastFiring }: AutomationStatus): string {
  if (lastFiredAt === null) return 'never';
  const of = lastFiring === null || lastFiring.resolved || lastFiring.at !== lastFiredAt ? '' : `, ${firingWords(lastFiring)}`;
  return `${formatTime(lastFiredAt)}${of}`;
}

function firingWords({ displayName, run, shown }: FiringStatus): string {
  return `${runName(displayName, run)}${shown === null ? '' : ` (${shown})`}`;
}

/** The current value, of which run, and whether it meets the condition; or why there is none. */
function nowWords({ current, metricLogged, runs }: AutomationStatus): string {
  if (metricLogged === false) return 'its metric was never logged';
  if (current === null) return runs === 0 ? 'no run goes on' : metricLogged === null ? '' : 'too few values yet';
  const value = `${current.shown} in ${runName(current.displayName, current.run)}`;
  return runs === 0 ? `no run goes on; last: ${value}` : `${value}${current.isMet ? ': met' : ''}`;
}

function runName(displayName: string, run: string): string {
  const name = displayName === '' ? run : displayName;
  return name.length <= NAME_LIMIT ? name : `${name.slice(0, NAME_LIMIT - 1)}…`;
}

function styleOf(automation: AutomationStatus | undefined): Style | undefined {
  if (automation?.current?.isMet === true && automation.runs > 0) return 'red';
  return automation?.metricLogged === false ? 'yellow' : undefined;
}

/** Projects that were not read for a while, or not whole. */
function projectLines(projects: readonly ProjectStatus[], now: number): StyledLine[] {
  const late = projects.filter(({ problem, readAt }) => problem !== null || readAt === null || now - readAt >= BEHIND_MS);
  const lines = late.map(({ project, readAt, problem }) => {
    const when = readAt === null ? 'was never read' : `was last read ${ago(readAt, now)}`;
    return [span(`${project} ${when}${problem === null ? '' : `: ${problem}`}`, problem === null ? undefined : 'red')];
  });
  return lines.length === 0 ? [] : [[span('')], ...lines];
}

function dryLines(automations: readonly AutomationStatus[]): StyledLine[] {
  const firings = automations.flatMap(({ name, project, dryFirings }) => dryFirings.map((firing) => ({ name, project, firing })));
  if (firings.length === 0) return [];
  const rows = firings
    .toSorted((a, b) => b.firing.at - a.firing.at)
    .map(({ name, project, firing }) => [
      formatTime(firing.at),
      name,
      project,
      runName(firing.displayName, firing.run),
      firing.step === null ? '' : String(firing.step),
      firing.resolved ? 'ended' : (firing.shown ?? ''),
    ]);
  const [head = '', ...lines] = renderTable(['WOULD HAVE FIRED (UTC)', 'AUTOMATION', 'PROJECT', 'RUN', 'STEP', 'VALUE'], rows);
  return [[span('')], [span(head, 'bold')], ...lines.map((line) => [span(line)])];
}

/** `12 s ago` */
function ago(at: number, now: number): string {
  return `${durationWords(now - at)} ago`;
}
